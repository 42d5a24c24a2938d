using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>Reads the bodies of audio messages (FLV 10.1, E.4.2): AAC configurations and frames. A changed configuration makes a new <see cref="Media.Track"/> at once.</summary>
internal sealed class AudioTags
{
    /// <summary>Number of the audio track in every publication.</summary>
    public const int TrackId = 2;

    private const int HeaderSize = 2;
    private const int AacFormat = 10;
    private const int EnhancedFormat = 9;

    /// <summary>The track as it is now, or <see langword="null"/> before its first configuration.</summary>
    public Track? Track { get; private set; }

    /// <summary>Changes of the configuration so far, the first one included.</summary>
    public int Configurations { get; private set; }

    /// <summary>Reads one body.</summary>
    /// <exception cref="RtmpProtocolException">The codec is not taken.</exception>
    public TagContent Read(ReadOnlyMemory<byte> body, out AccessUnit unit)
    {
        unit = default;
        var bytes = body.Span;
        if (bytes.IsEmpty)
        {
            return TagContent.Dropped;
        }

        var format = bytes[0] >> 4;
        if (format != AacFormat)
        {
            throw RtmpProtocolException.UnsupportedCodec($"Audio codec {CodecName(format)} is not supported. Set the encoder to AAC.");
        }

        if (bytes.Length < HeaderSize || (bytes[1] == 1 && bytes.Length == HeaderSize))
        {
            return TagContent.Dropped;
        }

        return bytes[1] switch
        {
            0 => Configure(bytes[HeaderSize..]),
            1 => ReadFrame(body[HeaderSize..], out unit),
            _ => TagContent.Dropped,
        };
    }

    private TagContent Configure(ReadOnlySpan<byte> record)
    {
        if (Track is not null && Track.Config.Record.Span.SequenceEqual(record))
        {
            return TagContent.Nothing;
        }

        try
        {
            var config = CodecConfig.Aac.Parse(record);
            Track = new Track(TrackId, config, config.Audio.SampleRate);
        }
        catch (InvalidCodecConfigException)
        {
            return TagContent.Dropped;
        }

        Configurations++;
        return TagContent.Nothing;
    }

    private TagContent ReadFrame(ReadOnlyMemory<byte> frame, out AccessUnit unit)
    {
        unit = default;
        if (Track is null)
        {
            return TagContent.Dropped;
        }

        // A raw block cannot begin with twelve ones: that is an ADTS header, which some encoders leave in front (ISO/IEC 14496-3, 1.A.3.2).
        var bytes = frame.Span;
        if (bytes.Length > 2 && bytes[0] == 0xFF && (bytes[1] & 0xF6) == 0xF0)
        {
            var header = (bytes[1] & 1) == 1 ? 7 : 9;
            if (bytes.Length <= header)
            {
                return TagContent.Dropped;
            }

            frame = frame[header..];
        }

        unit = new AccessUnit(Track, 0, IsSync: true, frame);
        return TagContent.Unit;
    }

    private static string CodecName(int format) => format switch
    {
        0 or 3 => "PCM",
        1 => "ADPCM",
        2 or 14 => "MP3",
        4 or 5 or 6 => "Nellymoser",
        7 or 8 => "G.711",
        EnhancedFormat => "of Enhanced RTMP",
        11 => "Speex",
        _ => $"{format}",
    };
}
