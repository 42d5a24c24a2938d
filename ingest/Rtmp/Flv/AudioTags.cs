using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// Reads the bodies of audio messages (FLV 10.1, E.4.2; Enhanced RTMP v2, ExAudioTagHeader): configurations and frames of AAC, Opus, FLAC, AC-3 and E-AC-3,
/// of one track or of several.
/// </summary>
internal sealed class AudioTags
{
    private const int LegacyHeaderSize = 2;
    private const int AacFormat = 10;
    private const int EnhancedFormat = 9;

    private readonly List<(int Number, AudioTrack Track)> _tracks = [];

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

    /// <summary>What the channel says of the tracks' languages, by the encoder's numbers; counts where <see cref="Labels"/> do not tell one.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Number in the publication of the track that the encoder calls so: even ones are audio, and 2 is the one that most viewers get.</summary>
    public static int IdOf(int number) => (2 * number) + 2;

    /// <summary>Whether the track that the encoder calls so is configured.</summary>
    public bool Has(int number) => Find(number)?.Track is not null;

    /// <summary>What the encoder says of a track's channels beside the codec, or <see langword="null"/>.</summary>
    public ChannelConfiguration? ChannelsOf(int number) => Find(number)?.Channels;

    /// <summary>Reads one body.</summary>
    /// <param name="body">All of the message.</param>
    /// <param name="units">Takes the frames that are in it.</param>
    /// <returns>How many packets were broken or came before they could be decoded.</returns>
    /// <exception cref="RtmpProtocolException">The codec is not taken.</exception>
    public int Read(ReadOnlyMemory<byte> body, List<AccessUnit> units)
    {
        if (body.IsEmpty)
        {
            return 1;
        }

        return body.Span[0] >> 4 == EnhancedFormat ? ReadEnhanced(body, units) : ReadLegacy(body, units);
    }

    private int ReadLegacy(ReadOnlyMemory<byte> body, List<AccessUnit> units)
    {
        var bytes = body.Span;
        var format = bytes[0] >> 4;
        if (format != AacFormat)
        {
            throw RtmpProtocolException.UnsupportedCodec($"Audio codec {CodecName(format)} is not supported. Set the encoder to AAC.");
        }

        if (bytes.Length < LegacyHeaderSize)
        {
            return 1;
        }

        var content = bytes[1] switch
        {
            0 => Take(new TagPacket(TagPacketType.SequenceStart, FourCc.Aac, 0, body[LegacyHeaderSize..]), 0, units),
            1 => Take(new TagPacket(TagPacketType.CodedFrames, FourCc.Aac, 0, body[LegacyHeaderSize..]), 0, units),
            _ => TagContent.Dropped,
        };
        return content == TagContent.Dropped ? 1 : 0;
    }

    private int ReadEnhanced(ReadOnlyMemory<byte> body, List<AccessUnit> units)
    {
        var dropped = 0;
        var tag = EnhancedTag.Read(body, TrackKind.Audio);
        while (tag.TryNext(out var packet))
        {
            if (!FourCc.IsAudio(packet.Codec))
            {
                var name = packet.Codec == FourCc.Mp3 ? "MP3" : FourCc.Name(packet.Codec);
                throw RtmpProtocolException.UnsupportedCodec(
                    $"Audio as {name} over Enhanced RTMP is not supported. Set the encoder to AAC, Opus, FLAC, AC-3 or E-AC-3.");
            }

            dropped += Take(packet, tag.Nanoseconds, units) == TagContent.Dropped ? 1 : 0;
        }

        return dropped + (tag.IsBroken ? 1 : 0);
    }

    private TagContent Take(in TagPacket packet, int nanoseconds, List<AccessUnit> units)
    {
        if (packet.Type == TagPacketType.SequenceEnd)
        {
            return TagContent.Nothing;
        }

        // A frame alone begins a track where frames say all there is to say.
        var begins = packet.Type != TagPacketType.CodedFrames || packet.Codec is FourCc.Ac3 or FourCc.Eac3;
        if ((begins ? Open(packet.Track) : Find(packet.Track)) is not { } track)
        {
            return TagContent.Dropped;
        }

        var before = track.Configurations;
        var content = packet.Type switch
        {
            TagPacketType.SequenceStart => track.Configure(packet.Codec, packet.Body),
            TagPacketType.ChannelConfiguration => track.Describe(packet.Body.Span),
            _ => track.Read(packet.Codec, packet.Body, nanoseconds, units),
        };
        Configurations += track.Configurations - before;
        return content;
    }

    private AudioTrack? Find(int number)
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

    /// <summary>Finds a track or begins it; <see langword="null"/> beyond <see cref="VideoTags.MaxTracks"/>. There is always room for the one that most viewers get.</summary>
    private AudioTrack? Open(int number)
    {
        const int Max = VideoTags.MaxTracks;
        var track = Find(number);
        if (track is null && (_tracks.Count < Max - 1 || (_tracks.Count < Max && (number == 0 || Find(0) is not null))))
        {
            track = new AudioTrack(IdOf(number));
            _tracks.Add((number, track));
        }

        if (track is not null)
        {
            track.Label = Labels.GetValueOrDefault(number, TrackLabel.None).Or(number < Languages.Count ? Languages[number] : null);
        }

        return track;
    }

    private static string CodecName(int format) => format switch
    {
        0 or 3 => "PCM",
        1 => "ADPCM",
        2 or 14 => "MP3",
        4 or 5 or 6 => "Nellymoser",
        7 or 8 => "G.711",
        11 => "Speex",
        _ => $"{format}",
    };
}
