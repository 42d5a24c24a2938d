using System.IO.Pipelines;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// What a connection does of its own accord while it publishes: it pings a peer that has fallen silent, and when the server stops it asks an encoder that
/// understands it to connect anew. Timers only leave a note and wake the reader; what is to be written, the connection's own loop writes.
/// </summary>
internal sealed class LineWatch : IDisposable
{
    private const int PingDue = 1;
    private const int DrainDue = 2;

    private readonly RtmpSession _session;
    private readonly PipeReader _input;
    private readonly IngestOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<ConnectionEnd> _stop;
    private Deadline? _ping;
    private Deadline? _drain;
    private int _due;

    /// <summary>Makes one that is at rest.</summary>
    /// <param name="session">What is written through.</param>
    /// <param name="input">Where the loop waits.</param>
    /// <param name="options">Intervals.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Ends the connection; may be called on any thread.</param>
    public LineWatch(RtmpSession session, PipeReader input, IngestOptions options, TimeProvider time, Action<ConnectionEnd> stop) =>
        (_session, _input, _options, _time, _stop) = (session, input, options, time, stop);

    /// <summary>Media has come, or leave to send it was given: the next ping is an interval away.</summary>
    public void Heard() => (_ping ??= new Deadline(_time, () => Wake(PingDue))).Set(_options.PingInterval);

    /// <summary>The server stops. An encoder that reconnects when asked is asked, and has <see cref="IngestOptions.ReconnectWait"/>; any other is sent away. On any thread.</summary>
    public void Drain()
    {
        if (_session.Phase == SessionPhase.Publishing && _session.Conversation.Client.CanReconnect && _options.ReconnectWait > TimeSpan.Zero)
        {
            Wake(DrainDue);
        }
        else
        {
            _stop(ConnectionEnd.ShuttingDown);
        }
    }

    /// <summary>Writes what is due; on the connection's loop.</summary>
    public void Attend()
    {
        if (_due == 0)
        {
            return;
        }

        var due = Interlocked.Exchange(ref _due, 0);
        if ((due & PingDue) != 0)
        {
            _session.Ping();
            Heard();
        }

        if ((due & DrainDue) != 0)
        {
            _session.Conversation.TryRequestReconnect(_options.ReconnectUrl);
            (_drain ??= new Deadline(_time, () => _stop(ConnectionEnd.ShuttingDown))).Set(_options.ReconnectWait);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ping?.Dispose();
        _drain?.Dispose();
    }

    private void Wake(int due)
    {
        Interlocked.Or(ref _due, due);
        _input.CancelPendingRead();
    }
}
