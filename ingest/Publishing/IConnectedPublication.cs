using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media;

namespace Broadcast.Ingest.Publishing;

/// <summary>Receiver of a publisher's media messages.</summary>
internal interface IMediaReceiver
{
    /// <summary>Number of usable samples.</summary>
    long Samples { get; }

    /// <summary>Number of video frames among them.</summary>
    long VideoFrames { get; }

    /// <summary>Number of messages that were malformed or not decodable yet.</summary>
    long Malformed { get; }

    /// <summary>Number of samples that were dropped.</summary>
    long Dropped { get; }

    /// <summary>Number of timestamp jumps.</summary>
    int Jumps { get; }

    /// <summary>Indicates whether video frames arrive that cannot be decoded, because there was no keyframe yet.</summary>
    bool AwaitsKeyframe { get; }

    /// <summary>Maximum time from the first video frame to the first keyframe.</summary>
    TimeSpan KeyframeTimeout { get; }

    /// <summary>Applies metadata.</summary>
    /// <param name="message">The message with the metadata.</param>
    /// <param name="metadata">Its content.</param>
    /// <param name="arrival">Wall-clock time of arrival.</param>
    void ApplyMetadata(in RtmpMessage message, StreamMetadata metadata, DateTimeOffset arrival);

    /// <summary>Processes an audio or video message.</summary>
    /// <exception cref="Rtmp.RtmpProtocolException">The peer must be disconnected.</exception>
    void Process(in RtmpMessage message, DateTimeOffset arrival);
}

/// <summary>A publication of a connected encoder: on this server, or forwarded to the owner of its session.</summary>
internal interface IConnectedPublication
{
    /// <summary>The session.</summary>
    BroadcastSession Session { get; }

    /// <summary>Receiver of the media.</summary>
    IMediaReceiver Receiver { get; }

    /// <summary>Calls back when the permission to publish ends, with the reason.</summary>
    IAsyncDisposable OnRevoked(Action<Rtmp.Connection.DisconnectReason> callback);

    /// <summary>Records the arrival of a usable frame.</summary>
    /// <param name="timestamp">Timestamp of the clock.</param>
    void ReportActivity(long timestamp);

    /// <summary>Records the totals so far.</summary>
    /// <param name="bytes">Bytes received from the encoder.</param>
    void RecordTotals(long bytes);

    /// <summary>Ends the publication. Never throws.</summary>
    Task EndAsync(string reason);
}
