using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Broadcast.Host.Listening;

/// <summary>HTTP server limits for untrusted clients, applied before any application code.</summary>
internal static class HttpServerLimits
{
    /// <summary>
    /// Minimum rate at which a client must read a response: 16 kbit/s, less than any audio. Slower connections are closed, so that stalled
    /// clients hold no memory.
    /// </summary>
    public const double MinimumBytesPerSecond = 2048;

    /// <summary>Time for which a response may stall before the limit applies; short interruptions have no effect.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Maximum number of requests in progress on one HTTP/2 connection. A player has fewer than ten; browsers use one connection for all
    /// their tabs and send further requests when earlier ones end.
    /// </summary>
    public const int MaxStreamsPerConnection = 32;

    /// <summary>Applies the limits.</summary>
    public static void Apply(KestrelServerOptions kestrel)
    {
        var limits = kestrel.Limits;
        kestrel.AddServerHeader = false;
        limits.MaxConcurrentConnections = OpenFileLimit.MaxConnections;
        limits.MaxRequestBodySize = 1024 * 1024;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestLineSize = 4 * 1024;
        limits.Http2.MaxStreamsPerConnection = MaxStreamsPerConnection;
        limits.MinResponseDataRate = new MinDataRate(MinimumBytesPerSecond, Grace);
    }

    /// <summary>
    /// Configures the socket transport. Socket operations run inline on the current thread instead of being queued, because the application
    /// never blocks. Larger write buffers pass more data to the kernel at a time.
    /// </summary>
    public static void Apply(SocketTransportOptions sockets)
    {
        sockets.UnsafePreferInlineScheduling = true;
        sockets.MaxWriteBufferSize = 256 * 1024;
    }
}
