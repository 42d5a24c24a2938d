using Broadcast.Media;

namespace Broadcast.Origin.Counting;

/// <summary>Which share of pages is to tell of itself, so that beacons cost no more than they may whatever the audience is.</summary>
internal static class ShareRules
{
    /// <summary>How often a page that plays tells of itself.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    /// <summary>What a channel may have in any case, in pages that tell of themselves: with fewer a count is worth little. Below this the rate gives way.</summary>
    public const int Fewest = 256;

    // A lower level is taken when its sample would fill this much of the room: with more, the next viewers would bring the level back.
    private const double Easy = 0.6;

    /// <summary>
    /// How many pages of one channel may tell of themselves, so that all channels' together stay within <paramref name="all"/>: those that have fewer tell all, and what they leave is the others' in equal shares.
    /// </summary>
    /// <param name="viewers">Viewers of each channel.</param>
    /// <param name="all">Pages that may tell of themselves.</param>
    public static long MostEach(IEnumerable<long> viewers, int all)
    {
        var (left, each) = ((long)all, (long)all);
        List<long> sizes = [.. viewers.Order()];
        for (var i = 0; i < sizes.Count && sizes[i] <= (each = left / (sizes.Count - i)); i++)
        {
            left -= sizes[i];
        }

        return Math.Max(Fewest, each);
    }

    /// <summary>The level of <see cref="ViewerShare"/> for an audience: at once as deep as it must be, and back only when that fits easily.</summary>
    /// <param name="level">The level now.</param>
    /// <param name="viewers">How many watch.</param>
    /// <param name="most">How many of them may tell of themselves.</param>
    public static int Level(int level, long viewers, long most)
    {
        var needed = Fitting(viewers, most);
        return needed >= level ? needed : Math.Min(level, Fitting(viewers, most * Easy));
    }

    /// <summary>
    /// How many ids of one network are kept in the sample of a level, where <paramref name="limit"/> viewers of it may be counted. That many have this many ids in the sample or fewer, but for
    /// about one time in a thousand: a crowd behind one address loses nobody to chance.
    /// </summary>
    public static int MostOfNetwork(int limit, int level)
    {
        var expected = limit * ViewerShare.Of(level);
        return level == 0 ? limit : (int)Math.Ceiling(expected + (3 * Math.Sqrt(expected)) + 1);
    }

    /// <summary>
    /// How many ids of a sample may be in a deeper one, by those that are not. With <c>x</c> expected by the share these are <c>x + 6√x + 1</c> at most: chance alone does not bring more. Ids are their senders' choice,
    /// and one that was made up to be in a deep sample stood for very many there.
    /// </summary>
    /// <param name="others">Ids of the sample that are not in the deeper one.</param>
    /// <param name="share">What share of the sample the deeper one is; above 0 and below 1.</param>
    public static int MostByChance(int others, double share)
    {
        // x is the share of all, which are the others and those that may be: x = share (others + x + 6√x + 1), solved for √x.
        var root = ((6 * share) + Math.Sqrt((36 * share * share) + (4 * (1 - share) * share * (others + 1.0)))) / (2 * (1 - share));
        return (int)((root * root) + (6 * root) + 1);
    }

    private static int Fitting(long viewers, double most)
    {
        var level = 0;
        while (level < ViewerShare.MaxLevel && viewers * ViewerShare.Of(level) > most)
        {
            level++;
        }

        return level;
    }
}
