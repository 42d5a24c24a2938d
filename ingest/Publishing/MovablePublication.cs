using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Publishing;

/// <summary>
/// A publication on this server whose session may move to another one. It then ends here before its next keyframe, or before its next
/// audio frame if it has no video, and is forwarded from there on. The encoder does not notice.
/// </summary>
/// <param name="runner">The publication on this server.</param>
/// <param name="relay">Forwards it to the next owner of the session.</param>
/// <param name="request">The encoder's request, with which the next owner authorizes it.</param>
internal sealed class MovablePublication(PublicationRunner runner, IPublisherRelay relay, PublishRequest request)
    : IConnectedPublication, IMediaReceiver
{
    /// <summary>Reason of the end on this server.</summary>
    public const string MovedReason = "the session moves to another server";

    private readonly MovePoint _movePoint = new(runner.Grant.Moved);
    private readonly StreamHeaders _headers = new();
    private readonly RelayEndSignal _relayEnd = new();
    private RelayedPublication? _relayed;
    private Task _ending = Task.CompletedTask;

    /// <inheritdoc/>
    public BroadcastSession Session => runner.Session;

    /// <inheritdoc/>
    public IMediaReceiver Receiver => this;

    /// <inheritdoc/>
    public long Samples => runner.Builder.Samples + (_relayed?.Samples ?? 0);

    /// <inheritdoc/>
    public long VideoFrames => runner.Builder.VideoFrames + (_relayed?.VideoFrames ?? 0);

    /// <inheritdoc/>
    public long Malformed => runner.Builder.Malformed;

    /// <inheritdoc/>
    public long Dropped => runner.Builder.Dropped + (_relayed?.Dropped ?? 0);

    /// <inheritdoc/>
    public int Jumps => runner.Builder.Jumps;

    /// <inheritdoc/>
    public bool AwaitsKeyframe => _relayed is null && runner.Builder.AwaitsKeyframe;

    /// <inheritdoc/>
    public TimeSpan KeyframeTimeout => runner.Builder.KeyframeTimeout;

    /// <inheritdoc/>
    public IAsyncDisposable OnRevoked(Action<DisconnectReason> callback)
    {
        _relayEnd.Set(end => callback(RelayedPublication.ToReason(end)));
        return new Registrations(runner.OnRevoked(callback), _relayEnd);
    }

    /// <inheritdoc/>
    public void ReportActivity(long timestamp)
    {
        if (_relayed is null)
        {
            runner.ReportActivity(timestamp);
        }
    }

    /// <inheritdoc/>
    public void RecordTotals(long bytes)
    {
        if (_relayed is null)
        {
            runner.RecordTotals(bytes);
        }
    }

    /// <inheritdoc/>
    public void ApplyMetadata(in RtmpMessage message, StreamMetadata metadata, DateTimeOffset arrival)
    {
        if (_relayed is { } relayed)
        {
            relayed.ApplyMetadata(message, metadata, arrival);
            return;
        }

        _headers.Apply(RelayedPublication.ToMetadata(message));
        runner.Receiver.ApplyMetadata(message, metadata, arrival);
    }

    /// <inheritdoc/>
    public void Process(in RtmpMessage message, DateTimeOffset arrival)
    {
        if (_relayed is null)
        {
            var relayedMessage = RelayedPublication.ToMessage(message);
            if (!_movePoint.IsBefore(relayedMessage))
            {
                _headers.Apply(relayedMessage);
                runner.Builder.Process(message, arrival);
                return;
            }

            Move();
        }

        _relayed!.Process(message, arrival);
    }

    /// <inheritdoc/>
    public async Task EndAsync(string reason)
    {
        if (_relayed is { } relayed)
        {
            await relayed.EndAsync(reason);
            await _ending;
        }
        else
        {
            await runner.EndAsync(reason);
        }
    }

    private void Move()
    {
        // The session's stages complete what they have; the next owner continues from this message on.
        _ending = Task.Run(() => runner.EndAsync(MovedReason));
        var publication = relay.Continue(runner.Session, request, _relayEnd.End);
        foreach (var header in _headers.Take())
        {
            publication.Send(header);
        }

        _relayed = new RelayedPublication(publication, _relayEnd, KeyframeTimeout);
    }

    private sealed class Registrations(IAsyncDisposable first, IAsyncDisposable second) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await first.DisposeAsync();
            await second.DisposeAsync();
        }
    }
}
