using System.Globalization;

namespace Broadcast.Transcoder.Slate;

/// <summary>How a slate's pictures shall be: as the source's were, so that players need not change their size or pace.</summary>
/// <param name="Width">Coded pixels across, even.</param>
/// <param name="Height">Coded pixels down, even.</param>
/// <param name="SampleAspectWidth">Width of a pixel's shape, 1 or more.</param>
/// <param name="SampleAspectHeight">Height of a pixel's shape, 1 or more.</param>
/// <param name="Step">Ticks of 90 kHz from picture to picture.</param>
internal sealed record SlateFormat(int Width, int Height, int SampleAspectWidth, int SampleAspectHeight, int Step)
{
    private const int Clock = 90_000;

    /// <summary>Fewest and most pictures a second.</summary>
    private const int Slowest = 10, Fastest = 60;

    /// <summary>The format for a source.</summary>
    /// <param name="width">Coded pixels across.</param>
    /// <param name="height">Coded pixels down.</param>
    /// <param name="aspectWidth">Width of a pixel's shape; 0 when unknown.</param>
    /// <param name="aspectHeight">Height of a pixel's shape; 0 when unknown.</param>
    /// <param name="step">Ticks from its newest picture but one to its newest; 0 when unknown.</param>
    public static SlateFormat For(int width, int height, int aspectWidth, int aspectHeight, long step) => new(
        Math.Max(16, width & ~1), Math.Max(16, height & ~1), aspectHeight > 0 ? Math.Max(1, aspectWidth) : 1, aspectWidth > 0 ? Math.Max(1, aspectHeight) : 1,
        step <= 0 ? Clock / 30 : (int)Math.Clamp(step, Clock / Fastest, Clock / Slowest));

    /// <summary>Pictures in a time, at least one.</summary>
    public int Pictures(TimeSpan time) => Math.Max(1, (int)Math.Round(time.TotalSeconds * Clock / Step));
}

/// <summary>
/// What ffmpeg is asked to do for a slate: decode the last pictures of the source, let the very last one stand, then show the slate's picture or clip, all as H.264 on its standard output. A value, so that it
/// can be tested without a process.
/// </summary>
/// <param name="Group">File with the source's pictures from the last keyframe on, as NUT; <see langword="null"/> when there are none to decode.</param>
/// <param name="Last">Presentation time of the last of them, in ticks of the file.</param>
/// <param name="Picture">File of the slate.</param>
/// <param name="IsClip">Whether it is a clip rather than a picture.</param>
/// <param name="Format">What comes out.</param>
/// <param name="Hold">Pictures that the last one stands for; 0 when there is none.</param>
internal sealed record SlateCommand(string? Group, long Last, string Picture, bool IsClip, SlateFormat Format, int Hold)
{
    /// <summary>Length of a group of pictures, and of a slate that does not move, after which it begins again.</summary>
    public static readonly TimeSpan Loop = TimeSpan.FromSeconds(2);

    /// <summary>Number of the slate's parameter sets.</summary>
    public const int ParameterSetId = 23;

    /// <summary>Longest clip; what follows is not shown.</summary>
    public static readonly TimeSpan LongestClip = TimeSpan.FromSeconds(30);

    /// <summary>The picture, from 0, from which on it all comes again and again.</summary>
    public int Again => AgainAt(Format, Hold, IsClip);

    /// <summary>
    /// As <see cref="Again"/>. A picture that does not move comes again where a group of pictures does: so keyframes follow each other like clockwork from the first, through the one that stands, and segments are as long as
    /// the encoder's mostly were. A clip comes again from its begin.
    /// </summary>
    public static int AgainAt(SlateFormat format, int hold, bool isClip)
    {
        var group = format.Pictures(Loop);
        return isClip ? hold : (hold + group - 1) / group * group;
    }

    /// <summary>The arguments, one by one; no shell reads them.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-protocol_whitelist", "file,pipe", "-threads", "2",
        .. (IEnumerable<string>)(Group is null ? [] : ["-copyts", "-f", "nut", "-i", Group]),
        "-protocol_whitelist", "file,pipe", .. (IEnumerable<string>)(IsClip ? ["-t", Text($"{LongestClip.TotalSeconds}")] : []), "-i", Picture,
        "-filter_complex", Filters(), "-map", "[out]", "-fps_mode", "passthrough",
        "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "high", "-bf", "0", "-crf", "23", "-maxrate", "4000000", "-bufsize", "4000000",
        "-g", Text($"{Format.Pictures(Loop)}"), "-sc_threshold", "0", "-force_key_frames", Text($"{(double)Again * Format.Step / 90_000:0.######}"), "-forced-idr", "1", "-flags", "+cgop",

        // A number that no source uses: its own parameter sets are what decoders have when it is back.
        "-x264-params", Text($"sps-id={ParameterSetId}"),
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
        "-f", "nut", "-write_index", "0", "-flush_packets", "1", "pipe:1",
    ];

    private string Filters()
    {
        var slate = Text($"scale={Shown()}:{Format.Height}:force_original_aspect_ratio=decrease:out_color_matrix=bt709:out_range=tv,format=yuv420p,")
            + Text($"pad={Shown()}:{Format.Height}:-1:-1:color=0x0b0d12,scale={Format.Width}:{Format.Height},setsar={Format.SampleAspectWidth}/{Format.SampleAspectHeight}");
        slate = IsClip
            ? Text($"[{Input()}:v:0]fps=90000/{Format.Step},{slate}")
            : Text($"[{Input()}:v:0]trim=end_frame=1,{slate},tpad=stop_mode=clone:stop={Again - Hold + Format.Pictures(Loop) - 1}");
        slate += Clock();
        if (Hold == 0)
        {
            return slate + "[out]";
        }

        // Pictures of before the last one are decoded only because it needs them.
        return Text($@"[0:v:0]select=gte(pts\,{Last}),trim=end_frame=1,scale={Format.Width}:{Format.Height}:out_color_matrix=bt709:out_range=tv,format=yuv420p,")
            + Text($"setsar={Format.SampleAspectWidth}/{Format.SampleAspectHeight},tpad=stop_mode=clone:stop={Hold - 1}{Clock()}[hold];{slate}[slate];[hold][slate]concat=n=2:v=1:a=0,fps=90000/{Format.Step}[out]");
    }

    private int Input() => Group is null ? 0 : 1;

    private string Clock() => Text($",settb=1/90000,setpts=N*{Format.Step},fps=90000/{Format.Step}");

    /// <summary>Pixels across if they were square.</summary>
    private int Shown() => Math.Max(16, (int)((long)Format.Width * Format.SampleAspectWidth / Format.SampleAspectHeight) & ~1);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
