using Broadcast.Ingest.Rtmp.Chunks;

namespace Broadcast.Ingest;

/// <summary>Limits and timeouts of publishers' connections; section <c>Ingest</c>. The defaults suit every known encoder.</summary>
public sealed class IngestOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Ingest";

    /// <summary>
    /// First part of the path that encoders publish to, as in <c>rtmp://HOST/live</c>: 1 to 64 letters, digits, <c>-</c> and <c>_</c>.
    /// </summary>
    public string Application { get; set; } = "live";

    /// <summary>
    /// Maximum time from accepting a connection to the end of the handshake, 100 ms to 1 min; default 5 s. Received bytes do not extend it.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Maximum time from the handshake to <c>publish</c>, 100 ms to 5 min; default 10 s.</summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Maximum time from the permission to publish to the first usable frame, 100 ms to 5 min; default 20 s. Encoders with a long keyframe
    /// interval may need it.
    /// </summary>
    public TimeSpan FirstMediaTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Maximum time from the first video frame to the first keyframe, 1 s to 5 min; default 30 s. Audio plays meanwhile.</summary>
    public TimeSpan KeyframeTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Maximum time without a usable frame, 100 ms to 10 min; default 30 s. Frees the channel when a connection is lost without notice.
    /// </summary>
    public TimeSpan InputLossTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Time without a usable frame before the server pings the encoder, 100 ms to 5 min; default 10 s. A restarted machine then resets the
    /// connection at once.
    /// </summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Maximum time that a reply waits for the peer to read it, 100 ms to 1 min; default 10 s.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Maximum time for the authorization of a publisher, 100 ms to 1 min; default 7 s: 1 s for the database, 3 s for an auth callback, 2.5
    /// s for a takeover. After that the publisher is rejected.
    /// </summary>
    public TimeSpan AuthorizationTimeout { get; set; } = TimeSpan.FromSeconds(7);

    /// <summary>
    /// Maximum time for the next stage to finish after a publisher disconnects, 1 s to 1 min; default 4 s, below the 5 s that stages have
    /// to stop.
    /// </summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Time for which an encoder waits when its channel is on air at a server that does not respond, 0 to 1 min; default 12 s, in which
    /// another server takes the session over. After that the publisher is rejected.
    /// </summary>
    public TimeSpan OwnerWait { get; set; } = TimeSpan.FromSeconds(12);

    /// <summary>
    /// Time that the server still reads from an encoder after asking it to reconnect at shutdown, 0 to 1 min; default 2 s. 0 asks no
    /// encoder.
    /// </summary>
    public TimeSpan ReconnectWait { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// URL to reconnect to, as in <c>rtmp://other.example.org/live</c>. When not set, encoders reconnect to the URL that they used, as
    /// behind a load balancer.
    /// </summary>
    public string? ReconnectUrl { get; set; }

    /// <summary>
    /// Maximum time that data of publishers collects before it is read, 0 to 100 ms; default 100 ms. It saves CPU time, because one wake-up
    /// serves several frames and all publishers. It adds to latency, half of it on average with many publishers. On channels with low
    /// latency the time is shorter: 2 ms for each publisher, at most 40 ms.
    /// </summary>
    public TimeSpan MaxReadDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Delay of the reply to a wrong stream key, 0 to 10 s; default 1 s, plus or minus 25 %. Slows down guessing.</summary>
    public TimeSpan RejectionDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Maximum number of connections without permission to publish, 1 to 1,000,000; default 4,096.</summary>
    public int MaxUnpublishedConnections { get; set; } = 4096;

    /// <summary>Maximum number of such connections from one IPv4 address or IPv6 /64, 1 to 1,000,000; default 256.</summary>
    public int MaxUnpublishedConnectionsPerAddress { get; set; } = 256;

    /// <summary>
    /// Maximum number of bytes between the handshake and the permission to publish, 4 KiB to 16 MiB; default 64 KiB. Encoders need about 1
    /// KiB.
    /// </summary>
    public int MaxBytesBeforePublish { get; set; } = 64 * 1024;

    /// <summary>
    /// Smallest chunk size that a publisher may set, 1 to 65,536; default 128, the initial size of every connection. Small chunks cost much
    /// CPU time.
    /// </summary>
    public int MinimumChunkSize { get; set; } = 128;

    /// <summary>Maximum size of an audio message, 1 KiB to 16 MiB; default 256 KiB.</summary>
    public int MaxAudioMessageBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// Maximum size of a video message, 64 KiB to 16,777,215; default 8 MiB, enough for a keyframe of any stream that viewers could play.
    /// </summary>
    public int MaxVideoMessageBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Maximum size of a command, data or control message, 1 KiB to 1 MiB; default 64 KiB.</summary>
    public int MaxDataMessageBytes { get; set; } = 64 * 1024;

    /// <summary>Maximum memory for the incomplete messages of one connection, 64 KiB to 256 MiB; default 16 MiB.</summary>
    public int MaxPartialBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Maximum number of chunk streams in one connection, 8 to 1,024; default 64. Encoders use four.</summary>
    public int MaxChunkStreams { get; set; } = 64;

    /// <summary>Maximum frame width or height, in pixels, 256 to 8,192; default 8,192.</summary>
    public int MaxFrameDimension { get; set; } = 8192;

    /// <summary>
    /// Maximum frame rate of one video track, 1 to 1,000; default 120. The frames of one minute may arrive at once, as after a network
    /// outage. A publisher that exceeds the rate for longer is disconnected.
    /// </summary>
    public int MaxFrameRate { get; set; } = 120;

    /// <summary>
    /// Maximum bit rate of a publisher, averaged over 10 s, 1 to 10,000 Mbit/s; default 200. A higher rate is counted and logged, and ends
    /// the connection by default (<see cref="DisconnectOverBitrate"/>). At once, a publisher may thus send 10 s of media at this rate.
    /// </summary>
    public int MaxMegabitsPerSecond { get; set; } = 200;

    /// <summary>Indicates whether a publisher above <see cref="MaxMegabitsPerSecond"/> is disconnected; default yes.</summary>
    public bool DisconnectOverBitrate { get; set; } = true;

    /// <summary>
    /// Load balancers that begin each connection with a PROXY header (version 1 or 2): comma-separated addresses and networks, such as
    /// <c>10.0.0.0/8, 192.0.2.7</c>. Not set: none. The header is required from these addresses and rejected from all others.
    /// </summary>
    public string? TrustedProxies { get; set; }

    internal ChunkLimits LimitsBeforePublish => new(16 * 1024, 16 * 1024, 16 * 1024, 8, 64 * 1024);

    internal ChunkLimits LimitsWhilePublishing =>
        new(MaxAudioMessageBytes, MaxVideoMessageBytes, MaxDataMessageBytes, MaxChunkStreams, MaxPartialBytes);
}
