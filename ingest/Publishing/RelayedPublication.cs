using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media;
using Broadcast.Media.IngestToCluster;

namespace Broadcast.Ingest.Publishing;

/// <summary>
/// Forwards a publisher's messages to the server that owns its session. That server parses the media; this one only finds keyframes and
/// configurations, which must not be lost when the connection to the owner is interrupted.
/// </summary>
/// <param name="relayed">The publication at the owner.</param>
/// <param name="ended">Calls back when the owner ends the publication.</param>
/// <param name="keyframeTimeout">Maximum time from the first video frame to the first keyframe.</param>
internal sealed class RelayedPublication(IRelayedPublication relayed, RelayEndSignal ended, TimeSpan keyframeTimeout)
    : IConnectedPublication, IMediaReceiver
{
    /// <inheritdoc/>
    public BroadcastSession Session => relayed.Session;

    /// <inheritdoc/>
    public IMediaReceiver Receiver => this;

    /// <inheritdoc/>
    public long Samples { get; private set; }

    /// <inheritdoc/>
    public long VideoFrames { get; private set; }

    /// <inheritdoc/>
    public long Malformed => 0;

    /// <inheritdoc/>
    public long Dropped => relayed.Dropped;

    /// <inheritdoc/>
    public int Jumps => 0;

    /// <inheritdoc/>
    public bool AwaitsKeyframe => false;

    /// <inheritdoc/>
    public TimeSpan KeyframeTimeout => keyframeTimeout;

    /// <inheritdoc/>
    public IAsyncDisposable OnRevoked(Action<DisconnectReason> callback)
    {
        ended.Set(end => callback(ToReason(end)));
        return ended;
    }

    /// <summary>Converts the end by the owner.</summary>
    public static DisconnectReason ToReason(RelayEnd end) =>
        new(end.Reason, end.Status is null ? null : IngestRejectionReason.Revoked, end.Status);

    /// <summary>Converts metadata.</summary>
    public static RelayedMessage ToMetadata(in RtmpMessage message) =>
        new((byte)message.Type, message.Timestamp, message.Payload, RelayedContent.Metadata, 0);

    /// <summary>Converts an audio or video message.</summary>
    public static RelayedMessage ToMessage(in RtmpMessage message)
    {
        var (content, track) = MessageContent.Of(message);
        return new((byte)message.Type, message.Timestamp, message.Payload, content, track);
    }

    /// <inheritdoc/>
    public void ReportActivity(long timestamp)
    {
        // The owner measures activity when it processes the messages.
    }

    /// <inheritdoc/>
    public void RecordTotals(long bytes)
    {
        // The owner counts.
    }

    /// <inheritdoc/>
    public void ApplyMetadata(in RtmpMessage message, StreamMetadata metadata, DateTimeOffset arrival) =>
        relayed.Send(ToMetadata(message));

    /// <inheritdoc/>
    public void Process(in RtmpMessage message, DateTimeOffset arrival)
    {
        Samples++;
        VideoFrames += message.Type == MessageType.Video ? 1 : 0;
        relayed.Send(ToMessage(message));
    }

    /// <inheritdoc/>
    public Task EndAsync(string reason) => relayed.EndAsync(reason);
}

/// <summary>Passes on the end of a relayed publication, which may come before anybody waits for it.</summary>
internal sealed class RelayEndSignal : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private Action<RelayEnd>? _callback;
    private RelayEnd? _end;

    /// <summary>Signals the end; only the first has an effect.</summary>
    public void End(RelayEnd end)
    {
        Action<RelayEnd>? callback;
        lock (_lock)
        {
            if (_end is not null)
            {
                return;
            }

            (_end, callback) = (end, _callback);
        }

        callback?.Invoke(end);
    }

    /// <summary>Sets the callback, and calls it when the publication has already ended.</summary>
    public void Set(Action<RelayEnd> callback)
    {
        RelayEnd? end;
        lock (_lock)
        {
            (_callback, end) = (callback, _end);
        }

        if (end is not null)
        {
            callback(end);
        }
    }

    /// <summary>Removes the callback.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _callback = null;
        }

        return default;
    }
}
