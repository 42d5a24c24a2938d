using System.IO.Pipelines;
using Broadcast.Ingest.Clock;
using Broadcast.Ingest.Health;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Transport;
using Broadcast.Media.Connections;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>Connection of one publisher: the only code that waits. It ends in one place, with one log line.</summary>
internal sealed class RtmpConnection : IDisposable
{
    /// <summary>Bytes after which a publisher counts as sending media even if no message is complete: commands are shorter.</summary>
    private const int MaxBytesBeforeMedia = 16 * 1024;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OwnerRetryInterval = TimeSpan.FromMilliseconds(500);

    private readonly ConnectionContext _connection;
    private readonly ConnectionLimiter.ConnectionSlot _slot;
    private readonly IPublishAuthorizer _authorizer;
    private readonly IPublicationSink _sink;
    private readonly SourceRegistry _sources;
    private readonly IngestOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RejectionLog _rejections;
    private readonly IPublisherRelay? _relay;
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly IPublisherTransportFeature? _transport;
    private readonly RtmpStateMachine _stateMachine;
    private readonly Deadline _deadline;
    private readonly ConnectionKeepAlive _keepAlive;
    private readonly ArrivalClock _clock;
    private readonly CancellationTokenSource _stopping = new();
    private readonly long _started;
    private IConnectedPublication? _publication;
    private BitrateLimiter? _bitrate;
    private bool _hasLoggedBitrate;
    private DisconnectReason? _stop;
    private IAsyncDisposable? _revocation;
    private bool _isPeerDisconnected;
    private bool _awaitsKeyframe;
    private long _receivedAtPublish;
    private bool _sendsMedia;

    public RtmpConnection(ConnectionContext connection, ConnectionLimiter.ConnectionSlot slot, IPublishAuthorizer authorizer,
        IPublicationSink sink,
        SourceRegistry sources, IngestOptions options, TimeProvider time, ILogger logger, RejectionLog rejections,
        IPublisherRelay? relay = null)
    {
        (_sources, _rejections, _relay) = (sources, rejections, relay);
        (_connection, _slot, _authorizer, _sink, _options, _time, _logger) = (connection, slot, authorizer, sink, options, time, logger);
        (_input, _output) = (connection.Transport.Input, connection.Transport.Output);
        _transport = connection.Features.Get<IPublisherTransportFeature>();
        _stateMachine = new RtmpStateMachine(_output, options) { MustYield = () => _transport is { IsPassOver: true } };
        _deadline = new Deadline(time, () => Stop(_keepAlive!.IsUnreachable
            ? DisconnectReason.Unreachable
            : DisconnectReason.TimedOut(_stateMachine.Phase, _publication?.Receiver)));
        _keepAlive = new ConnectionKeepAlive(_stateMachine, _input, options, time, Stop);
        _clock = new ArrivalClock(time);
        _started = time.GetTimestamp();
        slot.OnEvicted(() => Stop(DisconnectReason.Evicted));
    }

    /// <summary>Serves the connection until its end. Never throws.</summary>
    public async Task RunAsync()
    {
        using var stopping = _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
            .UnsafeRegister(static c => ((RtmpConnection)c!)._keepAlive.Drain(), this);
        var end = await RunToEndAsync();
        if (end.Rejection is { } rejection)
        {
            IngestMetrics.Rejected(rejection);
        }

        if (_revocation is not null)
        {
            await _revocation.DisposeAsync();
        }

        var closing = SendEndAsync(end);
        if (_publication is { } publication)
        {
            IngestMetrics.PublishingEnded();
            publication.RecordTotals(_stateMachine.Received);
            await publication.EndAsync(end.Reason);
        }

        await closing;
        LogEnd(end);
    }

    private async Task<DisconnectReason> RunToEndAsync()
    {
        try
        {
            return await ServeAsync();
        }
        catch (RtmpProtocolException e)
        {
            IngestMetrics.RuleViolated(e.Rule);
            return DisconnectReason.From(e);
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException or IOException or OperationCanceledException)
        {
            _isPeerDisconnected = true;
            return _stop ?? DisconnectReason.Lost;
        }
        catch (Exception e)
        {
            IngestLog.Failed(_logger, e, _connection.ConnectionId);
            return DisconnectReason.Failed;
        }
    }

    private async Task<DisconnectReason> ServeAsync()
    {
        _deadline.Set(_options.HandshakeTimeout);
        long samples = 0, malformed = 0;
        while (true)
        {
            var read = await _input.ReadAsync();
            if (_stop is not null)
            {
                _input.AdvanceTo(read.Buffer.End);
                return _stop;
            }

            _keepAlive.SendDue();
            var (phase, received) = (_stateMachine.Phase, _stateMachine.Received);
            var (buffer, arrival) = (read.Buffer, _clock.Read());
            var action = RtmpAction.ReadOn;
            try
            {
                action = _stateMachine.Advance(ref buffer, arrival);
            }
            finally
            {
                // Data left for a pending action was not examined, so the next read returns it at once.
                _input.AdvanceTo(buffer.Start, action == RtmpAction.ReadOn ? buffer.End : buffer.Start);
            }

            IngestMetrics.Received(_stateMachine.Received - received);
            if (phase != RtmpPhase.Publishing && (phase != _stateMachine.Phase || (received == 0 && _stateMachine.Received > 0)))
            {
                _slot.ReportProgress();
            }

            if (phase == RtmpPhase.Handshake && _stateMachine.Phase == RtmpPhase.Commands)
            {
                _deadline.Set(_options.PublishTimeout);
            }

            if (action == RtmpAction.Authorize && await AuthorizeAndPublishAsync() is { } rejection)
            {
                return rejection;
            }

            if (_publication?.Receiver is { } receiver && (receiver.Samples != samples || receiver.Malformed != malformed))
            {
                StartMedia();
                IngestMetrics.MediaReceived(receiver.Samples - samples, receiver.Malformed - malformed);
                if (receiver.Samples != samples)
                {
                    _publication.ReportActivity(_deadline.Set(_options.InputLossTimeout));
                    _publication.RecordTotals(_stateMachine.Received);
                    _keepAlive.ResetPing();
                }
                else if (receiver is { Samples: 0, AwaitsKeyframe: true } && !_awaitsKeyframe)
                {
                    // Data arrives, so the deadline for first media is met. The keyframe deadline applies.
                    _awaitsKeyframe = true;
                    _deadline.Set(_options.KeyframeTimeout);
                }

                (samples, malformed) = (receiver.Samples, receiver.Malformed);
            }
            else if (_publication is not null && _stateMachine.Received - _receivedAtPublish > MaxBytesBeforeMedia)
            {
                StartMedia();
            }

            if (_bitrate?.GetSecondsOverLimit(_stateMachine.Received) is > 0 and var seconds
                && HandleExcessBitrate(seconds) is { } bitrateEnd)
            {
                return bitrateEnd;
            }

            if (_stateMachine.Replies.HasWritten && !await FlushAsync())
            {
                return _stop ?? DisconnectReason.WriteTimeout;
            }

            if (action == RtmpAction.Finished)
            {
                return DisconnectReason.Finished;
            }

            if (action == RtmpAction.Yield)
            {
                await _transport!.YieldAsync();
            }

            if (read.IsCompleted && action == RtmpAction.ReadOn)
            {
                _isPeerDisconnected = true;
                return DisconnectReason.Closed;
            }
        }
    }

    /// <summary>Authorizes the publisher, and starts publishing if permitted.</summary>
    /// <returns>The reason for a rejection, or <see langword="null"/>.</returns>
    private async Task<DisconnectReason?> AuthorizeAndPublishAsync()
    {
        _slot.Protect();
        var decision = await AuthorizeAsync();
        var asked = _time.GetTimestamp();
        while (decision is PublishDecision.OnAirElsewhere elsewhere)
        {
            decision = await ForwardAsync(elsewhere);
            if (_relay is not null && decision == elsewhere.Otherwise && _stop is null
                && _time.GetElapsedTime(asked) < _options.OwnerWait)
            {
                // The owner does not respond. If it is lost, another server takes the session over soon.
                _deadline.Set(_options.PublishTimeout);
                await Task.Delay(OwnerRetryInterval, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                decision = await AuthorizeAsync();
            }
        }

        if (decision is PublishDecision.Rejected rejection)
        {
            _slot.ReportProgress();
            var end = DisconnectReason.From(rejection);
            if (rejection.Reason == PublishRejectionReason.UnknownKey && _options.RejectionDelay > TimeSpan.Zero)
            {
                await Task.Delay(_options.RejectionDelay * (0.75 + (Random.Shared.NextDouble() / 2)), _time, _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return end;
        }

        if (decision is PublishDecision.Granted { Grant: var grant })
        {
            var runner = new PublicationRunner(grant, _authorizer, _sink, _options, _time, _logger, _sources,
                () => Stop(DisconnectReason.PipelineFailed));
            _publication = _relay is null ? runner
                : new MovablePublication(runner, _relay, CreateRequest(_stateMachine.Commands.StreamKey!));
        }

        if (_publication is not { Session: var session })
        {
            return _stop ?? DisconnectReason.AuthorityUnavailable;
        }

        _slot.Dispose();
        _bitrate = new BitrateLimiter(_options.MaxMegabitsPerSecond * 125_000L, _time);
        IngestMetrics.PublishingStarted();
        IngestLog.Publishing(_logger, session.Channel.Value, _stateMachine.Commands.Encoder, _connection.RemoteEndPoint,
            _connection.ConnectionId, session.Id.Value);
        _deadline.Set(_options.FirstMediaTimeout);
        _keepAlive.ResetPing();
        _stateMachine.StartPublishing(_publication.Receiver);
        _receivedAtPublish = _stateMachine.Received;
        _revocation = _publication.OnRevoked(Stop);
        return null;
    }

    /// <summary>Asks the server that has the channel on air to admit the encoder, and starts to forward it.</summary>
    /// <returns>The rejection; <see langword="null"/> when the encoder is forwarded, or there is no decision.</returns>
    private async Task<PublishDecision?> ForwardAsync(PublishDecision.OnAirElsewhere elsewhere)
    {
        if (_relay is null)
        {
            return elsewhere.Otherwise;
        }

        var ended = new RelayEndSignal();
        try
        {
            using var timeout = new CancellationTokenSource(_options.AuthorizationTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
            switch (await _relay.OpenAsync(elsewhere.Target, elsewhere.Channel, CreateRequest(_stateMachine.Commands.StreamKey!), ended.End,
                either.Token))
            {
                case RelayDecision.Accepted accepted:
                    _publication = new RelayedPublication(accepted.Publication, ended, _options.KeyframeTimeout);
                    return null;
                case RelayDecision.Rejected rejected:
                    return rejected.Decision;
                default:
                    return elsewhere.Otherwise;
            }
        }
        catch (OperationCanceledException)
        {
            return _stop is null ? elsewhere.Otherwise : null;
        }
        catch (Exception e)
        {
            IngestLog.AuthorizationFailed(_logger, e);
            return elsewhere.Otherwise;
        }
    }

    private PublishRequest CreateRequest(string key) => new(key, _connection.RemoteEndPoint, _stateMachine.Commands.Encoder)
    {
        Target = _stateMachine.Commands.Target with { IsEncrypted = _connection.Features.Get<ITlsHandshakeFeature>() is not null },
    };

    /// <summary>
    /// Moves the connection to a read loop for media, at its first media. Until then it is read at once: an encoder that only tests its
    /// stream key, or ends without media, does not wait for the loop's pause.
    /// </summary>
    private void StartMedia()
    {
        if (!_sendsMedia)
        {
            _sendsMedia = true;
            _transport?.StartMedia(_publication!.Session.Latency.OffersParts);
        }
    }

    /// <returns>The end, if the operator configured a disconnect.</returns>
    private DisconnectReason? HandleExcessBitrate(long seconds)
    {
        IngestMetrics.BitrateExceeded(seconds);
        if (!_hasLoggedBitrate)
        {
            _hasLoggedBitrate = true;
            IngestLog.OverBitrate(_logger, _publication!.Session.Channel.Value, _options.MaxMegabitsPerSecond,
                _connection.ConnectionId);
        }

        return _options.DisconnectOverBitrate ? DisconnectReason.OverBitrate(_options.MaxMegabitsPerSecond) : null;
    }

    /// <returns>The authorizer's decision, or <see langword="null"/> when there is none.</returns>
    private async Task<PublishDecision?> AuthorizeAsync()
    {
        if (_stateMachine.Commands.StreamKey is not { } key)
        {
            return new PublishDecision.Rejected(PublishRejectionReason.UnknownKey, "");
        }

        try
        {
            using var timeout = new CancellationTokenSource(_options.AuthorizationTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
            return await _authorizer.AuthorizeAsync(CreateRequest(key), either.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (Exception e)
        {
            IngestLog.AuthorizationFailed(_logger, e);
            return null;
        }
    }

    /// <returns><see langword="false"/> when the peer did not read in time.</returns>
    private async ValueTask<bool> FlushAsync()
    {
        _stateMachine.Replies.HasWritten = false;
        var flush = _output.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            return !(await flush).IsCanceled;
        }

        using var timeout = new CancellationTokenSource(_options.WriteTimeout, _time);
        using var cancel = timeout.Token.UnsafeRegister(static o => ((PipeWriter)o!).CancelPendingFlush(), _output);
        using var stop = _stopping.Token.UnsafeRegister(static o => ((PipeWriter)o!).CancelPendingFlush(), _output);
        return !(await flush).IsCanceled;
    }

    /// <summary>
    /// Sends the reason to the encoder and waits for it to be read: closing a socket with unread received data would discard the message.
    /// </summary>
    private async Task SendEndAsync(DisconnectReason end)
    {
        var status = end.Status
            ?? (_stateMachine.Phase == RtmpPhase.Publishing && end.Rejection is not null ? "NetStream.Publish.Rejected" : null);
        var hasMessage = status is not null || end.Rejection is IngestRejectionReason.UnknownApplication
            || end == DisconnectReason.Finished;
        if (_isPeerDisconnected || !hasMessage || end == DisconnectReason.WriteTimeout)
        {
            Close();
            return;
        }

        try
        {
            if (status is not null)
            {
                _stateMachine.Commands.Reject(status, end.Reason);
            }

            using var timeout = new CancellationTokenSource(CloseTimeout, _time);
            await _output.FlushAsync(timeout.Token);
            while (true)
            {
                var read = await _input.ReadAsync(timeout.Token);
                _input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ConnectionResetException or ConnectionAbortedException)
        {
            // The connection ends anyway.
        }

        Close();
    }

    private void Close()
    {
        _deadline.Dispose();
        _keepAlive.Dispose();
        _connection.Abort();
    }

    private void Stop(DisconnectReason end)
    {
        if (Interlocked.CompareExchange(ref _stop, end, null) is null)
        {
            _stopping.Cancel();
            _input.CancelPendingRead();
        }
    }

    private void LogEnd(DisconnectReason end)
    {
        var (remote, id) = (_connection.RemoteEndPoint, _connection.ConnectionId);
        if (_publication is { Session: var session, Receiver: var receiver })
        {
            IngestLog.Ended(_logger, session.Channel.Value, remote, _time.GetElapsedTime(_started), end.Reason, _stateMachine.Received,
                receiver.VideoFrames, receiver.Samples, receiver.Malformed, receiver.Dropped, receiver.Jumps, id);
        }
        else if (end.Rejection is IngestRejectionReason.HttpOnRtmpPort or IngestRejectionReason.TlsOnRtmpPort
            || (end.Rejection is not null && end.Status is not null))
        {
            _rejections.Report(remote, end, id);
        }
        else
        {
            IngestLog.EndedEarly(_logger, remote, end.Reason, _stateMachine.Received, id);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _deadline.Dispose();
        _keepAlive.Dispose();
    }
}
