using Broadcast.Ingest.Clock;
using Broadcast.Ingest.Health;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media.ClusterToIngest;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Publishing;

/// <summary>
/// Publishers that are connected to another server, at the owner of their session. They are authorized and processed as if they were
/// connected here. The relay has enforced the limits of the RTMP connection; the limits of the media apply here.
/// </summary>
internal sealed class RelayedPublishers(IPublishAuthorizer authorizer, IPublicationSink sink, SourceRegistry sources,
    IOptions<IngestOptions> options, TimeProvider time, ILogger<RelayedPublishers> logger) : IRelayedPublishers
{
    /// <inheritdoc/>
    public async ValueTask<(IRelayedPublisher? Publisher, PublishDecision Decision)> OpenAsync(PublishRequest request,
        Action<RelayEnd> onEnded, CancellationToken cancellationToken)
    {
        var decision = await authorizer.AuthorizeAsync(request, cancellationToken);
        if (decision is not PublishDecision.Granted { Grant: var grant })
        {
            return (null, decision);
        }

        var ended = new RelayEndSignal();
        ended.Set(onEnded);
        var runner = new PublicationRunner(grant, authorizer, sink, options.Value, time, logger, sources,
            () => ended.End(ToEnd(DisconnectReason.PipelineFailed)));
        IngestMetrics.PublishingStarted();
        IngestLog.Publishing(logger, grant.Session.Channel.Value, request.Encoder, request.Remote, "relayed", grant.Session.Id.Value);
        return (new RelayedPublisher(runner, ended, options.Value, time, logger, request), decision);
    }

    /// <summary>Converts a reason for the relay, which sends it to the encoder.</summary>
    internal static RelayEnd ToEnd(DisconnectReason reason) => new(reason.Reason, reason.Status);

    private sealed class RelayedPublisher : IRelayedPublisher
    {
        private readonly PublicationRunner _runner;
        private readonly RelayEndSignal _ended;
        private readonly IngestOptions _options;
        private readonly TimeProvider _time;
        private readonly ILogger _logger;
        private readonly PublishRequest _request;
        private readonly ArrivalClock _clock;
        private readonly Deadline _deadline;
        private readonly IAsyncDisposable _revocation;
        private readonly MovePoint _movePoint;
        private readonly long _started;
        private long _bytes;
        private long _samples;
        private long _malformed;
        private DateTimeOffset _latest;
        private bool _awaitsKeyframe;

        public RelayedPublisher(PublicationRunner runner, RelayEndSignal ended, IngestOptions options, TimeProvider time, ILogger logger,
            PublishRequest request)
        {
            (_runner, _ended, _options, _time, _logger, _request) = (runner, ended, options, time, logger, request);
            _clock = new ArrivalClock(time);
            _movePoint = new MovePoint(runner.Grant.Moved);
            _started = time.GetTimestamp();
            _deadline = new Deadline(time,
                () => _ended.End(ToEnd(DisconnectReason.TimedOut(RtmpPhase.Publishing, _runner.Builder))));
            _deadline.Set(options.FirstMediaTimeout);
            _revocation = runner.OnRevoked(reason => _ended.End(ToEnd(reason)));
        }

        public RelayEnd? Process(RelayedMessage message, TimeSpan age)
        {
            var builder = _runner.Builder;
            var received = new RtmpMessage((MessageType)message.Type, 1, message.Timestamp, message.Payload);

            if (received.Type is MessageType.Audio or MessageType.Video && _movePoint.IsBefore(RelayedPublication.ToMessage(received)))
            {
                return new RelayEnd(MovablePublication.MovedReason, null) { IsMoved = true };
            }

            _bytes += message.Payload.Length;

            // Messages that waited at the relay arrived earlier. Arrival never goes back.
            var arrival = _clock.Read() - age;
            _latest = arrival > _latest ? arrival : _latest;
            try
            {
                if (received.Type is MessageType.Data or MessageType.DataAmf3)
                {
                    if (StreamMetadata.TryRead(received, out var metadata) && metadata is not null)
                    {
                        builder.ApplyMetadata(metadata);
                    }

                    return null;
                }

                if (received.Type is not (MessageType.Audio or MessageType.Video) || received.Payload.IsEmpty)
                {
                    return null;
                }

                builder.Process(received, _latest);
            }
            catch (RtmpProtocolException error)
            {
                IngestMetrics.RuleViolated(error.Rule);
                return ToEnd(DisconnectReason.From(error));
            }

            Count(builder);
            return null;
        }

        public async Task EndAsync(string reason)
        {
            _deadline.Dispose();
            await _revocation.DisposeAsync();
            await _ended.DisposeAsync();
            IngestMetrics.PublishingEnded();
            _runner.RecordTotals(_bytes);
            await _runner.EndAsync(reason);
            var builder = _runner.Builder;
            IngestLog.Ended(_logger, _runner.Session.Channel.Value, _request.Remote, _time.GetElapsedTime(_started), reason, _bytes,
                builder.VideoFrames, builder.Samples, builder.Malformed, builder.Dropped, builder.Jumps, "relayed");
        }

        private void Count(PublicationBuilder builder)
        {
            if (builder.Samples != _samples)
            {
                _runner.ReportActivity(_deadline.Set(_options.InputLossTimeout));
                _runner.RecordTotals(_bytes);
            }
            else if (builder is { Samples: 0, AwaitsKeyframe: true } && !_awaitsKeyframe)
            {
                _awaitsKeyframe = true;
                _deadline.Set(_options.KeyframeTimeout);
            }

            IngestMetrics.MediaReceived(builder.Samples - _samples, builder.Malformed - _malformed);
            (_samples, _malformed) = (builder.Samples, builder.Malformed);
        }
    }
}
