using Broadcast.Media.Codecs;
using Broadcast.Media.Ladders;

namespace Broadcast.Transcoder.Ladder;

/// <summary>
/// Plans the rungs of a channel's custom ladder. Pure. Names and bitrates come from the ladder; aspect ratio and available frames come from
/// the source.
/// </summary>
internal static class CustomRungs
{
    /// <summary>
    /// Threshold for halving the frame rate, as a share of the source's rate. At 60 fps, a requested 60 or 50 keeps all frames; 40, 30 or
    /// 24 keeps half. Other rates would need frames of unequal duration. At this value both rates are equally close.
    /// </summary>
    private const double HalfRateThreshold = 0.75;

    /// <summary>
    /// Plans the rungs, largest first. None is larger than the source or has a higher frame rate. Rungs that equal the source or an earlier
    /// rung in size and rate are omitted, and so are tiny ones.
    /// </summary>
    /// <param name="specs">The ladder's rungs.</param>
    /// <param name="source">The source's video format.</param>
    public static IReadOnlyList<Rung> Plan(IReadOnlyList<RungSpec> specs, VideoFormat source)
    {
        var (width, height, rate) = (source.DisplayWidth, source.Height, LadderPlan.FrameRateOf(source));
        var rungs = new List<Rung>(specs.Count);
        foreach (var rung in specs)
        {
            var (across, down) = rung.Fit(width, height);
            var isHalfRate = rung.FramesPerSecond > 0 && rung.FramesPerSecond < rate * HalfRateThreshold;
            var isSource = !isHalfRate && across >= width - 1 && down >= height - 1;
            if (!isSource && Math.Min(across, down) >= LadderPlan.MinSide
                && !rungs.Exists(r => (r.Width, r.Height, r.IsHalfRate) == (across, down, isHalfRate)))
            {
                rungs.Add(new Rung(rung.Name, across, down, isHalfRate, rung.BitsPerSecond));
            }
        }

        return [.. rungs.OrderByDescending(r => (long)r.Width * r.Height).ThenBy(r => r.IsHalfRate)];
    }
}
