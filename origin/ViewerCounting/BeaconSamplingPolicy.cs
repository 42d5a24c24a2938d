using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.ViewerCounting;

/// <summary>Determines the share of pages that send beacons, so that the beacon rate stays limited for any number of viewers.</summary>
internal static class BeaconSamplingPolicy
{
    /// <summary>Interval of a playing page's beacons.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Minimum sample size of a channel, in pages: smaller samples give poor counts. Takes precedence over the beacon rate.
    /// </summary>
    public const int MinSampleSize = 256;

    // Fraction of the maximum below which a larger sample is chosen: above it, a few more viewers would revert the level.
    private const double LowerLevelFraction = 0.6;

    /// <summary>
    /// Maximum sample size of each channel, so that all channels together stay within <paramref name="all"/>. Channels with fewer viewers
    /// count all of them; the remaining ones share the rest equally.
    /// </summary>
    /// <param name="viewers">Viewers of each channel.</param>
    /// <param name="all">Maximum pages that send beacons.</param>
    public static long MaxPerChannel(IEnumerable<long> viewers, int all)
    {
        var (left, each) = ((long)all, (long)all);
        List<long> sizes = [.. viewers.Order()];
        for (var i = 0; i < sizes.Count && sizes[i] <= (each = left / (sizes.Count - i)); i++)
        {
            left -= sizes[i];
        }

        return Math.Max(MinSampleSize, each);
    }

    /// <summary>
    /// Level of <see cref="BeaconSampling"/> for a number of viewers. It rises at once, and falls only when the larger sample fits easily.
    /// </summary>
    /// <param name="level">The current level.</param>
    /// <param name="viewers">Number of viewers.</param>
    /// <param name="maxSampleSize">Maximum sample size.</param>
    public static int Level(int level, long viewers, long maxSampleSize)
    {
        var needed = Fitting(viewers, maxSampleSize);
        return needed >= level ? needed : Math.Min(level, Fitting(viewers, maxSampleSize * LowerLevelFraction));
    }

    /// <summary>
    /// Maximum ids of one network in the sample of a level, where up to <paramref name="limit"/> of its viewers are counted. That many
    /// viewers have more ids in the sample only about once in a thousand cases, so a crowd behind one address is not undercounted.
    /// </summary>
    public static int MaxPerNetwork(int limit, int level)
    {
        var expected = limit * BeaconSampling.FractionOf(level);
        return level == 0 ? limit : (int)Math.Ceiling(expected + (3 * Math.Sqrt(expected)) + 1);
    }

    /// <summary>
    /// Maximum ids of a sample that may be in a deeper one, given the number of the others. With <c>x</c> expected by the share, this is
    /// <c>x + 6√x + 1</c>; chance alone does not exceed it. Senders choose their ids, and an id forged for a deep sample would stand for
    /// very many viewers.
    /// </summary>
    /// <param name="others">Ids of the sample that are not in the deeper one.</param>
    /// <param name="share">Size of the deeper sample as a fraction of the sample; above 0 and below 1.</param>
    public static int MaxByChance(int others, double share)
    {
        // x is the share of the total, which is others + x + 6√x + 1: x = share (others + x + 6√x + 1), solved for √x.
        var root = ((6 * share) + Math.Sqrt((36 * share * share) + (4 * (1 - share) * share * (others + 1.0)))) / (2 * (1 - share));
        return (int)((root * root) + (6 * root) + 1);
    }

    private static int Fitting(long viewers, double maxSampleSize)
    {
        var level = 0;
        while (level < BeaconSampling.MaxLevel && viewers * BeaconSampling.FractionOf(level) > maxSampleSize)
        {
            level++;
        }

        return level;
    }
}
