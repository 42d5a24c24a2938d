using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// Parses bodies of audio messages (FLV 10.1, E.4.2; Enhanced RTMP v2, ExAudioTagHeader): configurations and frames of AAC, Opus, FLAC,
/// AC-3 and E-AC-3, with one or several tracks.
/// </summary>
internal sealed class AudioTags
{
    private const int LegacyHeaderSize = 2;
    private const int AacFormat = 10;
    private const int EnhancedFormat = 9;

    private readonly List<(int Number, IncomingAudioTrack Track)> _tracks = [];

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

    /// <summary>
    /// Track languages from the channel, by the encoder's track numbers. They apply where <see cref="Labels"/> has no language.
    /// </summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Converts an encoder's track number to a track ID. Audio IDs are even; 2 is the default track.</summary>
    public static int GetTrackId(int number) => (2 * number) + 2;

    /// <summary>Returns whether the track with the encoder's number is configured.</summary>
    public bool IsConfigured(int number) => Find(number)?.Track is not null;

    /// <summary>Speaker layout that the encoder sent for a track, or <see langword="null"/>.</summary>
    public SpeakerLayout? GetSpeakerLayout(int number) => Find(number)?.Channels;

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
            0 => Process(new TagPacket(TagPacketType.SequenceStart, FourCc.Aac, 0, body[LegacyHeaderSize..]), 0, units),
            1 => Process(new TagPacket(TagPacketType.CodedFrames, FourCc.Aac, 0, body[LegacyHeaderSize..]), 0, units),
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

            dropped += Process(packet, tag.Nanoseconds, units) == TagContent.Dropped ? 1 : 0;
        }

        return dropped + (tag.IsBroken ? 1 : 0);
    }

    private TagContent Process(in TagPacket packet, int nanoseconds, List<AccessUnit> units)
    {
        if (packet.Type == TagPacketType.SequenceEnd)
        {
            return TagContent.None;
        }

        // A frame without a configuration starts a track only if frames describe themselves.
        var startsTrack = packet.Type != TagPacketType.CodedFrames || packet.Codec is FourCc.Ac3 or FourCc.Eac3;
        if ((startsTrack ? GetOrAdd(packet.Track) : Find(packet.Track)) is not { } track)
        {
            return TagContent.Dropped;
        }

        var before = track.Configurations;
        var content = packet.Type switch
        {
            TagPacketType.SequenceStart => track.Configure(packet.Codec, packet.Body),
            TagPacketType.ChannelConfiguration => track.SetSpeakerLayout(packet.Body.Span),
            _ => track.Read(packet.Codec, packet.Body, nanoseconds, units),
        };
        Configurations += track.Configurations - before;
        return content;
    }

    private IncomingAudioTrack? Find(int number)
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
    /// Finds or starts a track; <see langword="null"/> above <see cref="VideoTags.MaxTracks"/>. One slot is reserved for the default track.
    /// </summary>
    private IncomingAudioTrack? GetOrAdd(int number)
    {
        const int Max = VideoTags.MaxTracks;
        var track = Find(number);
        if (track is null && (_tracks.Count < Max - 1 || (_tracks.Count < Max && (number == 0 || Find(0) is not null))))
        {
            track = new IncomingAudioTrack(GetTrackId(number));
            _tracks.Add((number, track));
        }

        if (track is not null)
        {
            track.Label = Labels.GetValueOrDefault(number, TrackLabel.None)
                .WithDefaultLanguage(number < Languages.Count ? Languages[number] : null);
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
