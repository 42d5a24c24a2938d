using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media.IngestToCluster;

namespace Broadcast.Ingest.Publishing;

/// <summary>Finds the message before which a publication moves to another server. Not thread-safe.</summary>
/// <param name="moved">Canceled when the session is to move.</param>
internal sealed class MovePoint(CancellationToken moved)
{
    private bool _hasVideo;

    /// <summary>Returns whether the publication moves before this message: a keyframe, or audio if there is no video.</summary>
    public bool IsBefore(in RelayedMessage message)
    {
        _hasVideo |= message.Type == (byte)MessageType.Video;
        return moved.IsCancellationRequested && (_hasVideo ? message.Content == RelayedContent.Keyframe
            : message is { Type: (byte)MessageType.Audio, Content: RelayedContent.Media });
    }
}
