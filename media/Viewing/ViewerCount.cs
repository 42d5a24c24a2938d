namespace Broadcast.Media;

/// <summary>
/// Which pages tell of themselves when not all shall. A page makes up a random id when it is loaded; it is in the sample of level n when the first n bits of its id are 0, which is one page in 2^n. Samples lie within
/// each other: whoever is in one is in those of all lower levels.
/// </summary>
public static class ViewerShare
{
    /// <summary>The deepest level: one page in a million.</summary>
    public const int MaxLevel = 20;

    /// <summary>Whether an id is in the sample of a level.</summary>
    /// <param name="id">The id.</param>
    /// <param name="level">0 (all) to <see cref="MaxLevel"/>.</param>
    public static bool Has(ulong id, int level) => level == 0 || id >> (64 - level) == 0;

    /// <summary>The share of pages that are in a level's sample, above 0 to 1.</summary>
    public static double Of(int level) => 1.0 / (1L << level);
}

/// <summary>How many watch a channel as one process saw it, and enough of their ids to find out whom another process saw too.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Viewers">How many, an estimate where not all pages tell of themselves.</param>
/// <param name="Level">The level of <see cref="ViewerShare"/> that this process can bear; all processes offer the highest that one needs.</param>
/// <param name="Depth">The level whose sample <paramref name="Ids"/> are.</param>
/// <param name="Ids">All ids of that sample, at most <see cref="MaxIds"/>.</param>
public sealed record ViewerSample(ChannelName Channel, long Viewers, int Level, int Depth, IReadOnlyList<ulong> Ids)
{
    /// <summary>Most ids of a sample. What several processes have in common is then told to about 2 %.</summary>
    public const int MaxIds = 2048;

    /// <summary>
    /// How many watch, by what several processes saw. A page that was answered by two of them is one viewer: the sum is made smaller by as much as their samples have in common. With ids of all viewers, as up to
    /// <see cref="MaxIds"/> a process, it is exact.
    /// </summary>
    public static long Together(IReadOnlyCollection<ViewerSample> samples)
    {
        var sum = samples.Sum(sample => sample.Viewers);
        if (samples.Count < 2)
        {
            return sum;
        }

        var depth = samples.Max(sample => sample.Depth);
        var (different, all) = (new HashSet<ulong>(), 0L);
        foreach (var id in samples.SelectMany(sample => sample.Ids).Where(id => ViewerShare.Has(id, depth)))
        {
            different.Add(id);
            all++;
        }

        return all == 0 ? sum : (long)Math.Round(sum * (double)different.Count / all);
    }
}

/// <summary>control asks origin who watches at this process. Answered from memory.</summary>
public interface IViewerCounter
{
    /// <summary>A channel as this process sees it; <see langword="null"/> when nobody was seen there lately. Must not block.</summary>
    ViewerSample? Find(ChannelName channel);

    /// <summary>All channels that somebody watches here.</summary>
    IReadOnlyList<ViewerSample> Read();
}

/// <summary>How many watch a channel.</summary>
/// <param name="Viewers">At all processes together.</param>
/// <param name="Level">The highest level that another process needs (<see cref="ViewerSample.Level"/>).</param>
public readonly record struct AudienceSize(long Viewers, int Level);

/// <summary>origin asks control how many watch at all processes together. Asked for every request, so it answers from memory, also while the database is away.</summary>
public interface IAudienceSizes
{
    /// <summary>How many watch a channel. Must not block.</summary>
    AudienceSize Find(ChannelName channel);
}
