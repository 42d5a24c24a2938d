using Broadcast.Ingest.Rtmp.Chunks;

namespace Broadcast.Ingest;

/// <summary>Limits and deadlines of publishers' connections; section <c>Ingest</c>. The defaults fit every encoder we know of.</summary>
public sealed class IngestOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Ingest";

    /// <summary>First part of the path that encoders publish to, as in <c>rtmp://HOST/live</c>: 1 to 64 of letters, digits, <c>-</c> and <c>_</c>.</summary>
    public string Application { get; set; } = "live";

    /// <summary>Longest from accepting a connection to the end of the handshake, 100 ms to 1 min; 5 s. Counts all of it, so that a byte now and then does not help.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest from the handshake to <c>publish</c>, 100 ms to 5 min; 10 s.</summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest from leave to publish to the first usable frame, 100 ms to 5 min; 20 s, as an encoder with a long keyframe interval may need.</summary>
    public TimeSpan FirstMediaTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest from the first picture to the first keyframe, 1 s to 5 min; 30 s. Sound without pictures is played meanwhile.</summary>
    public TimeSpan KeyframeTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest without a usable frame, 100 ms to 10 min; 30 s. A line that is gone without a word frees its channel after that.</summary>
    public TimeSpan SilenceTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest without a usable frame before the encoder is asked whether it is there, 100 ms to 5 min; 10 s. A machine that was switched off and on again says at once that it is not.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest that an answer may wait for the peer to read it, 100 ms to 1 min; 10 s.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest that the publish authority may take, 100 ms to 1 min; 7 s: 1 s for the database, 3 s for a webhook, 2.5 s for an encoder that gives way. After that the publisher is refused.</summary>
    public TimeSpan AuthorityTimeout { get; set; } = TimeSpan.FromSeconds(7);

    /// <summary>Longest that the next stage may take to finish once a publisher is gone, 1 s to 1 min; 4 s, which is under the 5 s that stages have to stop.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How long an encoder that knows how to reconnect is still listened to once it was asked to, because the server stops, 0 to 1 min; 2 s. 0: none is asked.</summary>
    public TimeSpan ReconnectWait { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Where it is asked to connect to, as in <c>rtmp://other.example.org/live</c>; when not set, to the address that it used, as behind a load balancer.</summary>
    public string? ReconnectUrl { get; set; }

    /// <summary>
    /// How long what publishers send may gather before it is read, at most, 0 to 100 ms; 40 ms. It is part of the delay to viewers, half of it on average, and saves processor time: one look
    /// serves all. With few publishers it is less: 2 ms for each.
    /// </summary>
    public TimeSpan GatherTime { get; set; } = TimeSpan.FromMilliseconds(40);

    /// <summary>How long a wrong stream key waits for its answer, 0 to 10 s; 1 s, give or take a quarter: guessing gets slow, nobody else waits.</summary>
    public TimeSpan RefusalDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Most connections without leave to publish in all, 1 to 1,000,000; 4,096.</summary>
    public int MaxUnpublishedConnections { get; set; } = 4096;

    /// <summary>Most of them from one IPv4 address or IPv6 /64, 1 to 1,000,000; 256.</summary>
    public int MaxUnpublishedConnectionsPerAddress { get; set; } = 256;

    /// <summary>Most bytes between handshake and leave to publish, 4 KiB to 16 MiB; 64 KiB, where encoders need about one.</summary>
    public int MaxBytesBeforePublish { get; set; } = 64 * 1024;

    /// <summary>Smallest chunk size that a publisher may choose, 1 to 65,536; 128, the size that every connection begins with. Small chunks cost much work for few bytes.</summary>
    public int MinimumChunkSize { get; set; } = 128;

    /// <summary>Longest audio message, 1 KiB to 16 MiB; 256 KiB.</summary>
    public int MaxAudioMessageBytes { get; set; } = 256 * 1024;

    /// <summary>Longest video message, 64 KiB to 16,777,215; 8 MiB, which holds a keyframe of any stream that viewers could follow.</summary>
    public int MaxVideoMessageBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Longest command, data or control message, 1 KiB to 1 MiB; 64 KiB.</summary>
    public int MaxDataMessageBytes { get; set; } = 64 * 1024;

    /// <summary>Most memory for messages of one connection that are not complete, 64 KiB to 256 MiB; 16 MiB.</summary>
    public int MaxPartialBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Most chunk streams in one connection, 8 to 1,024; 64, where encoders use four.</summary>
    public int MaxChunkStreams { get; set; } = 64;

    /// <summary>Largest picture, samples a side, 256 to 8,192; 8,192.</summary>
    public int MaxPictureSide { get; set; } = 8192;

    /// <summary>Most pictures a second of one video track, 1 to 1,000; 120. Those of a minute may come at once, as after a pause of the line; who sends more for long is sent away.</summary>
    public int MaxFrameRate { get; set; } = 120;

    /// <summary>Most that an encoder may send, megabits a second over ten seconds, 1 to 10,000; 200, ten times what viewers could follow. More is counted and told.</summary>
    public int MaxMegabitsPerSecond { get; set; } = 200;

    /// <summary>Whether an encoder that sends more is sent away; no.</summary>
    public bool DisconnectOverBitrate { get; set; }

    /// <summary>
    /// Load balancers that begin each connection with a PROXY header (version 1 or 2), as addresses and networks with commas between them, such as <c>10.0.0.0/8, 192.0.2.7</c>; not set:
    /// none. From those the header is required, from others it is refused.
    /// </summary>
    public string? TrustedProxies { get; set; }

    internal ChunkLimits LimitsBeforePublish => new(16 * 1024, 16 * 1024, 16 * 1024, 8, 64 * 1024);

    internal ChunkLimits LimitsWhilePublishing =>
        new(MaxAudioMessageBytes, MaxVideoMessageBytes, MaxDataMessageBytes, MaxChunkStreams, MaxPartialBytes);
}
