using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Transcoder.Nut;

/// <summary>A NUT stream, as described by its stream header (NUT open container format, "stream_header").</summary>
/// <param name="Kind">Media type.</param>
/// <param name="Tag">Codec tag of two or four bytes, as used by FFmpeg; see <see cref="NutTag"/>.</param>
/// <param name="Timescale">Ticks per second, 1 or more.</param>
/// <param name="Private">
/// Codec private data: an avcC, hvcC or av1C record, an AudioSpecificConfig, or parameter sets with start codes.
/// </param>
internal sealed record NutStream(TrackKind Kind, string Tag, int Timescale, ReadOnlyMemory<byte> Private)
{
    /// <summary>Reorder depth of the decoder in frames: 0 without B-frames. Decode times derive from it.</summary>
    public int DecodeDelay { get; init; }

    /// <summary>Coded width in pixels; 0 for audio.</summary>
    public int Width { get; init; }

    /// <summary>Coded height in pixels; 0 for audio.</summary>
    public int Height { get; init; }

    /// <summary>Sample aspect ratio, width; 0 if unknown.</summary>
    public int SampleAspectWidth { get; init; }

    /// <summary>Sample aspect ratio, height; 0 if unknown.</summary>
    public int SampleAspectHeight { get; init; }

    /// <summary>Audio samples per second; 0 for video.</summary>
    public int SampleRate { get; init; }

    /// <summary>Audio channels; 0 for video.</summary>
    public int Channels { get; init; }

    /// <summary>
    /// Creates a video stream for FFmpeg to decode; <see langword="null"/> if the codec is not supported or the frame size is unknown.
    /// </summary>
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
        return tag is null || config.VideoFormat is not { } format ? null
            : new NutStream(TrackKind.Video, tag, timescale, config is CodecConfig.Vp9 ? default : config.Record)
        {
            DecodeDelay = decodeDelay, Width = format.Width, Height = format.Height, SampleAspectWidth = format.SampleAspectWidth,
            SampleAspectHeight = format.SampleAspectHeight,
        };
    }
}

/// <summary>A coded frame of a NUT file. NUT has presentation times only.</summary>
/// <param name="Stream">Index of the stream.</param>
/// <param name="Present">Presentation time, in ticks of the stream.</param>
/// <param name="IsKey">Whether decoding can start here.</param>
/// <param name="Payload">The frame's bytes.</param>
internal readonly record struct NutFrame(int Stream, long Present, bool IsKey, ReadOnlyMemory<byte> Payload);

/// <summary>FFmpeg's NUT tags of the supported codecs.</summary>
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

    /// <summary>AAC: the WAV format tag 0x00ff, little-endian, in four bytes.</summary>
    public const string Aac = "\u00ff\0\0\0";

    /// <summary>AC-3 and E-AC-3, which share a tag.</summary>
    public const string Ac3 = "\0\u0020\0\0";

    /// <summary>FLAC.</summary>
    public const string Flac = "\u00ac\u00f1\0\0";

    /// <summary>Opus.</summary>
    public const string Opus = "Opus";
}

/// <summary>Invalid or unsupported NUT. The sending process is trusted, but its input is not.</summary>
public sealed class InvalidNutException(string message) : IOException(message);
