using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// Parses bodies of video messages (FLV 10.1, E.4.3; Enhanced RTMP v2, ExVideoTagHeader): configurations and frames of H.264, HEVC, AV1 and
/// VP9, with one or several tracks.
/// </summary>
internal sealed class VideoTags
{
    /// <summary>Maximum number of tracks of one media type; packets of further tracks are dropped.</summary>
    public const int MaxTracks = 8;

    private const int LegacyHeaderSize = 5;
    private const int OffsetSize = 3;
    private const byte AvcCodec = 7;
    private const byte EnhancedMark = 0x80;
    private const byte PlayerCommand = 5;

    private readonly List<(int Number, IncomingVideoTrack Track)> _tracks = [];

    /// <summary>Configured tracks, ordered by ID.</summary>
    public IEnumerable<Track> Tracks => _tracks.Where(t => t.Track.Track is not null).Select(t => t.Track.Track!).OrderBy(t => t.Id);

    /// <summary>Current state of the default track, or <see langword="null"/> before its first configuration.</summary>
    public Track? Track => Find(0)?.Track;

    /// <summary>Number of tracks that the encoder has started.</summary>
    public int Count => _tracks.Count;

    /// <summary>Number of configuration changes so far, including the first configurations.</summary>
    public int Configurations { get; private set; }

    /// <summary>Number of configurations so far that could not be read, without repetitions.</summary>
    public int Unreadable
    {
        get
        {
            var count = 0;
            foreach (var (_, track) in _tracks)
            {
                count += track.Unreadable;
            }

            return count;
        }
    }

    /// <summary>Track labels from the metadata, by the encoder's track numbers.</summary>
    public IReadOnlyDictionary<int, TrackLabel> Labels { get; set; } = new Dictionary<int, TrackLabel>();

    /// <summary>Bit rate that the metadata declares for the default track; 0 when absent.</summary>
    public int DeclaredBitsPerSecond { get; set; }

    /// <summary>Converts an encoder's track number to a track ID. Video IDs are odd; 1 is the default track.</summary>
    public static int GetTrackId(int number) => (2 * number) + 1;

    /// <summary>Returns whether the track with the encoder's number is configured.</summary>
    public bool IsConfigured(int number) => Find(number)?.Track is not null;

    /// <summary>Color information of a track, or <see langword="null"/>.</summary>
    public ColorInfoMetadata? GetColor(int number) => Find(number)?.Color;

    /// <summary>Parses one message body.</summary>
    /// <param name="body">Complete message body.</param>
    /// <param name="units">Receives the frames.</param>
    /// <returns>Number of packets that were malformed or not decodable yet.</returns>
    /// <exception cref="RtmpProtocolException">The codec is not supported.</exception>
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
                content = Configure(GetOrAdd(0)!, FourCc.Avc, rest);
                break;
            case 1 when Find(0) is { } track:
                content = ReadFrame(track, FourCc.Avc, rest, SignedInt24(bytes[2..]), 0, units);
                break;
            case 2:
                content = TagContent.None;
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
            dropped += Process(packet, tag.Nanoseconds, units) == TagContent.Dropped ? 1 : 0;
        }

        return dropped + (tag.IsBroken ? 1 : 0);
    }

    private TagContent Process(in TagPacket packet, int nanoseconds, List<AccessUnit> units)
    {
        if (packet.Type == TagPacketType.TransportStreamStart)
        {
            throw RtmpProtocolException.UnsupportedCodec(
                $"Video as {FourCc.Name(packet.Codec)} in MPEG-2 TS format is not supported. Set the encoder to its default format.");
        }

        if (!FourCc.IsVideo(packet.Codec))
        {
            throw RtmpProtocolException.UnsupportedCodec(
                $"Video as {FourCc.Name(packet.Codec)} over Enhanced RTMP is not supported. Set the encoder to H.264, HEVC, AV1 or VP9.");
        }

        if (packet.Type == TagPacketType.SequenceEnd)
        {
            return TagContent.None;
        }

        // Only a configuration or metadata starts a track: frames of an unconfigured track cannot be decoded.
        var startsTrack = packet.Type is TagPacketType.SequenceStart or TagPacketType.Metadata;
        if ((startsTrack ? GetOrAdd(packet.Track) : Find(packet.Track)) is not { } track)
        {
            return TagContent.Dropped;
        }

        switch (packet.Type)
        {
            case TagPacketType.SequenceStart:
                return Configure(track, packet.Codec, packet.Body);
            case TagPacketType.Metadata:
                return track.ReadMetadata(packet.Body.Span);
            case TagPacketType.CodedFrames when packet.Codec is FourCc.Avc or FourCc.Hevc:
                return packet.Body.Length < OffsetSize
                    ? TagContent.Dropped
                    : ReadFrame(track, packet.Codec, packet.Body[OffsetSize..], SignedInt24(packet.Body.Span), nanoseconds, units);
            default:
                return ReadFrame(track, packet.Codec, packet.Body, 0, nanoseconds, units);
        }
    }

    private TagContent Configure(IncomingVideoTrack track, uint codec, ReadOnlyMemory<byte> record)
    {
        var before = track.Configurations;
        var content = track.Configure(codec, record);
        Configurations += track.Configurations - before;
        return content;
    }

    private TagContent ReadFrame(IncomingVideoTrack track, uint codec, ReadOnlyMemory<byte> payload, int offset, int nanoseconds,
        List<AccessUnit> units)
    {
        var before = track.Configurations;
        var content = track.Read(codec, payload, offset, nanoseconds, out var unit);
        Configurations += track.Configurations - before;
        if (content == TagContent.Frame)
        {
            units.Add(unit);
        }

        return content;
    }

    private IncomingVideoTrack? Find(int number)
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

    /// <summary>
    /// Finds or starts a track; <see langword="null"/> above <see cref="MaxTracks"/>. One slot is reserved for the default track.
    /// </summary>
    private IncomingVideoTrack? GetOrAdd(int number)
    {
        var track = Find(number);
        if (track is null && (_tracks.Count < MaxTracks - 1 || (_tracks.Count < MaxTracks && (number == 0 || Find(0) is not null))))
        {
            track = new IncomingVideoTrack(GetTrackId(number));
            _tracks.Add((number, track));
        }

        if (track is not null)
        {
            track.Label = Labels.GetValueOrDefault(number, TrackLabel.None);
            track.DeclaredBitsPerSecond = number == 0 ? DeclaredBitsPerSecond : 0;
        }

        return track;
    }

    private static int SignedInt24(ReadOnlySpan<byte> bytes) => ((sbyte)bytes[0] << 16) | (bytes[1] << 8) | bytes[2];

    private static string CodecName(int codec) => codec switch
    {
        2 => "Sorenson H.263",
        3 or 6 => "Screen Video",
        4 or 5 => "VP6",
        12 => "HEVC (legacy FLV extension)",
        _ => $"{codec}",
    };
}
