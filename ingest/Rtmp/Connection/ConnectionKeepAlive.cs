using System.IO.Pipelines;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// Pings a silent publisher, and asks a capable encoder to reconnect when the server stops. Timers only set a flag and wake the reader; the
/// connection's own loop writes the messages.
/// </summary>
internal sealed class ConnectionKeepAlive : IDisposable
{
    private const int PingDue = 1;
    private const int DrainDue = 2;

    private readonly RtmpStateMachine _stateMachine;
    private readonly PipeReader _input;
    private readonly IngestOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<DisconnectReason> _stop;
    private long _pingedAt;
    private Deadline? _ping;
    private Deadline? _drain;
    private int _due;

    /// <summary>Creates an inactive instance.</summary>
    /// <param name="stateMachine">Writes the messages.</param>
    /// <param name="input">Reader on which the loop waits.</param>
    /// <param name="options">Intervals.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Ends the connection; may be called on any thread.</param>
    public ConnectionKeepAlive(RtmpStateMachine stateMachine, PipeReader input, IngestOptions options, TimeProvider time,
        Action<DisconnectReason> stop) =>
        (_stateMachine, _input, _options, _time, _stop) = (stateMachine, input, options, time, stop);

    /// <summary>Indicates whether a ping is not answered after half of the interval. The last one may have been sent just now.</summary>
    public bool IsUnreachable => !_stateMachine.AnswersPings
        && _time.GetElapsedTime(Volatile.Read(ref _pingedAt)) >= _options.PingInterval / 2;

    /// <summary>Restarts the ping interval, after media arrived or publishing was permitted.</summary>
    public void ResetPing() => (_ping ??= new Deadline(_time, () => Wake(PingDue))).Set(_options.PingInterval);

    /// <summary>
    /// Handles server shutdown, on any thread. An encoder that supports reconnect requests is asked and gets
    /// <see cref="IngestOptions.ReconnectWait"/>; any other is disconnected.
    /// </summary>
    public void Drain()
    {
        if (_stateMachine.Phase == RtmpPhase.Publishing && _stateMachine.Commands.Client.CanReconnect
            && _options.ReconnectWait > TimeSpan.Zero)
        {
            Wake(DrainDue);
        }
        else
        {
            _stop(DisconnectReason.ShuttingDown);
        }
    }

    /// <summary>Writes due messages, on the connection's loop.</summary>
    public void SendDue()
    {
        if (_due == 0)
        {
            return;
        }

        var due = Interlocked.Exchange(ref _due, 0);
        if ((due & PingDue) != 0)
        {
            if (_stateMachine.AnswersPings)
            {
                Volatile.Write(ref _pingedAt, _time.GetTimestamp());
            }

            _stateMachine.Ping();
            ResetPing();
        }

        if ((due & DrainDue) != 0)
        {
            _stateMachine.Commands.TryRequestReconnect(_options.ReconnectUrl);
            (_drain ??= new Deadline(_time, () => _stop(DisconnectReason.ShuttingDown))).Set(_options.ReconnectWait);
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
