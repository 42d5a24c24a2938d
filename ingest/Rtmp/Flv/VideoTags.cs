using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// Reads the bodies of video messages (FLV 10.1, E.4.3; Enhanced RTMP v2, ExVideoTagHeader): configurations and pictures of H.264, HEVC, AV1 and VP9, of one
/// track or of several.
/// </summary>
internal sealed class VideoTags
{
    /// <summary>Most tracks of a kind; packets of others are dropped.</summary>
    public const int MaxTracks = 8;

    private const int LegacyHeaderSize = 5;
    private const int OffsetSize = 3;
    private const byte AvcCodec = 7;
    private const byte EnhancedMark = 0x80;
    private const byte PlayerCommand = 5;

    private readonly List<(int Number, VideoTrack Track)> _tracks = [];

    /// <summary>The tracks that are configured, by rising id.</summary>
    public IEnumerable<Track> Tracks => _tracks.Where(t => t.Track.Track is not null).Select(t => t.Track.Track!).OrderBy(t => t.Id);

    /// <summary>The track that most viewers get as it is now, or <see langword="null"/> before its first configuration.</summary>
    public Track? Track => Find(0)?.Track;

    /// <summary>Tracks that the encoder has begun.</summary>
    public int Count => _tracks.Count;

    /// <summary>Changes of configurations so far, the first ones included.</summary>
    public int Configurations { get; private set; }

    /// <summary>What metadata calls the tracks, by the encoder's numbers.</summary>
    public IReadOnlyDictionary<int, TrackLabel> Labels { get; set; } = new Dictionary<int, TrackLabel>();

    /// <summary>Bits a second that metadata claims for the track that most viewers get; 0 when it does not.</summary>
    public int ClaimedBitsPerSecond { get; set; }

    /// <summary>Number in the publication of the track that the encoder calls so: odd ones are video, and 1 is the one that most viewers get.</summary>
    public static int IdOf(int number) => (2 * number) + 1;

    /// <summary>Whether the track that the encoder calls so is configured.</summary>
    public bool Has(int number) => Find(number)?.Track is not null;

    /// <summary>What is known of a track's colors, or <see langword="null"/>.</summary>
    public VideoColor? ColorOf(int number) => Find(number)?.Color;

    /// <summary>Reads one body.</summary>
    /// <param name="body">All of the message.</param>
    /// <param name="units">Takes the pictures that are in it.</param>
    /// <returns>How many packets were broken or came before they could be decoded.</returns>
    /// <exception cref="RtmpProtocolException">The codec is not taken.</exception>
    public int Read(ReadOnlyMemory<byte> body, List<AccessUnit> units)
    {
        if (body.IsEmpty)
        {
            return 1;
        }

        return (body.Span[0] & EnhancedMark) != 0 ? ReadEnhanced(body, units) : ReadLegacy(body, units);
    }

    private int ReadLegacy(ReadOnlyMemory<byte> body, List<AccessUnit> units)
    {
        var bytes = body.Span;
        var (frameType, codec) = ((bytes[0] >> 4) & 7, bytes[0] & 15);
        if (codec != AvcCodec)
        {
            throw RtmpProtocolException.UnsupportedCodec(
                $"Video codec {CodecName(codec)} is not supported. Set the encoder to H.264, or to HEVC, AV1 or VP9 over Enhanced RTMP.");
        }

        if (frameType == PlayerCommand)
        {
            return 0;
        }

        if (bytes.Length < LegacyHeaderSize)
        {
            return 1;
        }

        var rest = body[LegacyHeaderSize..];
        var content = TagContent.Dropped;
        switch (bytes[1])
        {
            case 0:
                content = Configure(Open(0)!, FourCc.Avc, rest);
                break;
            case 1 when Find(0) is { } track:
                content = ReadPicture(track, FourCc.Avc, rest, SignedInt24(bytes[2..]), 0, units);
                break;
            case 2:
                content = TagContent.Nothing;
                break;
        }

        return content == TagContent.Dropped ? 1 : 0;
    }

    private int ReadEnhanced(ReadOnlyMemory<byte> body, List<AccessUnit> units)
    {
        var dropped = 0;
        var tag = EnhancedTag.Read(body, TrackKind.Video);
        while (tag.TryNext(out var packet))
        {
            dropped += Take(packet, tag.Nanoseconds, units) == TagContent.Dropped ? 1 : 0;
        }

        return dropped + (tag.IsBroken ? 1 : 0);
    }

    private TagContent Take(in TagPacket packet, int nanoseconds, List<AccessUnit> units)
    {
        if (packet.Type == TagPacketType.TransportStreamStart)
        {
            throw RtmpProtocolException.UnsupportedCodec($"Video as {FourCc.Name(packet.Codec)} in MPEG-2 form is not supported. Set the encoder to the plain form.");
        }

        if (!FourCc.IsVideo(packet.Codec))
        {
            throw RtmpProtocolException.UnsupportedCodec(
                $"Video as {FourCc.Name(packet.Codec)} over Enhanced RTMP is not supported. Set the encoder to H.264, HEVC, AV1 or VP9.");
        }

        if (packet.Type == TagPacketType.SequenceEnd)
        {
            return TagContent.Nothing;
        }

        // Only a configuration or metadata begins a track; a picture of one that was never begun could not be decoded.
        var begins = packet.Type is TagPacketType.SequenceStart or TagPacketType.Metadata;
        if ((begins ? Open(packet.Track) : Find(packet.Track)) is not { } track)
        {
            return TagContent.Dropped;
        }

        switch (packet.Type)
        {
            case TagPacketType.SequenceStart:
                return Configure(track, packet.Codec, packet.Body);
            case TagPacketType.Metadata:
                return track.Describe(packet.Body.Span);
            case TagPacketType.CodedFrames when packet.Codec is FourCc.Avc or FourCc.Hevc:
                return packet.Body.Length < OffsetSize
                    ? TagContent.Dropped
                    : ReadPicture(track, packet.Codec, packet.Body[OffsetSize..], SignedInt24(packet.Body.Span), nanoseconds, units);
            default:
                return ReadPicture(track, packet.Codec, packet.Body, 0, nanoseconds, units);
        }
    }

    private TagContent Configure(VideoTrack track, uint codec, ReadOnlyMemory<byte> record)
    {
        var before = track.Configurations;
        var content = track.Configure(codec, record);
        Configurations += track.Configurations - before;
        return content;
    }

    private TagContent ReadPicture(VideoTrack track, uint codec, ReadOnlyMemory<byte> payload, int offset, int nanoseconds, List<AccessUnit> units)
    {
        var before = track.Configurations;
        var content = track.Read(codec, payload, offset, nanoseconds, out var unit);
        Configurations += track.Configurations - before;
        if (content == TagContent.Unit)
        {
            units.Add(unit);
        }

        return content;
    }

    private VideoTrack? Find(int number)
    {
        foreach (var (known, track) in _tracks)
        {
            if (known == number)
            {
                return track;
            }
        }

        return null;
    }

    /// <summary>Finds a track or begins it; <see langword="null"/> beyond <see cref="MaxTracks"/>. There is always room for the one that most viewers get.</summary>
    private VideoTrack? Open(int number)
    {
        var track = Find(number);
        if (track is null && (_tracks.Count < MaxTracks - 1 || (_tracks.Count < MaxTracks && (number == 0 || Find(0) is not null))))
        {
            track = new VideoTrack(IdOf(number));
            _tracks.Add((number, track));
        }

        if (track is not null)
        {
            track.Label = Labels.GetValueOrDefault(number, TrackLabel.None);
            track.ClaimedBitsPerSecond = number == 0 ? ClaimedBitsPerSecond : 0;
        }

        return track;
    }

    private static int SignedInt24(ReadOnlySpan<byte> bytes) => ((sbyte)bytes[0] << 16) | (bytes[1] << 8) | bytes[2];

    private static string CodecName(int codec) => codec switch
    {
        2 => "Sorenson H.263",
        3 or 6 => "Screen Video",
        4 or 5 => "VP6",
        12 => "HEVC (in the old FLV manner)",
        _ => $"{codec}",
    };
}
