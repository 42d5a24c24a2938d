using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Broadcast.Host.Listening;

/// <summary>What strangers who speak HTTP may cost the web server, before anything of ours is asked.</summary>
internal static class ViewerLimits
{
    /// <summary>
    /// Bytes a second at which a viewer must take an answer once it waits to be taken: 16 kbit/s is less than any sound we send. Whoever reads slower, or not at all, is cut off, so that
    /// nobody holds memory by standing still.
    /// </summary>
    public const double MinimumBytesPerSecond = 2048;

    /// <summary>How long an answer may wait before that counts: a line that comes back within this is forgiven.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Sets the limits.</summary>
    public static void Apply(KestrelServerOptions kestrel)
    {
        var limits = kestrel.Limits;
        kestrel.AddServerHeader = false;
        limits.MaxConcurrentConnections = 50_000;
        limits.MaxRequestBodySize = 1024 * 1024;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestLineSize = 4 * 1024;
        limits.MinResponseDataRate = new MinDataRate(MinimumBytesPerSecond, Grace);
    }

    /// <summary>
    /// Sets how viewers' sockets are worked on. What comes in and what goes out is handled by the thread that has it instead of being handed from queue to queue, each time waking a thread: nothing of ours
    /// blocks. Some pieces of an answer may wait for the kernel, so that it is given more at a time.
    /// </summary>
    public static void Apply(SocketTransportOptions sockets)
    {
        sockets.UnsafePreferInlineScheduling = true;
        sockets.MaxWriteBufferSize = 256 * 1024;
    }
}
