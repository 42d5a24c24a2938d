using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media;
using Broadcast.Media.IngestToCluster;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>Determines the content of audio and video messages from their headers. Pure.</summary>
internal static class MessageContent
{
    private const int ExtendedVideo = 0x80;
    private const int ExtendedAudio = 9;
    private const int Keyframe = 1;
    private const int PlayerCommand = 5;
    private const int Avc = 7;
    private const int Aac = 10;
    private const int Configuration = 0;
    private const int Frame = 1;
    private const int Several = -1;

    /// <summary>Content of a message, and the track of a configuration; -1 for several tracks.</summary>
    public static (RelayedContent Content, int Track) Of(in RtmpMessage message)
    {
        var body = message.Payload.Span;
        if (body.IsEmpty)
        {
            return (RelayedContent.Media, 0);
        }

        if (message.Type == MessageType.Video)
        {
            var frameType = (body[0] >> 4) & 7;
            return (body[0] & ExtendedVideo) != 0 ? OfExtended(message.Payload, TrackKind.Video, frameType == Keyframe)
                : body.Length < 2 || (body[0] & 15) != Avc || frameType == PlayerCommand ? (RelayedContent.Media, 0)
                : (body[1] == Configuration ? RelayedContent.Configuration
                    : body[1] == Frame && frameType == Keyframe ? RelayedContent.Keyframe : RelayedContent.Media, 0);
        }

        return body[0] >> 4 == ExtendedAudio ? OfExtended(message.Payload, TrackKind.Audio, isKeyframe: false)
            : (body[0] >> 4 == Aac && body.Length > 1 && body[1] == Configuration ? RelayedContent.Configuration : RelayedContent.Media, 0);
    }

    private static (RelayedContent Content, int Track) OfExtended(ReadOnlyMemory<byte> body, TrackKind kind, bool isKeyframe)
    {
        var tag = EnhancedTag.Read(body, kind);
        var (packets, track, isConfiguration, hasFrame) = (0, 0, false, false);
        while (tag.TryNext(out var packet))
        {
            track = packets++ == 0 ? packet.Track : Several;
            isConfiguration |= packet.Type is TagPacketType.SequenceStart or TagPacketType.ChannelConfiguration;
            hasFrame |= packet.Type is TagPacketType.CodedFrames or TagPacketType.CodedFramesX;
        }

        return (isConfiguration ? RelayedContent.Configuration
            : isKeyframe && hasFrame ? RelayedContent.Keyframe : RelayedContent.Media, track);
    }
}
