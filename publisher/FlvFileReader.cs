namespace Broadcast.Publisher;

/// <summary>One tag of an FLV file (FLV 10.1, E.4.1). Its body is the payload of an RTMP message.</summary>
/// <param name="Type">8 audio, 9 video, 18 script data; equal to the RTMP message types.</param>
/// <param name="Timestamp">Milliseconds.</param>
/// <param name="Body">A slice of the file.</param>
public readonly record struct FlvTag(byte Type, uint Timestamp, ReadOnlyMemory<byte> Body)
{
    /// <summary>End of the body where it lies in another buffer, so that a frame need not be copied; usually empty.</summary>
    public ReadOnlyMemory<byte> Rest { get; init; }

    /// <summary>Bytes of the body with <see cref="Rest"/>.</summary>
    public int Length => Body.Length + Rest.Length;

    /// <summary>Indicates whether the tag contains audio.</summary>
    public bool IsAudio => Type == 8;

    /// <summary>Indicates whether the tag contains video.</summary>
    public bool IsVideo => Type == 9;

    /// <summary>Indicates whether the tag contains a configuration or description rather than a frame.</summary>
    public bool IsConfiguration => IsEnhanced
        ? EnhancedType is EnhancedPacket.SequenceStart or EnhancedPacket.Description
        : Body.Length >= 2 && Body.Span[1] == 0 && ((IsVideo && (Body.Span[0] & 15) == 7) || (IsAudio && Body.Span[0] >> 4 == 10));

    /// <summary>Indicates whether the tag has an extended header (Enhanced RTMP v2).</summary>
    public bool IsEnhanced => !Body.IsEmpty && ((IsVideo && (Body.Span[0] & 0x80) != 0) || (IsAudio && Body.Span[0] >> 4 == 9));

    /// <summary>Packet type from the first byte, or from the second in multitrack tags.</summary>
    private EnhancedPacket EnhancedType
    {
        get
        {
            var type = Body.Span[0] & 15;
            return (EnhancedPacket)(type == (IsVideo ? 6 : 5) && Body.Length > 1 ? Body.Span[1] & 15 : type);
        }
    }
}

/// <summary>FLV file in memory.</summary>
/// <param name="Tags">Tags in file order.</param>
public sealed record FlvFile(IReadOnlyList<FlvTag> Tags)
{
    /// <summary>
    /// Duration from the first timestamp to the end of the last frame, which is assumed to be as long as the one before. A loop adds it to
    /// the timestamps.
    /// </summary>
    public TimeSpan Duration
    {
        get
        {
            uint first = uint.MaxValue, last = 0, videoBefore = 0, videoLast = 0;
            foreach (var tag in Tags)
            {
                if (tag.IsConfiguration || !(tag.IsAudio || tag.IsVideo))
                {
                    continue;
                }

                (first, last) = (Math.Min(first, tag.Timestamp), Math.Max(last, tag.Timestamp));
                if (tag.IsVideo)
                {
                    (videoBefore, videoLast) = (videoLast, tag.Timestamp);
                }
            }

            var frame = videoLast > videoBefore ? Math.Min(videoLast - videoBefore, 1000) : 23;
            return first > last ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Max(last, videoLast + frame) - first);
        }
    }
}

/// <summary>Reads FLV files (FLV 10.1, annex E) without I/O. An incomplete last tag is ignored.</summary>
public static class FlvFileReader
{
    internal const int TagHeaderSize = 11;
    internal const int BackPointerSize = 4;

    /// <summary>Reads all tags; their bodies are slices of <paramref name="file"/>.</summary>
    /// <exception cref="FormatException">The data is not an FLV file.</exception>
    public static FlvFile Read(ReadOnlyMemory<byte> file)
    {
        var bytes = file.Span;
        if (bytes.Length < 9 || !bytes.StartsWith("FLV"u8))
        {
            throw new FormatException("Not an FLV file: it does not start with 'FLV'.");
        }

        var header = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]);
        if (header > bytes.Length)
        {
            throw new FormatException($"Not an FLV file: its header declares {header} bytes.");
        }

        var tags = new List<FlvTag>();
        var position = (long)header + BackPointerSize;
        while (position + TagHeaderSize <= bytes.Length)
        {
            var (type, size, timestamp) = ReadTagHeader(bytes[(int)position..]);
            var body = position + TagHeaderSize;
            if (body + size > bytes.Length)
            {
                break;
            }

            tags.Add(new FlvTag(type, timestamp, file.Slice((int)body, size)));
            position = body + size + BackPointerSize;
        }

        return new FlvFile(tags);
    }

    /// <summary>Reads the 11-byte tag header. E.4.1: the upper eight bits of the timestamp follow the lower 24.</summary>
    internal static (byte Type, int Size, uint Timestamp) ReadTagHeader(ReadOnlySpan<byte> tag) =>
        ((byte)(tag[0] & 31), (tag[1] << 16) | (tag[2] << 8) | tag[3], (uint)((tag[7] << 24) | (tag[4] << 16) | (tag[5] << 8) | tag[6]));
}
