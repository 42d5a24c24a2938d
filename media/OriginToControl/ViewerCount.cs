namespace Broadcast.Media.OriginToControl;

/// <summary>
/// Sampling of beacons when not all pages send them. A page generates a random ID when it loads. It belongs to the sample of level n when
/// the first n bits of its ID are 0, which selects one page in 2^n. Samples are nested: a page in one level is in all lower levels.
/// </summary>
public static class BeaconSampling
{
    /// <summary>The highest level: one page in a million.</summary>
    public const int MaxLevel = 20;

    /// <summary>Returns whether an ID is in the sample of a level.</summary>
    /// <param name="id">The ID.</param>
    /// <param name="level">Level 0 (all pages) to <see cref="MaxLevel"/>.</param>
    public static bool Contains(ulong id, int level) => level == 0 || id >> (64 - level) == 0;

    /// <summary>Fraction of pages in the sample of a level, above 0 and up to 1.</summary>
    public static double FractionOf(int level) => 1.0 / (1L << level);
}

/// <summary>Viewer count of a channel at one process, with a sample of viewer IDs to detect viewers counted by several processes.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Viewers">Number of viewers; an estimate when pages are sampled.</param>
/// <param name="Level">Sampling level that this process requires (<see cref="BeaconSampling"/>). All processes use the highest required
/// level.</param>
/// <param name="Depth">Level of the sample in <paramref name="Ids"/>.</param>
/// <param name="Ids">All viewer IDs of that sample, at most <see cref="MaxIds"/>.</param>
public sealed record ViewerSketch(ChannelName Channel, long Viewers, int Level, int Depth, IReadOnlyList<ulong> Ids)
{
    /// <summary>Maximum number of IDs in a sample, which gives the overlap of processes to about 2 %.</summary>
    public const int MaxIds = 2048;

    /// <summary>
    /// Total number of viewers over several processes. A page that was served by two processes counts once: the sum is reduced by the
    /// overlap of the samples. The total is exact when the samples contain all IDs, up to <see cref="MaxIds"/> per process.
    /// </summary>
    public static long Total(IReadOnlyCollection<ViewerSketch> samples)
    {
        var sum = samples.Sum(sample => sample.Viewers);
        if (samples.Count < 2)
        {
            return sum;
        }

        var depth = samples.Max(sample => sample.Depth);
        var (different, all) = (new HashSet<ulong>(), 0L);
        foreach (var id in samples.SelectMany(sample => sample.Ids).Where(id => BeaconSampling.Contains(id, depth)))
        {
            different.Add(id);
            all++;
        }

        return all == 0 ? sum : (long)Math.Round(sum * (double)different.Count / all);
    }
}

/// <summary>Viewers counted by this process, which control requests from the origin; from memory.</summary>
public interface IViewerCounter
{
    /// <summary>Viewers of a channel; <see langword="null"/> when there were none lately. Must not block.</summary>
    ViewerSketch? Find(ChannelName channel);

    /// <summary>Counts of all channels with viewers.</summary>
    IReadOnlyList<ViewerSketch> Read();
}

/// <summary>Total number of viewers of a channel.</summary>
/// <param name="Viewers">Number of viewers over all processes.</param>
/// <param name="Level">Highest sampling level that another process requires (<see cref="ViewerSketch.Level"/>).</param>
public readonly record struct ViewerTotal(long Viewers, int Level);

/// <summary>
/// Viewer totals over all processes, which the origin requests from control. Called on every request, so it answers from memory, even while
/// the database is unavailable.
/// </summary>
public interface IViewerTotals
{
    /// <summary>Viewer total of a channel. Must not block.</summary>
    ViewerTotal Find(ChannelName channel);
}
