using System.Globalization;
using Broadcast.Database;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Events;

/// <summary>Resolves the times of events in their time zones and finds conflicting events.</summary>
internal static class EventTimeResolver
{
    /// <summary>Maximum number of occurrences checked for overlaps within a series.</summary>
    private const int MaxOverlapChecks = 200;

    /// <summary>Applies the requested times to an event.</summary>
    /// <exception cref="OperationException">The times are invalid for the event.</exception>
    public static EventRow Apply(EventRow row, EventSettings settings, bool isNew, DateTimeOffset now)
    {
        if (!LocalDateTime.TryFind(row.TimeZone, out var zone))
        {
            throw new OperationException([new("timeZone", $"The time zone '{row.TimeZone}' is unknown on this machine.")]);
        }

        var length = row.EndsAt - row.StartsAt;
        if (settings.Start is { } requestedStart && row.StateOf == EventState.Live && requestedStart.ToInstant(zone) != row.StartsAt)
        {
            throw new OperationException([new("start", "The event is live; its start has passed.")]);
        }

        if (isNew && settings.Recurrence is { Length: > 0 })
        {
            row = row with { Kind = "series" };
        }
        else if (row.KindOf != EventKind.Series && settings.Recurrence is { Length: > 0 })
        {
            throw new OperationException([new("recurrence", "Only a series has a recurrence; create a new event for one.")]);
        }
        else if (row.KindOf == EventKind.Series && settings.Recurrence is { Length: 0 })
        {
            throw new OperationException(
                [new("recurrence", "The recurrence of a series cannot be removed; cancel the series, or set an UNTIL.")]);
        }

        if (row.KindOf != EventKind.Series)
        {
            var start = settings.Start?.ToInstant(zone) ?? row.StartsAt;
            row = row with { StartsAt = start, EndsAt = settings.End?.ToInstant(zone) ?? start + length };
            EventRules.ThrowIfInvalid(settings.Start is null
                && settings.End is null ? [] : EventRules.Validate(row.StartsAt, row.EndsAt, now));
            return row;
        }

        // A series is defined in local time: in another time zone it starts at the same time of day there.
        var localStart = settings.Start?.ToLocal(zone) ?? row.LocalStartTime!.Value;
        var first = LocalDateTime.ToInstant(localStart, zone);
        row = row with { LocalStart = LocalDateTime.Format(localStart), StartsAt = first, EndsAt = settings.End?.ToInstant(zone)
            ?? first + length };
        if (settings.Recurrence is { } text && RecurrenceRule.TryParse(text, out var rule, out _))
        {
            row = row with { Recurrence = rule.ToString() };
        }

        if (isNew || settings.Start is not null || settings.End is not null || settings.Recurrence is not null
            || settings.TimeZone is not null)
        {
            EventRules.ThrowIfInvalid(ValidateSeries(row, localStart, zone, isNew, now));
        }

        return row;
    }

    /// <summary>Names the event that conflicts with another.</summary>
    public static async Task<string> DescribeConflictAsync(NpgsqlConnection connection, EventRow row, string id, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var times = row.KindOf == EventKind.Series && RecurrenceRule.TryParse(row.Recurrence, out var rule, out _)
            && LocalDateTime.TryFind(row.TimeZone, out var zone)
            ? EventSeries.Plan(rule, row.LocalStartTime!.Value, zone, now, now + EventRules.Horizon).Select(r => r.At).ToList()
            : [row.StartsAt];
        var other = (await connection.QueryAsync<ScheduleConflict>(new CommandDefinition(
            """
            SELECT x.id, x.title, x.claims_from AS startsAt, x.ends_at AS endsAt FROM events x JOIN unnest(@starts::text[],
                @ends::text[]) AS o (starts_at, ends_at)
                ON (x.claims_from < o.ends_at::timestamptz AND x.ends_at > o.starts_at::timestamptz) OR (x.state IN ('preview', 'live')
                AND o.starts_at::timestamptz <= @now)
            WHERE x.channel_id = @channel AND x.kind <> 'series' AND x.state IN ('scheduled', 'preview', 'live') AND x.id <> @id
                ORDER BY x.starts_at LIMIT 1
            """,
            new
            {
                channel = row.ChannelId, id, now, starts = times.Select(EventRow.Text).ToArray(),
                ends = times.Select(t => EventRow.Text(t + (row.EndsAt - row.StartsAt))).ToArray(),
            },
            cancellationToken: cancellationToken))).ToList();
        return other is [var conflict, ..]
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Channel '{row.Channel}' is in use by event '{conflict.Title}' ({conflict.Id}), {conflict.StartsAt:yyyy-MM-dd HH:mm:ss} to {conflict.EndsAt:yyyy-MM-dd HH:mm:ss} UTC. Choose another time or channel, or change that event.")
            : $"Another event was just created on channel '{row.Channel}' at that time. See 'broadcast event list' and choose another "
                + "time or channel.";
    }

    private static IEnumerable<ValidationError> ValidateSeries(EventRow row, DateTime localStart, TimeZoneInfo zone, bool isNew,
        DateTimeOffset now)
    {
        if (!RecurrenceRule.TryParse(row.Recurrence, out var rule, out var error))
        {
            return [new("recurrence", error)];
        }

        var length = row.EndsAt - row.StartsAt;
        if (length < EventRules.MinDuration || length > EventRules.MaxDuration)
        {
            return [new("end", "An event must be 1 minute to 7 days long: 'end' must be that much after 'start'.")];
        }

        if (localStart.Year is < 1980 or > 2200 || row.StartsAt > now + EventRules.MaxAhead
            || (isNew && row.StartsAt < now - EventRules.MaxAhead))
        {
            return [new("start", "The first occurrence must be at most ten years away.")];
        }

        var all = Recurrence.Expand(rule, localStart, zone).Where(r => r.At + length > now).Take(MaxOverlapChecks).ToList();
        if (all.Count == 0)
        {
            return [new("recurrence", "The rule has no future occurrence, or too long a time lies between two. Use a simpler rule.")];
        }

        // Calendar programs differ on a DTSTART that the rule does not produce (RFC 5545, 3.8.5.3: undefined).
        if (Recurrence.Expand(rule, localStart, zone).First() is var first && first.LocalTime != localStart)
        {
            return [
                new("start", $"The rule does not include the day of 'start'; its first day is {LocalDateTime.Format(first.LocalTime)}.")];
        }

        return all.Zip(all.Skip(1)).Any(pair => pair.First.At + length > pair.Second.At)
            ? [new("recurrence", "The occurrences would overlap: each is longer than the time between two.")] : [];
    }

    private sealed record ScheduleConflict(string Id, string Title, DateTimeOffset StartsAt, DateTimeOffset EndsAt);
}
