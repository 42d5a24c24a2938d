using Broadcast.Media;

namespace Broadcast.Transcoder.Ladder;

/// <summary>What comes of the rungs that a channel asks for itself. Pure. They have the names and bits that it gave them, and of the source what it cannot choose: the shape, and pictures that are there.</summary>
internal static class OwnRungs
{
    /// <summary>
    /// Rungs asked for with less than this share of the source's pictures get half of them, the others all: of 60, all for a wanted 60 or 50, half for a wanted 40, 30 or 24. Only these two can be had without
    /// pictures that last unequally long; this is where one is as near as the other.
    /// </summary>
    private const double Nearer = 0.75;

    /// <summary>
    /// Plans the rungs, the largest first. None is larger than the source or has more pictures. One that comes out like the source, or like one before it, in size and pictures is left out, and so is one of which
    /// almost nothing would be seen.
    /// </summary>
    /// <param name="wanted">What the channel asks for.</param>
    /// <param name="source">The source's pictures.</param>
    public static IReadOnlyList<Rung> Plan(IReadOnlyList<WantedRung> wanted, PictureFormat source)
    {
        var (width, height, rate) = (source.DisplayWidth, source.Height, LadderPlan.RateOf(source));
        var rungs = new List<Rung>(wanted.Count);
        foreach (var rung in wanted)
        {
            var (across, down) = rung.Fit(width, height);
            var isHalfRate = rung.FramesPerSecond > 0 && rung.FramesPerSecond < rate * Nearer;
            var isSource = !isHalfRate && across >= width - 1 && down >= height - 1;
            if (!isSource && Math.Min(across, down) >= LadderPlan.LeastSide && !rungs.Exists(r => (r.Width, r.Height, r.IsHalfRate) == (across, down, isHalfRate)))
            {
                rungs.Add(new Rung(rung.Name, across, down, isHalfRate, rung.BitsPerSecond));
            }
        }

        return [.. rungs.OrderByDescending(r => (long)r.Width * r.Height).ThenBy(r => r.IsHalfRate)];
    }
}
