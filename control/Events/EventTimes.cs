using System.Globalization;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>When events are: what is asked for, in their time zone, and who is in the way.</summary>
internal static class EventTimes
{
    /// <summary>Most occurrences that are looked at to see whether a series is in its own way.</summary>
    private const int Looked = 200;

    /// <summary>Gives an event the times that are asked for.</summary>
    /// <exception cref="ControlException">They are none that it can have.</exception>
    public static EventRow Apply(EventRow row, EventSettings settings, bool isNew, DateTimeOffset now)
    {
        if (!WallClock.TryFind(row.TimeZone, out var zone))
        {
            throw new ControlException([new("timeZone", $"The time zone '{row.TimeZone}' is not known on this machine.")]);
        }

        var length = row.EndsAt - row.StartsAt;
        if (settings.Start is { } asked && row.StateOf == EventState.Live && asked.In(zone) != row.StartsAt)
        {
            throw new ControlException([new("start", "The event is live; its start is past.")]);
        }

        if (isNew && settings.Recurrence is { Length: > 0 })
        {
            row = row with { Kind = "series" };
        }
        else if (row.KindOf != EventKind.Series && settings.Recurrence is { Length: > 0 })
        {
            throw new ControlException([new("recurrence", "Only a series has a recurrence; make a new event for one.")]);
        }
        else if (row.KindOf == EventKind.Series && settings.Recurrence is { Length: 0 })
        {
            throw new ControlException([new("recurrence", "A series keeps its recurrence; cancel it, or give it an UNTIL.")]);
        }

        if (row.KindOf != EventKind.Series)
        {
            var start = settings.Start?.In(zone) ?? row.StartsAt;
            row = row with { StartsAt = start, EndsAt = settings.End?.In(zone) ?? start + length };
            EventRules.Refuse(settings.Start is null && settings.End is null ? [] : EventRules.Mistakes(row.StartsAt, row.EndsAt, now));
            return row;
        }

        // A series is what clocks show: in another time zone it is at the same time of day there.
        var wall = settings.Start?.WallIn(zone) ?? row.WallOf!.Value;
        var first = WallClock.ToInstant(wall, zone);
        row = row with { PlannedWall = WallClock.Format(wall), StartsAt = first, EndsAt = settings.End?.In(zone) ?? first + length };
        if (settings.Recurrence is { } text && RecurrenceRule.TryParse(text, out var given, out _))
        {
            row = row with { Recurrence = given.ToString() };
        }

        if (isNew || settings.Start is not null || settings.End is not null || settings.Recurrence is not null || settings.TimeZone is not null)
        {
            EventRules.Refuse(SeriesMistakes(row, wall, zone, isNew, now));
        }

        return row;
    }

    /// <summary>Says which event is in the way of another.</summary>
    public static async Task<string> ClashAsync(NpgsqlConnection connection, EventRow row, string id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var times = row.KindOf == EventKind.Series && RecurrenceRule.TryParse(row.Recurrence, out var rule, out _) && WallClock.TryFind(row.TimeZone, out var zone)
            ? EventSeries.Plan(rule, row.WallOf!.Value, zone, now, now + EventRules.Horizon).Select(r => r.At).ToList()
            : [row.StartsAt];
        var other = (await connection.QueryAsync<Clash>(new CommandDefinition(
            """
            SELECT x.id, x.title, x.claims_from AS startsAt, x.ends_at AS endsAt FROM events x JOIN unnest(@starts::text[], @ends::text[]) AS o (starts_at, ends_at)
                ON (x.claims_from < o.ends_at::timestamptz AND x.ends_at > o.starts_at::timestamptz) OR (x.state IN ('preview', 'live') AND o.starts_at::timestamptz <= @now)
            WHERE x.channel_id = @channel AND x.kind <> 'series' AND x.state IN ('scheduled', 'preview', 'live') AND x.id <> @id ORDER BY x.starts_at LIMIT 1
            """,
            new
            {
                channel = row.ChannelId, id, now, starts = times.Select(EventRow.Text).ToArray(), ends = times.Select(t => EventRow.Text(t + (row.EndsAt - row.StartsAt))).ToArray(),
            },
            cancellationToken: cancellationToken))).ToList();
        return other is [var one, ..]
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Channel '{row.Channel}' is taken by event '{one.Title}' ({one.Id}), {one.StartsAt:yyyy-MM-dd HH:mm:ss} to {one.EndsAt:yyyy-MM-dd HH:mm:ss} UTC. Choose another time or channel, or change that one.")
            : $"Another event has just taken channel '{row.Channel}' at that time. Look at 'broadcast event list' and choose another time or channel.";
    }

    private static IEnumerable<Mistake> SeriesMistakes(EventRow row, DateTime wall, TimeZoneInfo zone, bool isNew, DateTimeOffset now)
    {
        if (!RecurrenceRule.TryParse(row.Recurrence, out var rule, out var mistake))
        {
            return [new("recurrence", mistake)];
        }

        var length = row.EndsAt - row.StartsAt;
        if (length < EventRules.Shortest || length > EventRules.Longest)
        {
            return [new("end", "An event is 1 minute to 7 days long: 'end' must be that much after 'start'.")];
        }

        if (wall.Year is < 1980 or > 2200 || row.StartsAt > now + EventRules.Furthest || (isNew && row.StartsAt < now - EventRules.Furthest))
        {
            return [new("start", "The first occurrence is at most ten years away.")];
        }

        var all = Recurrence.Expand(rule, wall, zone).Where(r => r.At + length > now).Take(Looked).ToList();
        if (all.Count == 0)
        {
            return [new("recurrence", "The rule has no occurrence that is to come.")];
        }

        // Calendars differ on what a first time that the rule does not name means (RFC 5545, 3.8.5.3: it is not defined).
        if (Recurrence.Expand(rule, wall, zone).First() is var first && first.Wall != wall)
        {
            return [new("start", $"The rule does not name the day of 'start'; the first day that it names is {WallClock.Format(first.Wall)}.")];
        }

        return all.Zip(all.Skip(1)).Any(pair => pair.First.At + length > pair.Second.At) ? [new("recurrence", "Its occurrences would overlap: they are longer than the time between two.")] : [];
    }

    private sealed record Clash(string Id, string Title, DateTimeOffset StartsAt, DateTimeOffset EndsAt);
}
