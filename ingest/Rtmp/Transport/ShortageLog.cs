using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// Handles a shortage of file descriptors or memory. Encoders wait in the kernel's queue, and accepting is retried after a pause. Each
/// pause is counted, and one line per minute is logged.
/// </summary>
internal sealed class ShortageLog(TimeProvider time, ILogger<ShortageLog> logger)
{
    /// <summary>Pause between attempts.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private long _lastLogged;
    private bool _hasLogged;
    private int _pauses;

    /// <summary>Counts the shortage, logs it at most once per minute, and waits.</summary>
    /// <param name="error">Error from the system.</param>
    /// <param name="port">Port that cannot accept.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public Task PauseAsync(SocketError error, EndPoint port, CancellationToken cancellationToken)
    {
        IngestMetrics.AcceptPaused();
        if (ShouldLog(out var pauses))
        {
            if (error == SocketError.TooManyOpenSockets)
            {
                IngestLog.OutOfDescriptors(logger, port, pauses);
            }
            else
            {
                IngestLog.OutOfSocketMemory(logger, port, pauses);
            }
        }

        return Task.Delay(Pause, time, cancellationToken);
    }

    /// <param name="pauses">Number of pauses since the last log line, including this one.</param>
    private bool ShouldLog(out int pauses)
    {
        lock (_gate)
        {
            pauses = ++_pauses;
            if (_hasLogged && time.GetElapsedTime(_lastLogged) < Window)
            {
                return false;
            }

            (_lastLogged, _hasLogged, _pauses) = (time.GetTimestamp(), true, 0);
            return true;
        }
    }
}
