using System.Text;
using Broadcast.Media;
using Broadcast.Transcoder.Encoders.Vendors;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// What ffmpeg is asked to do for one session: decode once, scale each rung from the one above it, and encode all of them. A value, so that it can be tested without a process and without the hardware. Sync samples
/// are where the source has them, or at instants of their own (<see cref="Keys"/>), and nowhere else, groups of pictures are closed, there are no B pictures, and times go through unchanged, so that every rung can be cut where the source is.
/// </summary>
/// <param name="Input">Path of the Unix socket that the source comes from, as NUT.</param>
/// <param name="Effort">What to encode, the largest first, at least one; and how hard to try.</param>
/// <param name="Outputs">Path of the Unix socket that each rung goes to, as NUT.</param>
/// <param name="IsHurried">Whether frames come out as soon as they went in, for the price of quality; else the encoder looks ahead by a third of a second.</param>
/// <param name="From">
/// For each rung the presentation time, in ticks of the input, before which pictures are decoded but not encoded: another worker has done that. The first one after it becomes a sync sample. None for all pictures.
/// </param>
internal sealed record EncodeCommand(string Input, Effort Effort, IReadOnlyList<string> Outputs, bool IsHurried, IReadOnlyList<long>? From = null)
{
    /// <summary>Who does it.</summary>
    public Route Route { get; init; } = Route.Processor;

    /// <summary>Path of the render node, for vendors that need one.</summary>
    public string? Node { get; init; }

    /// <summary>How many threads decode and encode.</summary>
    public WorkerThreads Threads { get; init; } = WorkerThreads.For(Environment.ProcessorCount);

    /// <summary>Where sync samples are instead of where the source has them.</summary>
    public KeyInstants? Keys { get; init; }

    /// <summary>Whether pictures of the source may be interlaced. Those that are become whole ones, as many as there were, at their times; the others are left as they are.</summary>
    public bool MayBeInterlaced { get; init; }

    /// <summary>How the source's colors are coded where it is of high dynamic range (<see cref="ToneMapping"/>); <see langword="null"/> where it is not.</summary>
    public CodedColor? HighRange { get; init; }

    /// <summary>One picture for one, of those that are marked; it needs the one behind it, so that all come out one later. The filter counts in half ticks.</summary>
    private static readonly string Deinterlace = Text($"bwdif=mode=send_frame:deint=interlaced,settb=1/{MediaTime.VideoTimescale},");

    private const string EverySecond = @"select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),";

    private VendorParts Parts => VendorParts.Of(Route.Vendor);

    /// <summary>The arguments, one by one; no shell reads them.</summary>
    public IReadOnlyList<string> Arguments()
    {
        List<string> arguments =
        [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", .. Parts.Open(Node, Route.StaysOnDevice),

            // It reads from that socket and nothing else, whatever the source may contain.
            "-protocol_whitelist", "unix",
            "-copyts", "-analyzeduration", "500000", "-fpsprobesize", "0",
            .. Route.StaysOnDevice ? Parts.Decode : ["-threads", Text($"{Threads.Decode}")],
            "-f", "nut", "-i", "unix:" + Input,
            "-filter_complex", Filters(),
        ];
        for (var i = 0; i < Effort.Rungs.Count; i++)
        {
            arguments.AddRange(Output(i));
        }

        return arguments;
    }

    private IEnumerable<string> Output(int index) =>
    [
        "-map", Text($"[out{index}]"), "-fps_mode", "passthrough", "-enc_time_base", Text($"1:{MediaTime.VideoTimescale}"),
        .. PartsOf(index).Encode("h264", new RungOrder(Effort.Rungs[index].BitsPerSecond, Effort.Haste, IsHurried, Threads.Encode)),
        "-force_key_frames", Keys?.Forced(From?[index]) ?? "source",
        "-f", "nut", "-write_index", "0", "-flush_packets", "1", "unix:" + Outputs[index],
    ];

    /// <summary>Who encodes a rung: the hardware, or the processor those beyond what it takes.</summary>
    private VendorParts PartsOf(int index) => index < Route.Rungs ? Parts : SoftwareParts.Instance;

    /// <summary>A cascade: what a rung is scaled to is also what the next one is scaled from. Left-out pictures are never those that the source could begin with, or a rung has to.</summary>
    private string Filters()
    {
        var text = new StringBuilder();
        var from = "0:v:0";

        // From here on down no rung has all pictures, so that what is left out need not be scaled; one above that has half of them leaves them out for itself.
        var half = Effort.Rungs.Count;
        while (half > 0 && Keys is null && IsHalfRate(half - 1))
        {
            half--;
        }

        for (var i = 0; i < Effort.Rungs.Count; i++)
        {
            text.Append(text.Length > 0 ? ";" : "").Append('[').Append(from).Append(']');
            if (i == 0)
            {
                text.Append(Since(Begin)).Append(MayBeInterlaced ? Deinterlace : "");
            }

            if (i == half)
            {
                text.Append(EverySecond);
            }

            text.Append(Scaled(i));
            var own = OwnFilters(i, leavesOut: i < half && Keys is null && IsHalfRate(i));
            from = Text($"next{i}");
            text.Append((own, i == Effort.Rungs.Count - 1) switch
            {
                ("", true) => Text($"[out{i}]"),
                ("", false) => Text($",split=2[out{i}][{from}]"),
                (_, true) => Text($",{own}[out{i}]"),
                _ => Text($",split=2[own{i}][{from}];[own{i}]{own}[out{i}]"),
            });
        }

        return text.ToString();
    }

    private bool IsHalfRate(int index) => Effort.IsHalfRate || Effort.Rungs[index].IsHalfRate;

    /// <summary>From when on the first of the rungs needs pictures.</summary>
    private long Begin => From is { Count: > 0 } ? From.Min() : 0;

    private static string Since(long begin) => begin > 0 ? Text($@"select=gte(pts\,{begin}),") : "";

    /// <summary>What this rung and the next one share.</summary>
    private string Scaled(int index)
    {
        var rung = Effort.Rungs[index];
        if (index == 0 && HighRange is { } color)
        {
            return Text($"{ToneMapping.Before(color)},scale={rung.Width}:{rung.Height}:flags=bicubic,setsar=1,{ToneMapping.Filters},{PartsOf(index).Form}");
        }

        return Route.StaysOnDevice
            ? Text($"{(index == 0 ? Parts.Enter : "")}{Parts.Scale(rung.Width, rung.Height)},setsar=1")
            : Text($"scale={rung.Width}:{rung.Height}:flags=bicubic,setsar=1,{PartsOf(index).Form}");
    }

    /// <summary>What lies between a scaled picture and its encoder: those that a rung has already, or shall not have, are left out, the others brought to where the encoder is.</summary>
    private string OwnFilters(int index, bool leavesOut) =>
        string.Concat(leavesOut ? EverySecond : "", From is not null && From[index] > Begin ? Since(From[index]) : "", KeptOfHalf(index), Transfer(index)).TrimEnd(',');

    /// <summary>Where keyframes are at instants of their own, each rung leaves out pictures for itself, counted from its first one, as those are.</summary>
    private string KeptOfHalf(int index) => Keys is { } keys && IsHalfRate(index) ? $@"select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2){keys.Kept(From?[index])}," : "";

    private string Transfer(int index) => (Route.StaysOnDevice, index < Route.Rungs) switch
    {
        (true, false) => "hwdownload,format=nv12,format=yuv420p",
        (false, true) => Parts.Upload,
        _ => "",
    };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
