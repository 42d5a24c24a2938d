using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// What happens when the system has no descriptor or memory for another connection: encoders wait in the kernel's queue, the next try comes a moment later, each pause is counted, and
/// one line a minute says what to do.
/// </summary>
internal sealed class ShortageLog(TimeProvider time, ILogger<ShortageLog> logger)
{
    /// <summary>From one try to the next.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private long _told;
    private bool _hasTold;
    private int _pauses;

    /// <summary>Counts it, tells it unless it was told within the last minute, and waits.</summary>
    /// <param name="error">What the system says.</param>
    /// <param name="port">The port that cannot accept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task PauseAsync(SocketError error, EndPoint port, CancellationToken cancellationToken)
    {
        IngestMetrics.CouldNotAccept();
        if (MayTell(out var pauses))
        {
            if (error == SocketError.TooManyOpenSockets)
            {
                IngestLog.NoDescriptors(logger, port, pauses);
            }
            else
            {
                IngestLog.NoMemoryForSockets(logger, port, pauses);
            }
        }

        return Task.Delay(Pause, time, cancellationToken);
    }

    /// <param name="pauses">How many there were since the last line, this one included.</param>
    private bool MayTell(out int pauses)
    {
        lock (_gate)
        {
            pauses = ++_pauses;
            if (_hasTold && time.GetElapsedTime(_told) < Window)
            {
                return false;
            }

            (_told, _hasTold, _pauses) = (time.GetTimestamp(), true, 0);
            return true;
        }
    }
}
