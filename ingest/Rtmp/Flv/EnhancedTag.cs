using System.Buffers.Binary;
using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>Packet types of Enhanced RTMP messages, for video and audio (Enhanced RTMP v2, VideoPacketType and AudioPacketType).</summary>
internal enum TagPacketType
{
    /// <summary>A codec configuration.</summary>
    SequenceStart,

    /// <summary>A frame; for H.264 and HEVC, preceded by its composition time.</summary>
    CodedFrames,

    /// <summary>The end of a sequence.</summary>
    SequenceEnd,

    /// <summary>A frame with composition time zero.</summary>
    CodedFramesX,

    /// <summary>Metadata of later frames, in AMF.</summary>
    Metadata,

    /// <summary>An AV1 descriptor as in MPEG-2 transport streams.</summary>
    TransportStreamStart,

    /// <summary>A speaker layout.</summary>
    ChannelConfiguration,
}

/// <summary>One track's part of an Enhanced RTMP message.</summary>
/// <param name="Type">Packet type.</param>
/// <param name="Codec">A <see cref="FourCc"/>.</param>
/// <param name="Track">The encoder's track number, 0 to 255; 0 is the default track.</param>
/// <param name="Body">Content of the packet, a slice of the message.</param>
internal readonly record struct TagPacket(TagPacketType Type, uint Codec, int Track, ReadOnlyMemory<byte> Body);

/// <summary>
/// Iterates over the packets of an audio or video message with an extended header (Enhanced RTMP v2, ExVideoTagHeader and
/// ExAudioTagHeader). Reads within the message only, and allocates nothing.
/// </summary>
internal struct EnhancedTag
{
    /// <summary>Maximum number of ModEx extensions in one message; only one kind is defined so far.</summary>
    public const int MaxExtensions = 8;

    /// <summary>Maximum number of packets in one message, equal to the number of track numbers.</summary>
    public const int MaxPackets = 256;

    /// <summary>Maximum offset to a message's timestamp, in nanoseconds: just below the millisecond that timestamps count.</summary>
    public const int MaxNanoseconds = 999_999;

    private const int VideoCommandFrame = 5;
    private const int Multitrack = -1;
    private const int Extension = -2;
    private const int Unknown = -3;
    private const int OneTrack = 0;
    private const int ManyTracks = 1;
    private const int ManyTracksManyCodecs = 2;
    private const int CodecSize = 4;
    private const int LengthSize = 3;

    private readonly TrackKind _kind;
    private ReadOnlyMemory<byte> _rest;
    private TagPacketType _type;
    private uint _codec;
    private int _tracks;
    private int _packets;

    private EnhancedTag(ReadOnlyMemory<byte> body, TrackKind kind)
    {
        (_rest, _kind, _tracks) = (body, kind, Multitrack);
        IsBroken = !TryReadHeader();
        if (IsBroken)
        {
            _rest = default;
        }
    }

    /// <summary>Nanoseconds to add to the message's timestamp, 0 to <see cref="MaxNanoseconds"/>.</summary>
    public int Nanoseconds { get; private set; }

    /// <summary>Indicates whether the message is truncated, has unknown or too many elements; earlier packets are valid.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Starts reading a message.</summary>
    /// <param name="body">Complete message body, starting with the byte that marks the extended header.</param>
    /// <param name="kind">Audio or video.</param>
    public static EnhancedTag Read(ReadOnlyMemory<byte> body, TrackKind kind) => new(body, kind);

    /// <summary>Reads the next packet.</summary>
    /// <returns><see langword="false"/> when there are no more packets, or the rest is malformed.</returns>
    public bool TryNext(out TagPacket packet)
    {
        packet = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        var track = 0;
        var bytes = _rest.Span;
        if (_tracks >= OneTrack)
        {
            var position = 0;
            if (++_packets > MaxPackets || !TryReadTrack(bytes, ref position, out track, out var length))
            {
                IsBroken = true;
                _rest = default;
                return false;
            }

            packet = new TagPacket(_type, _codec, track, _rest.Slice(position, length));
            _rest = _rest[(position + length)..];
            return true;
        }

        // The only packet of a message without tracks. The header parser already rejected a missing body.
        packet = new TagPacket(_type, _codec, track, _rest[1..]);
        _rest = default;
        return true;
    }

    private bool TryReadTrack(ReadOnlySpan<byte> bytes, ref int position, out int track, out int length)
    {
        (track, length) = (0, 0);
        if (_tracks == ManyTracksManyCodecs)
        {
            if (bytes.Length < CodecSize)
            {
                return false;
            }

            _codec = BinaryPrimitives.ReadUInt32BigEndian(bytes);
            position = CodecSize;
        }

        if (bytes.Length <= position)
        {
            return false;
        }

        track = bytes[position++];
        if (_tracks == OneTrack)
        {
            length = bytes.Length - position;
            return true;
        }

        if (bytes.Length < position + LengthSize)
        {
            return false;
        }

        length = (bytes[position] << 16) | (bytes[position + 1] << 8) | bytes[position + 2];
        position += LengthSize;
        return length <= bytes.Length - position;
    }

    /// <summary>Reads the header before the packets: packet type, extensions, multitrack type and codec.</summary>
    private bool TryReadHeader()
    {
        var bytes = _rest.Span;
        if (bytes.IsEmpty)
        {
            return false;
        }

        var position = 1;
        var type = TypeOf(bytes[0] & 15);
        for (var extensions = 0; type == Extension; extensions++)
        {
            if (extensions == MaxExtensions || !TryReadExtension(bytes, ref position, out type))
            {
                return false;
            }
        }

        // A player command has no packets. With metadata, the frame type has no meaning.
        if (_kind == TrackKind.Video && ((bytes[0] >> 4) & 7) == VideoCommandFrame && type != (int)TagPacketType.Metadata)
        {
            _rest = default;
            return true;
        }

        if (type == Multitrack)
        {
            if (bytes.Length <= position)
            {
                return false;
            }

            // "This fetch MUST not result in VideoPacketType.Multitrack": nesting is invalid.
            _tracks = bytes[position] >> 4;
            type = TypeOf(bytes[position] & 15);
            position++;
            if (_tracks > ManyTracksManyCodecs)
            {
                return false;
            }
        }

        if (type < 0)
        {
            return false;
        }

        _type = (TagPacketType)type;
        if (_tracks != ManyTracksManyCodecs)
        {
            if (bytes.Length < position + CodecSize)
            {
                return false;
            }

            _codec = BinaryPrimitives.ReadUInt32BigEndian(bytes[position..]);
            position += CodecSize;
        }

        if (_tracks >= OneTrack)
        {
            _rest = _rest[position..];
            return !_rest.IsEmpty;
        }

        // Keep the byte before the body, so that a packet with an empty body still counts.
        _rest = _rest[(position - 1)..];
        return true;
    }

    /// <summary>ModEx: a length, that many bytes, then the type of the extension and the next packet type.</summary>
    private bool TryReadExtension(ReadOnlySpan<byte> bytes, ref int position, out int next)
    {
        next = Unknown;
        if (bytes.Length <= position)
        {
            return false;
        }

        var length = bytes[position++] + 1;
        if (length == 256)
        {
            if (bytes.Length < position + 2)
            {
                return false;
            }

            length = BinaryPrimitives.ReadUInt16BigEndian(bytes[position..]) + 1;
            position += 2;
        }

        if (bytes.Length <= position + length)
        {
            return false;
        }

        var data = bytes.Slice(position, length);
        position += length;
        var kind = bytes[position] >> 4;
        next = TypeOf(bytes[position] & 15);
        position++;
        const int TimestampOffsetNano = 0;
        if (kind == TimestampOffsetNano && data.Length >= 3)
        {
            Nanoseconds = Math.Min((data[0] << 16) | (data[1] << 8) | data[2], MaxNanoseconds);
        }

        return true;
    }

    private readonly int TypeOf(int bits) => (_kind, bits) switch
    {
        (_, 0) => (int)TagPacketType.SequenceStart,
        (_, 1) => (int)TagPacketType.CodedFrames,
        (_, 2) => (int)TagPacketType.SequenceEnd,
        (TrackKind.Video, 3) => (int)TagPacketType.CodedFramesX,
        (TrackKind.Video, 4) => (int)TagPacketType.Metadata,
        (TrackKind.Video, 5) => (int)TagPacketType.TransportStreamStart,
        (TrackKind.Video, 6) or (TrackKind.Audio, 5) => Multitrack,
        (TrackKind.Audio, 4) => (int)TagPacketType.ChannelConfiguration,
        (_, 7) => Extension,
        _ => Unknown,
    };
}
