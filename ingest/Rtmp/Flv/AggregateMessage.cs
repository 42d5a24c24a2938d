using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>An aggregate message (Adobe RTMP 1.0, 7.1.6): several messages in one, each with an FLV tag header and a back pointer of four bytes behind it.</summary>
internal static class AggregateMessage
{
    private const int HeaderSize = 11;
    private const int BackPointerSize = 4;

    /// <summary>Most messages in one: ten seconds of pictures and sound.</summary>
    public const int MaxMessages = 1024;

    /// <summary>Takes an aggregate apart.</summary>
    /// <returns>The messages, or <see langword="null"/> when it is broken, holds another aggregate or too much: then none of it is used.</returns>
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

            // FLV 10.1, E.4.1: two reserved bits, one that says that what follows is encrypted, and the type.
            var (type, isEncrypted) = ((byte)(bytes[0] & 0x1F), (bytes[0] & 0x20) != 0);
            var size = (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];
            if (type == MessageType.Aggregate || isEncrypted || size > bytes.Length - HeaderSize)
            {
                return null;
            }

            // 7.1.6: the first one's own time is the zero that the others count from.
            var time = (uint)((bytes[7] << 24) | (bytes[4] << 16) | (bytes[5] << 8) | bytes[6]);
            first = messages.Count == 0 ? time : first;
            messages.Add(new RtmpMessage(type, aggregate.Stream, unchecked(aggregate.Timestamp + time - first), rest.Slice(HeaderSize, size)));
            var next = HeaderSize + size;
            if (bytes.Length - next >= BackPointerSize && BinaryPrimitives.ReadUInt32BigEndian(bytes[next..]) is var back && back != 0 && back != next)
            {
                return null;
            }

            rest = rest[Math.Min(next + BackPointerSize, bytes.Length)..];
        }

        return messages;
    }
}
