namespace Broadcast.Media.Timeline;

/// <summary>Numbers of the init segments that index blocks need in a rendition.</summary>
/// <param name="numbers">The numbers.</param>
/// <param name="from">Lowest number from which all are needed, because a block does not list its numbers.</param>
internal sealed class NeededInits(IReadOnlySet<int> numbers, int from)
{
    /// <summary>Combines ranges of a rendition.</summary>
    public static NeededInits Of(IEnumerable<IndexBlockRange> ranges)
    {
        var (numbers, from) = (new HashSet<int>(), int.MaxValue);
        foreach (var range in ranges)
        {
            if (range.Inits is { } listed)
            {
                numbers.UnionWith(listed);
            }
            else
            {
                from = Math.Min(from, range.Init);
            }
        }

        return new NeededInits(numbers, from);
    }

    /// <summary>Returns whether an init segment is needed.</summary>
    public bool Contains(int number) => number >= from || numbers.Contains(number);
}
