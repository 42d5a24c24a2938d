using System.IO.Pipelines;
using Broadcast.Ingest.Clock;
using Broadcast.Ingest.Health;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Transport;
using Broadcast.Media;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>One publisher's connection: the only code that waits. It ends in one place, with one line saying why.</summary>
internal sealed class RtmpConnection : IDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly ConnectionContext _connection;
    private readonly Admission.Place _place;
    private readonly IPublishAuthority _authority;
    private readonly IPublicationSink _sink;
    private readonly SourceRegister _sources;
    private readonly IngestOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RefusalLog _refusals;
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly RtmpSession _session;
    private readonly Deadline _deadline;
    private readonly LineWatch _watch;
    private readonly ArrivalClock _arrivals;
    private readonly CancellationTokenSource _stopping = new();
    private readonly long _began;
    private GrantedPublication? _publication;
    private BitrateMeter? _bitrate;
    private bool _toldOfBitrate;
    private ConnectionEnd? _stop;
    private CancellationTokenRegistration _revoked;
    private bool _peerGone;
    private bool _awaitsKeyframe;

    public RtmpConnection(ConnectionContext connection, Admission.Place place, IPublishAuthority authority, IPublicationSink sink,
        SourceRegister sources, IngestOptions options, TimeProvider time, ILogger logger, RefusalLog refusals)
    {
        (_sources, _refusals) = (sources, refusals);
        (_connection, _place, _authority, _sink, _options, _time, _logger) = (connection, place, authority, sink, options, time, logger);
        (_input, _output) = (connection.Transport.Input, connection.Transport.Output);
        _session = new RtmpSession(_output, options);
        _deadline = new Deadline(time, () => Stop(_session.AnswersPings
            ? ConnectionEnd.Late(_session.Phase, _publication?.Feed)
            : ConnectionEnd.Unreachable));
        _watch = new LineWatch(_session, _input, options, time, Stop);
        _arrivals = new ArrivalClock(time);
        _began = time.GetTimestamp();
        place.OnGiveWay(() => Stop(ConnectionEnd.GaveWay));
    }

    /// <summary>Serves the connection to its end. Never throws.</summary>
    public async Task RunAsync()
    {
        using var stopping = _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
            .UnsafeRegister(static c => ((RtmpConnection)c!)._watch.Drain(), this);
        var end = await RunToEndAsync();
        if (end.Rejection is { } rejection)
        {
            IngestMetrics.Rejected(rejection);
        }

        await _revoked.DisposeAsync();
        var farewell = SayFarewellAsync(end);
        if (_publication is { } publication)
        {
            IngestMetrics.PublishingEnded();
            Note(publication);
            publication.Grant.Lease.NoteDropped(publication.Feed.Dropped);
            await publication.EndAsync(end.Reason);
        }

        await farewell;
        Report(end);
    }

    private async Task<ConnectionEnd> RunToEndAsync()
    {
        try
        {
            return await ConverseAsync();
        }
        catch (RtmpProtocolException e)
        {
            IngestMetrics.Broke(e.Rule);
            return ConnectionEnd.Of(e);
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException or IOException or OperationCanceledException)
        {
            _peerGone = true;
            return _stop ?? ConnectionEnd.Lost;
        }
        catch (Exception e)
        {
            IngestLog.Failed(_logger, e, _connection.ConnectionId);
            return ConnectionEnd.Failed;
        }
    }

    private async Task<ConnectionEnd> ConverseAsync()
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

            _watch.Attend();
            var (phase, received) = (_session.Phase, _session.Received);
            var (buffer, arrival) = (read.Buffer, _arrivals.Read());
            var step = SessionStep.ReadOn;
            try
            {
                step = _session.Advance(ref buffer, arrival);
            }
            finally
            {
                // What is left because something has to be done first has not been examined: the next read returns it at once.
                _input.AdvanceTo(buffer.Start, step == SessionStep.ReadOn ? buffer.End : buffer.Start);
            }

            IngestMetrics.Received(_session.Received - received);
            if (phase != SessionPhase.Publishing && (phase != _session.Phase || (received == 0 && _session.Received > 0)))
            {
                _place.GotFurther();
            }

            if (phase == SessionPhase.Handshake && _session.Phase == SessionPhase.Commands)
            {
                _deadline.Set(_options.PublishTimeout);
            }

            if (step == SessionStep.AskAuthority && await AskAuthorityAsync() is { } refusal)
            {
                return refusal;
            }

            if (_publication?.Feed is { } feed && (feed.Samples != samples || feed.Malformed != malformed))
            {
                IngestMetrics.Took(feed.Samples - samples, feed.Malformed - malformed);
                if (feed.Samples != samples)
                {
                    _publication.Grant.Lease.Beat(_deadline.Set(_options.SilenceTimeout));
                    Note(_publication);
                    _watch.Heard();
                }
                else if (feed is { Samples: 0, AwaitsKeyframe: true } && !_awaitsKeyframe)
                {
                    // Something comes, so the deadline for the first media is met; that for a keyframe runs.
                    _awaitsKeyframe = true;
                    _deadline.Set(_options.KeyframeTimeout);
                }

                (samples, malformed) = (feed.Samples, feed.Malformed);
            }

            if (_bitrate?.SecondsOver(_session.Received) is > 0 and var seconds && TooFast(seconds) is { } tooFast)
            {
                return tooFast;
            }

            if (_session.Replies.HasWritten && !await FlushAsync())
            {
                return _stop ?? ConnectionEnd.WriteTimeout;
            }

            if (step == SessionStep.Finished)
            {
                return ConnectionEnd.Finished;
            }

            if (read.IsCompleted && step == SessionStep.ReadOn)
            {
                _peerGone = true;
                return ConnectionEnd.Closed;
            }
        }
    }

    /// <summary>Asks who may publish; on leave, begins.</summary>
    /// <returns>Why not, or <see langword="null"/>.</returns>
    private async Task<ConnectionEnd?> AskAuthorityAsync()
    {
        _place.Keep();
        var verdict = await JudgeAsync();
        if (verdict is PublishVerdict.Refused refusal)
        {
            _place.GotFurther();
            var end = ConnectionEnd.Of(refusal);
            if (refusal.Reason == PublishRefusal.UnknownKey && _options.RefusalDelay > TimeSpan.Zero)
            {
                await Task.Delay(_options.RefusalDelay * (0.75 + (Random.Shared.NextDouble() / 2)), _time, _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return end;
        }

        if (verdict is not PublishVerdict.Granted { Grant: var grant })
        {
            return _stop ?? ConnectionEnd.AuthorityUnavailable;
        }

        _publication = new GrantedPublication(grant, _authority, _sink, _options, _time, _logger, _sources, () => Stop(ConnectionEnd.PipelineFailed));
        _place.Dispose();
        _bitrate = new BitrateMeter(_options.MaxMegabitsPerSecond * 125_000L, _time);
        IngestMetrics.PublishingBegan();
        IngestLog.Publishing(_logger, grant.Session.Channel.Value, _session.Conversation.Encoder, _connection.RemoteEndPoint, _connection.ConnectionId,
            grant.Session.Id.Value);
        _deadline.Set(_options.FirstMediaTimeout);
        _watch.Heard();
        _session.Publish(_publication.Feed);
        _connection.Features.Get<IPublisherTransportFeature>()?.Settle();
        _revoked = grant.Revoked.UnsafeRegister(static c => ((RtmpConnection)c!).Withdraw(), this);
        return null;
    }

    /// <returns>The end, when the operator wants it.</returns>
    private ConnectionEnd? TooFast(long seconds)
    {
        IngestMetrics.WasOverBitrate(seconds);
        if (!_toldOfBitrate)
        {
            _toldOfBitrate = true;
            IngestLog.OverBitrate(_logger, _publication!.Grant.Session.Channel.Value, _options.MaxMegabitsPerSecond, _connection.ConnectionId);
        }

        return _options.DisconnectOverBitrate ? ConnectionEnd.OverBitrate(_options.MaxMegabitsPerSecond) : null;
    }

    /// <returns>The authority's answer, or <see langword="null"/> when there is none.</returns>
    private async Task<PublishVerdict?> JudgeAsync()
    {
        if (_session.Conversation.StreamKey is not { } key)
        {
            return new PublishVerdict.Refused(PublishRefusal.UnknownKey, "");
        }

        try
        {
            using var timeout = new CancellationTokenSource(_options.AuthorityTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
            var target = _session.Conversation.Target with { IsEncrypted = _connection.Features.Get<ITlsHandshakeFeature>() is not null };
            return await _authority.AuthorizeAsync(new PublishRequest(key, _connection.RemoteEndPoint, _session.Conversation.Encoder) { Target = target }, either.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (Exception e)
        {
            IngestLog.AuthorityFailed(_logger, e);
            return null;
        }
    }

    /// <returns><see langword="false"/> when the peer did not read in time.</returns>
    private async ValueTask<bool> FlushAsync()
    {
        _session.Replies.HasWritten = false;
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

    /// <summary>Tells the encoder why, and gives it a moment to read that: a socket closed with unread bytes in it would take the words back.</summary>
    private async Task SayFarewellAsync(ConnectionEnd end)
    {
        var status = end.Status ?? (_session.Phase == SessionPhase.Publishing && end.Rejection is not null ? "NetStream.Publish.Rejected" : null);
        var told = status is not null || end.Rejection is IngestRejection.UnknownApplication || end == ConnectionEnd.Finished;
        if (_peerGone || !told || end == ConnectionEnd.WriteTimeout)
        {
            Close();
            return;
        }

        try
        {
            if (status is not null)
            {
                _session.Conversation.Refuse(status, end.Reason);
            }

            using var timeout = new CancellationTokenSource(Farewell, _time);
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
            // It does not matter any more.
        }

        Close();
    }

    private void Close()
    {
        _deadline.Dispose();
        _watch.Dispose();
        _connection.Abort();
    }

    private void Withdraw() => Stop(_publication!.Grant.Lease.IsSuperseded ? ConnectionEnd.Superseded : ConnectionEnd.Revoked);

    private void Stop(ConnectionEnd end)
    {
        if (Interlocked.CompareExchange(ref _stop, end, null) is null)
        {
            _stopping.Cancel();
            _input.CancelPendingRead();
        }
    }

    private void Note(GrantedPublication publication) =>
        publication.Grant.Lease.Note(_session.Received, publication.Feed.Pictures, publication.Feed.Samples - publication.Feed.Pictures);

    private void Report(ConnectionEnd end)
    {
        var (remote, id) = (_connection.RemoteEndPoint, _connection.ConnectionId);
        if (_publication is { Grant: var grant, Feed: var feed })
        {
            IngestLog.Ended(_logger, grant.Session.Channel.Value, remote, _time.GetElapsedTime(_began), end.Reason, _session.Received, feed.Pictures,
                feed.Samples, feed.Malformed, feed.Dropped, feed.Jumps, id);
        }
        else if (end.Rejection is IngestRejection.HttpOnRtmpPort or IngestRejection.TlsOnRtmpPort || (end.Rejection is not null && end.Status is not null))
        {
            _refusals.Tell(remote, end, id);
        }
        else
        {
            IngestLog.EndedEarly(_logger, remote, end.Reason, _session.Received, id);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _deadline.Dispose();
        _watch.Dispose();
    }
}
