using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Steady;

/// <summary>
/// The ffmpeg command of a steady encoder: any source becomes H.264 of one size and frame rate. A value, so tests need no process. All
/// processes with the same options write the same parameter sets, so a decoder does not notice when one replaces another. The encoder is
/// x264 for that reason, also where hardware encodes the ladder.
/// </summary>
/// <param name="Input">Address of the socket that delivers the source, as NUT.</param>
/// <param name="Output">Address of the socket of the output, as NUT.</param>
/// <param name="Options">Output format.</param>
/// <param name="Start">
/// Presentation time of the first output frame in ticks of the input, a multiple of the frame interval. Earlier frames are only decoded;
/// if the source starts later, its first frame is repeated.
/// </param>
internal sealed record SteadyCommand(string Input, string Output, SteadyOptions Options, long Start)
{
    /// <summary>Distance of keyframes in seconds, which large platforms require.</summary>
    public const int KeyframeSeconds = 2;

    /// <summary>Number of decoder and encoder threads.</summary>
    public WorkerThreads Threads { get; init; } = WorkerThreads.For(Environment.ProcessorCount);

    /// <summary>Indicates whether source frames may be interlaced.</summary>
    public bool MayBeInterlaced { get; init; }

    /// <summary>Color description of an HDR source (<see cref="ToneMapping"/>); <see langword="null"/> for SDR.</summary>
    public ColorDescription? HdrColor { get; init; }

    /// <summary>The arguments, one per element; no shell parses them.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning",
        "-copyts", "-analyzeduration", "500000", "-fpsprobesize", "0", "-threads", Text($"{Threads.Decode}"),
        .. WorkerInput.VideoSocket(Input).Arguments(),
        "-filter_complex", Filters(), "-map", "[out]", "-fps_mode", "passthrough",
        "-enc_time_base", Text($"1:{MediaTime.VideoTimescale}"),
        "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "high", "-bf", "0",
        .. (IEnumerable<string>)(Threads.Encode > 0 ? ["-threads", Text($"{Threads.Encode}")] : []),
        "-b:v", Text($"{Options.VideoBitsPerSecond}"), "-maxrate", Text($"{Options.VideoBitsPerSecond}"),
        "-bufsize", Text($"{Options.VideoBitsPerSecond}"),
        "-g", Text($"{Options.FrameRate * KeyframeSeconds}"), "-sc_threshold", "0", "-forced-idr", "1", "-flags", "+cgop",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
        "-f", "nut", "-write_index", "0", "-flush_packets", "1", Output,
    ];

    private string Filters()
    {
        var (width, height) = (Options.Width, Options.Height);
        var start = (double)Start / MediaTime.VideoTimescale;
        return Text($"[0:v:0]{(MayBeInterlaced ? Deinterlace : "")}fps=fps={Options.FrameRate}:start_time={start:0.######}:round=near,")
            + (HdrColor is { } color ? Text($"{ToneMapping.SetColorsFilter(color)},{ToneMapping.Filters},") : "")
            + Text($@"scale=w='2*trunc(min({width}\,{height}*dar)/2)':h='2*trunc(min({height}\,{width}/dar)/2)':flags=bicubic")
            + Text($":out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p,pad={width}:{height}:-1:-1:color=black[out]");
    }

    private const string Deinterlace = "bwdif=mode=send_frame:deint=interlaced,";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
