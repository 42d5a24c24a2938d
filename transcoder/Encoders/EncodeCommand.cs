using System.Text;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// The ffmpeg command of one session: decode once, scale each rung from the larger one, encode all. A value, so tests need neither process
/// nor hardware. Sync samples lie where the source has them, or at forced times (<see cref="Keys"/>). GOPs are closed, there are no
/// B-frames, and timestamps pass through. All rungs can thus be segmented where the source is.
/// </summary>
/// <param name="Input">Address of the socket that delivers the source, as NUT.</param>
/// <param name="Profile">Rungs to encode, largest first, at least one; and the speed level.</param>
/// <param name="Outputs">Address of the socket of each rung's output, as NUT.</param>
/// <param name="IsHurried">
/// Whether to encode without lookahead, at lower quality; otherwise the encoder looks ahead by a third of a second.
/// </param>
/// <param name="From">
/// Presentation time per rung, in ticks of the input, before which frames are decoded but not encoded, because another worker encoded them.
/// The first later frame becomes a sync sample. <see langword="null"/> encodes all frames.
/// </param>
internal sealed record EncodeCommand(string Input, EncodeProfile Profile, IReadOnlyList<string> Outputs, bool IsHurried,
    IReadOnlyList<long>? From = null)
{
    /// <summary>Encoder backend and device use.</summary>
    public EncodePath EncodePath { get; init; } = EncodePath.Software;

    /// <summary>Path of the render node, for backends that need one.</summary>
    public string? RenderNode { get; init; }

    /// <summary>Number of decoder and encoder threads.</summary>
    public WorkerThreads Threads { get; init; } = WorkerThreads.For(Environment.ProcessorCount);

    /// <summary>Forced keyframe times; <see langword="null"/> to follow the source's sync samples.</summary>
    public ForcedKeyframeTimes? Keys { get; init; }

    /// <summary>
    /// Indicates whether source frames may be interlaced. Interlaced frames are deinterlaced one for one, with their timestamps; others are
    /// unchanged.
    /// </summary>
    public bool MayBeInterlaced { get; init; }

    /// <summary>Color description of an HDR source (<see cref="ToneMapping"/>); <see langword="null"/> for SDR.</summary>
    public ColorDescription? HdrColor { get; init; }

    /// <summary>
    /// Outputs one frame per flagged frame. The filter needs the next frame, which delays output by one. It counts in half ticks.
    /// </summary>
    private static readonly string Deinterlace = Text($"bwdif=mode=send_frame:deint=interlaced,settb=1/{MediaTime.VideoTimescale},");

    private const string DropEverySecond = @"select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),";

    private EncoderBackend Backend => EncoderBackend.Of(EncodePath.Vendor);

    /// <summary>The arguments, one per element; no shell parses them.</summary>
    public IReadOnlyList<string> Arguments()
    {
        List<string> arguments =
        [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", .. Backend.Open(RenderNode, EncodePath.StaysOnDevice),
            "-copyts", "-analyzeduration", "500000", "-fpsprobesize", "0",
            .. EncodePath.StaysOnDevice ? Backend.Decode : ["-threads", Text($"{Threads.Decode}")],
            .. WorkerInput.VideoSocket(Input).Arguments(),
            "-filter_complex", Filters(),
        ];
        for (var i = 0; i < Profile.Rungs.Count; i++)
        {
            arguments.AddRange(Output(i));
        }

        return arguments;
    }

    private IEnumerable<string> Output(int index) =>
    [
        "-map", Text($"[out{index}]"), "-fps_mode", "passthrough", "-enc_time_base", Text($"1:{MediaTime.VideoTimescale}"),
        .. BackendOf(index)
            .Encode("h264", new RungEncodeSettings(Profile.Rungs[index].BitsPerSecond, Profile.SpeedLevel, IsHurried, Threads.Encode)),
        "-force_key_frames", Keys?.ForceKeyframesArgument(From?[index]) ?? "source",
        "-f", "nut", "-write_index", "0", "-flush_packets", "1", Outputs[index],
    ];

    /// <summary>Backend of a rung: the hardware, or software for rungs beyond the hardware's limit.</summary>
    private EncoderBackend BackendOf(int index) => index < EncodePath.Rungs ? Backend : SoftwareBackend.Instance;

    /// <summary>
    /// Builds a cascade: each rung is scaled from the previous rung. Frame dropping never removes keyframes of the source or of a rung.
    /// </summary>
    private string Filters()
    {
        var text = new StringBuilder();
        var from = "0:v:0";

        // From this index on, all rungs run at half rate, so frames are dropped before scaling. Half-rate rungs above drop frames
        // individually.
        var halfRateFrom = Profile.Rungs.Count;
        while (halfRateFrom > 0 && Keys is null && IsHalfRate(halfRateFrom - 1))
        {
            halfRateFrom--;
        }

        for (var i = 0; i < Profile.Rungs.Count; i++)
        {
            text.Append(text.Length > 0 ? ";" : "").Append('[').Append(from).Append(']');
            if (i == 0)
            {
                text.Append(Since(Start)).Append(MayBeInterlaced ? Deinterlace : "");
            }

            if (i == halfRateFrom)
            {
                text.Append(DropEverySecond);
            }

            text.Append(Scaled(i));
            var ownFilters = OwnFilters(i, leavesOut: i < halfRateFrom && Keys is null && IsHalfRate(i));
            from = Text($"next{i}");
            text.Append((ownFilters, i == Profile.Rungs.Count - 1) switch
            {
                ("", true) => Text($"[out{i}]"),
                ("", false) => Text($",split=2[out{i}][{from}]"),
                (_, true) => Text($",{ownFilters}[out{i}]"),
                _ => Text($",split=2[own{i}][{from}];[own{i}]{ownFilters}[out{i}]"),
            });
        }

        return text.ToString();
    }

    private bool IsHalfRate(int index) => Profile.IsHalfRate || Profile.Rungs[index].IsHalfRate;

    /// <summary>The earliest time at which a rung needs frames.</summary>
    private long Start => From is { Count: > 0 } ? From.Min() : 0;

    private static string Since(long start) => start > 0 ? Text($@"select=gte(pts\,{start}),") : "";

    /// <summary>Filters shared by this rung and the next.</summary>
    private string Scaled(int index)
    {
        var rung = Profile.Rungs[index];
        if (index == 0 && HdrColor is { } color)
        {
            return Text(
                $"{ToneMapping.SetColorsFilter(color)},scale={rung.Width}:{rung.Height}:flags=bicubic,setsar=1,{ToneMapping.Filters},{BackendOf(index).PixelFormatFilter}");
        }

        return EncodePath.StaysOnDevice
            ? Text($"{(index == 0 ? Backend.MapToEncoder : "")}{Backend.Scale(rung.Width, rung.Height)},setsar=1")
            : Text($"scale={rung.Width}:{rung.Height}:flags=bicubic,setsar=1,{BackendOf(index).PixelFormatFilter}");
    }

    /// <summary>
    /// Filters between a scaled frame and its encoder: drop frames that the rung has or does not need, and transfer the rest to the
    /// encoder's device.
    /// </summary>
    private string OwnFilters(int index, bool leavesOut) =>
        string.Concat(leavesOut ? DropEverySecond : "", From is not null && From[index] > Start ? Since(From[index]) : "",
            HalfRateFilter(index), Transfer(index)).TrimEnd(',');

    /// <summary>With forced keyframe times, each rung drops frames individually, counted from its own first frame.</summary>
    private string HalfRateFilter(int index) => Keys is { } keys
        && IsHalfRate(index) ? $@"select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2){keys.SelectCondition(From?[index])}," : "";

    private string Transfer(int index) => (EncodePath.StaysOnDevice, index < EncodePath.Rungs) switch
    {
        (true, false) => "hwdownload,format=nv12,format=yuv420p",
        (false, true) => Backend.Upload,
        _ => "",
    };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
