namespace Broadcast.Control.Events;

/// <summary>Occurrence of a series with its sent reminders.</summary>
/// <param name="Id">Id of the occurrence.</param>
/// <param name="Day">Day of the occurrence in the series' time zone.</param>
/// <param name="StartsAt">Planned start.</param>
/// <param name="SentMinutes">Sent reminders, in minutes before the start.</param>
internal sealed record OccurrenceReminders(string Id, DateOnly Day, DateTimeOffset StartsAt, IReadOnlyList<int> SentMinutes);

/// <summary>
/// Decides which reminders count as sent when the occurrences of a series are recreated with other times. A reminder counts as sent if it
/// is also due for the new start. One that is in the future for the new start is sent again, because the earlier one is no longer correct.
/// </summary>
internal static class ReminderCarryOver
{
    /// <summary>Computes the reminders that count as sent.</summary>
    /// <param name="before">Previous occurrences with their sent reminders.</param>
    /// <param name="after">New occurrences.</param>
    /// <param name="now">Current time.</param>
    /// <returns>Ids of new occurrences with the minutes of reminders that count as sent.</returns>
    public static IReadOnlyList<(string Id, int Minutes)> Carry(IReadOnlyList<OccurrenceReminders> before,
        IReadOnlyList<OccurrenceReminders> after, DateTimeOffset now)
    {
        var carried = new List<(string, int)>();
        foreach (var (old, created) in MatchOccurrences(before, after))
        {
            carried.AddRange(old.SentMinutes.Where(minutes => created.StartsAt - TimeSpan.FromMinutes(minutes) <= now)
                .Select(minutes => (created.Id, minutes)));
        }

        return carried;
    }

    // Occurrences are matched by day. If the days changed too, the remaining ones are matched in order.
    private static IEnumerable<(OccurrenceReminders Before, OccurrenceReminders After)> MatchOccurrences(
        IReadOnlyList<OccurrenceReminders> before, IReadOnlyList<OccurrenceReminders> after)
    {
        var days = after.GroupBy(created => created.Day).ToDictionary(day => day.Key, day => day.First());
        var unmatched = new List<OccurrenceReminders>();
        var matched = new HashSet<string>(StringComparer.Ordinal);
        foreach (var old in before.OrderBy(old => old.StartsAt))
        {
            if (days.TryGetValue(old.Day, out var same))
            {
                matched.Add(same.Id);
                yield return (old, same);
            }
            else
            {
                unmatched.Add(old);
            }
        }

        foreach (var pair in unmatched.Zip(after.Where(created => !matched.Contains(created.Id)).OrderBy(created => created.StartsAt)))
        {
            yield return pair;
        }
    }
}
