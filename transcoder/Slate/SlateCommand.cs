using System.Globalization;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Slate;

/// <summary>Video format of a slate: the same as the source's, so that size and frame rate stay.</summary>
/// <param name="Width">Coded width in pixels, even.</param>
/// <param name="Height">Coded height in pixels, even.</param>
/// <param name="SampleAspectWidth">Sample aspect ratio, width, 1 or more.</param>
/// <param name="SampleAspectHeight">Sample aspect ratio, height, 1 or more.</param>
/// <param name="FrameInterval">Frame interval in 90 kHz ticks.</param>
internal sealed record SlateFormat(int Width, int Height, int SampleAspectWidth, int SampleAspectHeight, int FrameInterval)
{
    private const int Timescale = 90_000;

    /// <summary>Minimum and maximum frame rate.</summary>
    private const int MinFrameRate = 10, MaxFrameRate = 60;

    /// <summary>Derives the format from a source.</summary>
    /// <param name="width">Coded width in pixels.</param>
    /// <param name="height">Coded height in pixels.</param>
    /// <param name="aspectWidth">Sample aspect ratio, width; 0 if unknown.</param>
    /// <param name="aspectHeight">Sample aspect ratio, height; 0 if unknown.</param>
    /// <param name="frameInterval">Ticks between the two newest frames; 0 if unknown.</param>
    public static SlateFormat For(int width, int height, int aspectWidth, int aspectHeight, long frameInterval) => new(
        Math.Max(16, width & ~1), Math.Max(16, height & ~1), aspectHeight > 0 ? Math.Max(1, aspectWidth) : 1,
        aspectWidth > 0 ? Math.Max(1, aspectHeight) : 1,
        frameInterval <= 0 ? Timescale / 30 : (int)Math.Clamp(frameInterval, Timescale / MaxFrameRate, Timescale / MinFrameRate));

    /// <summary>Number of frames in a duration, at least one.</summary>
    public int FramesIn(TimeSpan time) => Math.Max(1, (int)Math.Round(time.TotalSeconds * Timescale / FrameInterval));
}

/// <summary>
/// The ffmpeg command of a slate: decodes the source's last frames, holds the very last one, then shows the slate image or video, all as
/// H.264 on standard output. A value, so tests need no process.
/// </summary>
/// <param name="LastFrameTime">
/// Presentation time of the source's last frame, in ticks of the NUT on standard input, which has the source's frames from the last
/// keyframe on; <see langword="null"/> for no such input.
/// </param>
/// <param name="SlateFile">Path of the slate file.</param>
/// <param name="Type">Type of the file.</param>
/// <param name="Format">Output format.</param>
/// <param name="Hold">Number of times the last frame is repeated; 0 for none.</param>
internal sealed record SlateCommand(long? LastFrameTime, string SlateFile, SlateFileType Type, SlateFormat Format, int Hold)
{
    /// <summary>GOP duration, and duration of a still slate before it repeats.</summary>
    public static readonly TimeSpan Loop = TimeSpan.FromSeconds(2);

    /// <summary>ID of the slate's parameter sets.</summary>
    public const int ParameterSetId = 23;

    /// <summary>Maximum slate video duration; the rest is not shown.</summary>
    public static readonly TimeSpan MaxVideoDuration = TimeSpan.FromSeconds(30);

    /// <summary>Index of the frame at which the loop starts.</summary>
    public int LoopStart => LoopStartOf(Format, Hold, IsVideo);

    private bool IsVideo => Type == SlateFileType.Mp4;

    /// <summary>
    /// As <see cref="LoopStart"/>. A still image repeats at a GOP boundary, so keyframes stay at regular intervals from the first one,
    /// through the held frame, and segments keep the usual duration. A video repeats from its start.
    /// </summary>
    public static int LoopStartOf(SlateFormat format, int hold, bool isVideo)
    {
        var gopLength = format.FramesIn(Loop);
        return isVideo ? hold : (hold + gopLength - 1) / gopLength * gopLength;
    }

    /// <summary>The arguments, one per element; no shell parses them.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning",
        .. (IEnumerable<string>)(LastFrameTime is null ? [] : ["-copyts", "-threads", "2", .. WorkerInput.VideoPipe.Arguments()]),
        "-threads", "2", .. (IEnumerable<string>)(IsVideo ? ["-t", Text($"{MaxVideoDuration.TotalSeconds}"), "-an", "-sn", "-dn"] : []),
        .. WorkerInput.SlateFile(SlateFile, Type).Arguments(),
        "-filter_complex", Filters(), "-map", "[out]", "-fps_mode", "passthrough",
        "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "high", "-bf", "0", "-crf", "23", "-maxrate",
        "4000000", "-bufsize", "4000000",
        "-g", Text($"{Format.FramesIn(Loop)}"), "-sc_threshold", "0", "-force_key_frames",
        Text($"{(double)LoopStart * Format.FrameInterval / 90_000:0.######}"), "-forced-idr", "1", "-flags", "+cgop",

        // An ID that no source uses, so that decoders still have the source's own parameter sets when it returns.
        "-x264-params", Text($"sps-id={ParameterSetId}"),
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
        "-f", "nut", "-write_index", "0", "-flush_packets", "1", "pipe:1",
    ];

    private string Filters()
    {
        var slate =
            Text(
                $"scale={SquarePixelWidth()}:{Format.Height}:force_original_aspect_ratio=decrease:out_color_matrix=bt709:out_range=tv,format=yuv420p,")
            + Text(
                $"pad={SquarePixelWidth()}:{Format.Height}:-1:-1:color=0x0b0d12,scale={Format.Width}:{Format.Height},setsar={Format.SampleAspectWidth}/{Format.SampleAspectHeight}");
        slate = IsVideo
            ? Text($"[{Input()}:v:0]fps=90000/{Format.FrameInterval},{slate}")
            : Text($"[{Input()}:v:0]trim=end_frame=1,{slate},tpad=stop_mode=clone:stop={LoopStart - Hold + Format.FramesIn(Loop) - 1}");
        slate += TimestampFilters();
        if (Hold == 0)
        {
            return slate + "[out]";
        }

        // Frames before the last one are decoded only as references.
        return Text(
            $@"[0:v:0]select=gte(pts\,{LastFrameTime}),trim=end_frame=1,scale={Format.Width}:{Format.Height}:out_color_matrix=bt709:out_range=tv,format=yuv420p,")
            + Text(
                $"setsar={Format.SampleAspectWidth}/{Format.SampleAspectHeight},tpad=stop_mode=clone:stop={Hold - 1}{TimestampFilters()}[hold];{slate}[slate];[hold][slate]concat=n=2:v=1:a=0,fps=90000/{Format.FrameInterval}[out]");
    }

    private int Input() => LastFrameTime is null ? 0 : 1;

    private string TimestampFilters() => Text($",settb=1/90000,setpts=N*{Format.FrameInterval},fps=90000/{Format.FrameInterval}");

    /// <summary>Width in square pixels.</summary>
    private int SquarePixelWidth() => Math.Max(16, (int)((long)Format.Width * Format.SampleAspectWidth / Format.SampleAspectHeight) & ~1);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
