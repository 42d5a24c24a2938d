namespace Broadcast.Control;

/// <summary>An occurrence of a series, and what webhooks were reminded of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Day">The day that its rule has it on, in the series' time zone.</param>
/// <param name="StartsAt">When it is to begin.</param>
/// <param name="Told">How many minutes before that a reminder was told; several may be.</param>
internal sealed record RemindedOccurrence(string Id, DateOnly Day, DateTimeOffset StartsAt, IReadOnlyList<int> Told);

/// <summary>
/// Decides which reminders count as told where the occurrences of a series were made anew, because its times were moved: those whose time has come for the new start as well. One that lies ahead for the new start is told again
/// then, because what was told is not so any more.
/// </summary>
internal static class MovedReminders
{
    /// <summary>What counts as told.</summary>
    /// <param name="before">The occurrences that there were, with what was told of them.</param>
    /// <param name="after">Those that took their place.</param>
    /// <param name="now">The time.</param>
    /// <returns>Ids of new occurrences, with the minutes of which no reminder is told any more.</returns>
    public static IReadOnlyList<(string Id, int Minutes)> Carry(IReadOnlyList<RemindedOccurrence> before, IReadOnlyList<RemindedOccurrence> after, DateTimeOffset now)
    {
        var carried = new List<(string, int)>();
        foreach (var (old, made) in Pairs(before, after))
        {
            carried.AddRange(old.Told.Where(minutes => made.StartsAt - TimeSpan.FromMinutes(minutes) <= now).Select(minutes => (made.Id, minutes)));
        }

        return carried;
    }

    // An occurrence keeps its day, as the rest of a series sees it; where the days were moved, too, the first takes the place of the first.
    private static IEnumerable<(RemindedOccurrence Before, RemindedOccurrence After)> Pairs(IReadOnlyList<RemindedOccurrence> before, IReadOnlyList<RemindedOccurrence> after)
    {
        var days = after.GroupBy(made => made.Day).ToDictionary(day => day.Key, day => day.First());
        var left = new List<RemindedOccurrence>();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var old in before.OrderBy(old => old.StartsAt))
        {
            if (days.TryGetValue(old.Day, out var same))
            {
                taken.Add(same.Id);
                yield return (old, same);
            }
            else
            {
                left.Add(old);
            }
        }

        foreach (var pair in left.Zip(after.Where(made => !taken.Contains(made.Id)).OrderBy(made => made.StartsAt)))
        {
            yield return pair;
        }
    }
}
