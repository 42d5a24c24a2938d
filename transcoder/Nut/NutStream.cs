using Broadcast.Media;

namespace Broadcast.Transcoder.Nut;

/// <summary>One stream of a NUT file, as its stream header has it (NUT open container format, "stream_header").</summary>
/// <param name="Kind">What it carries.</param>
/// <param name="Tag">The codec's tag, two or four bytes, as FFmpeg reads and writes it: see <see cref="NutTag"/>.</param>
/// <param name="Timescale">Ticks a second of its times, 1 or more.</param>
/// <param name="Private">What the codec needs before its first frame: an avcC, hvcC or av1C record, an AudioSpecificConfig, or parameter sets behind start codes.</param>
internal sealed record NutStream(TrackKind Kind, string Tag, int Timescale, ReadOnlyMemory<byte> Private)
{
    /// <summary>Pictures that wait in a decoder until they may be shown: 0 without B-frames. Decode times follow from it.</summary>
    public int DecodeDelay { get; init; }

    /// <summary>Coded pixels across; 0 for sound.</summary>
    public int Width { get; init; }

    /// <summary>Coded pixels down; 0 for sound.</summary>
    public int Height { get; init; }

    /// <summary>Width of a sample's shape; 0 when unknown.</summary>
    public int SampleAspectWidth { get; init; }

    /// <summary>Height of a sample's shape; 0 when unknown.</summary>
    public int SampleAspectHeight { get; init; }

    /// <summary>Sound samples a second; 0 for pictures.</summary>
    public int SampleRate { get; init; }

    /// <summary>Sound channels; 0 for pictures.</summary>
    public int Channels { get; init; }

    /// <summary>A stream of pictures for FFmpeg to decode, or <see langword="null"/> when the codec is not one of those that pass through, or does not say how large its pictures are.</summary>
    public static NutStream? Of(CodecConfig config, int timescale, int decodeDelay)
    {
        var tag = config switch
        {
            CodecConfig.Avc => NutTag.Avc,
            CodecConfig.Hevc => NutTag.Hevc,
            CodecConfig.Av1 => NutTag.Av1,
            CodecConfig.Vp9 => NutTag.Vp9,
            _ => null,
        };
        return tag is null || config.Picture is not { } picture ? null : new NutStream(TrackKind.Video, tag, timescale, config is CodecConfig.Vp9 ? default : config.Record)
        {
            DecodeDelay = decodeDelay, Width = picture.Width, Height = picture.Height, SampleAspectWidth = picture.SampleAspectWidth, SampleAspectHeight = picture.SampleAspectHeight,
        };
    }
}

/// <summary>A coded frame of a NUT file. NUT has presentation times only.</summary>
/// <param name="Stream">Index of its stream.</param>
/// <param name="Present">Presentation time, in ticks of the stream.</param>
/// <param name="IsKey">Whether decoding can begin here.</param>
/// <param name="Payload">The bytes.</param>
internal readonly record struct NutFrame(int Stream, long Present, bool IsKey, ReadOnlyMemory<byte> Payload);

/// <summary>Tags of the codecs that pass through, as FFmpeg has them in NUT.</summary>
internal static class NutTag
{
    /// <summary>H.264.</summary>
    public const string Avc = "H264";

    /// <summary>HEVC.</summary>
    public const string Hevc = "HEVC";

    /// <summary>AV1.</summary>
    public const string Av1 = "AV01";

    /// <summary>VP9.</summary>
    public const string Vp9 = "VP90";

    /// <summary>AAC: the number that WAV files have for it, 0x00ff, least byte first, in four bytes.</summary>
    public const string Aac = "\u00ff\0\0\0";

    /// <summary>AC-3 and E-AC-3, which have one number between them.</summary>
    public const string Ac3 = "\0\u0020\0\0";

    /// <summary>FLAC.</summary>
    public const string Flac = "\u00ac\u00f1\0\0";

    /// <summary>Opus.</summary>
    public const string Opus = "Opus";
}

/// <summary>The bytes are not NUT, or more than we take. The process that sends them is ours, but what it works on comes from strangers.</summary>
public sealed class InvalidNutException(string message) : IOException(message);
