using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// Splits aggregate messages (Adobe RTMP 1.0, 7.1.6). Each part has an FLV tag header and is followed by a back pointer of 4 bytes.
/// </summary>
internal static class AggregateMessage
{
    private const int HeaderSize = 11;
    private const int BackPointerSize = 4;

    /// <summary>Maximum number of messages in one aggregate: ten seconds of video and audio.</summary>
    public const int MaxMessages = 1024;

    /// <summary>Splits an aggregate message.</summary>
    /// <returns>The messages, or <see langword="null"/> when the aggregate is malformed, too large or nested; none of it is used
    /// then.</returns>
    public static List<RtmpMessage>? Split(in RtmpMessage aggregate)
    {
        var messages = new List<RtmpMessage>();
        var rest = aggregate.Payload;
        uint first = 0;
        while (!rest.IsEmpty)
        {
            var bytes = rest.Span;
            if (bytes.Length < HeaderSize || messages.Count == MaxMessages)
            {
                return null;
            }

            // FLV 10.1, E.4.1: two reserved bits, an encryption flag, and the type.
            var (type, isEncrypted) = ((MessageType)(bytes[0] & 0x1F), (bytes[0] & 0x20) != 0);
            var size = (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];
            if (type == MessageType.Aggregate || isEncrypted || size > bytes.Length - HeaderSize)
            {
                return null;
            }

            // 7.1.6: times are relative to that of the first message.
            var time = (uint)((bytes[7] << 24) | (bytes[4] << 16) | (bytes[5] << 8) | bytes[6]);
            first = messages.Count == 0 ? time : first;
            messages.Add(
                new RtmpMessage(type, aggregate.Stream, unchecked(aggregate.Timestamp + time - first), rest.Slice(HeaderSize, size)));
            var next = HeaderSize + size;
            if (bytes.Length - next >= BackPointerSize && BinaryPrimitives.ReadUInt32BigEndian(bytes[next..]) is var back && back != 0
                && back != next)
            {
                return null;
            }

            rest = rest[Math.Min(next + BackPointerSize, bytes.Length)..];
        }

        return messages;
    }
}
