using Dapper;
using Npgsql;

namespace Broadcast.Control.Events;

/// <summary>Operation that changes the state of an event.</summary>
internal enum EventOperation
{
    /// <summary>The schedule decided (<see cref="EventStateMachine"/>).</summary>
    Schedule,

    /// <summary>A user makes the event live, at any time before its planned end.</summary>
    GoLive,

    /// <summary>A user ends the event and its session.</summary>
    End,

    /// <summary>A user cancels the event, or a series with its scheduled occurrences.</summary>
    Cancel,

    /// <summary>The recurrence rule of a series has no later occurrence.</summary>
    EndSeries,
}

/// <summary>Change of one event to another state.</summary>
/// <param name="Operation">Operation that changes the state.</param>
/// <param name="Id">Id of the event.</param>
/// <param name="To">New state.</param>
/// <param name="Reason">Human-readable reason; longer ones are cut to <see cref="EventTransitions.MaxReason"/>.</param>
/// <param name="EndsSession">Whether the channel's session ends, its encoder is disconnected, and a cooldown starts.</param>
internal readonly record struct EventStateChange(EventOperation Operation, string Id, EventState To, string Reason, bool EndsSession)
{
    /// <summary>State on which the decision is based; <see langword="null"/> for any allowed one.</summary>
    public EventState? From { get; init; }

    /// <summary>Revision on which the decision is based; <see langword="null"/> for any.</summary>
    public int? Revision { get; init; }
}

/// <summary>The allowed transitions of events, and the only statement that changes a state.</summary>
internal static class EventTransitions
{
    /// <summary>Maximum length of reasons, in characters.</summary>
    public const int MaxReason = 500;

    /// <summary>Allowed transitions of each operation. Ended and cancelled events stay so.</summary>
    public static IReadOnlyList<(EventOperation Operation, EventState From, EventState To)> Allowed { get; } =
    [
        (EventOperation.Schedule, EventState.Scheduled, EventState.Preview),
        (EventOperation.Schedule, EventState.Scheduled, EventState.Ended),
        (EventOperation.Schedule, EventState.Preview, EventState.Live),
        (EventOperation.Schedule, EventState.Preview, EventState.Ended),
        (EventOperation.Schedule, EventState.Live, EventState.Ended),
        (EventOperation.GoLive, EventState.Scheduled, EventState.Live),
        (EventOperation.GoLive, EventState.Preview, EventState.Live),
        (EventOperation.End, EventState.Preview, EventState.Ended),
        (EventOperation.End, EventState.Live, EventState.Ended),
        (EventOperation.Cancel, EventState.Scheduled, EventState.Cancelled),
        (EventOperation.Cancel, EventState.Preview, EventState.Cancelled),
        (EventOperation.EndSeries, EventState.Scheduled, EventState.Ended),
    ];

    // A change by a user counts as a change of the event; one by the schedule does not. A canceled event has another revision, because
    // calendars must replace it.
    private const string Sql = """
        UPDATE events SET state = @to, reason = @reason, state_since = @now,
            closes_session = closes_session OR @endsSession,
            cooldown_until = CASE WHEN @endsSession AND EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = events.channel_id
            AND s.ended_at IS NULL) THEN @cooldown ELSE cooldown_until END,
            went_live_at = CASE WHEN @to = 'live' THEN @now ELSE went_live_at END,
            ended_at = CASE WHEN @to = 'ended' THEN @now ELSE ended_at END,
            late_since = CASE WHEN @goesLive THEN NULL ELSE late_since END,
            claims_from = CASE WHEN @goesLive THEN least(claims_from, @now) ELSE claims_from END,
            revision = CASE WHEN @to = 'cancelled' THEN revision + 1 ELSE revision END,
            updated_at = CASE WHEN @isByUser THEN @now ELSE updated_at END
        WHERE state = ANY(@from) AND (@revision::int IS NULL OR revision = @revision)
            AND (id = @id OR (@to = 'cancelled' AND series_id = @id AND state = 'scheduled'))
        """;

    /// <summary>Returns the error of a user's operation on an event; <see langword="null"/> when the operation is allowed.</summary>
    public static string? ErrorOf(EventOperation operation, EventRow row, DateTimeOffset now) => operation switch
    {
        EventOperation.GoLive or EventOperation.End when row.KindOf == EventKind.Series =>
            $"Event '{row.Title}' is a series; specify one of its occurrences instead.",
        EventOperation.GoLive when !Sources(operation, EventState.Live).Contains(row.StateOf) =>
            $"Event '{row.Title}' is {row.State}; only one that is scheduled or in preview can go live.",
        EventOperation.GoLive when row.EndsAt <= now => $"The planned end of event '{row.Title}' has passed. Set a later end first.",
        EventOperation.End when !Sources(operation, EventState.Ended).Contains(row.StateOf) =>
            $"Event '{row.Title}' is {row.State}; only one that is live or in preview can be ended.",
        EventOperation.Cancel when !Sources(operation, EventState.Cancelled).Contains(row.StateOf) => row.StateOf switch
        {
            EventState.Live => $"Event '{row.Title}' is live; end it instead.",
            EventState.Cancelled => $"Event '{row.Title}' is already cancelled.",
            _ => $"Event '{row.Title}' is over.",
        },
        _ => null,
    };

    /// <summary>Applies a change to an event that is in an allowed state.</summary>
    /// <returns>Whether the event, or an occurrence of it, has changed; <see langword="false"/> when it is in another state.</returns>
    /// <exception cref="InvalidOperationException">The operation has no transition to the new state.</exception>
    public static async Task<bool> ApplyAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, EventStateChange change, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var from = Sources(change.Operation, change.To).Where(state => change.From is not { } required || state == required)
            .Select(EventRules.Name).ToArray();
        if (from.Length == 0)
        {
            throw new InvalidOperationException(
                $"{change.Operation} has no transition from {change.From?.ToString() ?? "any state"} to {change.To}.");
        }

        return await connection.ExecuteAsync(new CommandDefinition(
            Sql,
            new
            {
                id = change.Id, from, to = EventRules.Name(change.To), now, cooldown = now + EventRules.Cooldown,
                revision = change.Revision, endsSession = change.EndsSession,
                reason = change.Reason.Length > MaxReason ? change.Reason[..MaxReason] : change.Reason,
                goesLive = change.Operation == EventOperation.GoLive,
                isByUser = change.Operation is EventOperation.GoLive or EventOperation.End or EventOperation.Cancel,
            },
            transaction,
            cancellationToken: cancellationToken)) > 0;
    }

    private static IEnumerable<EventState> Sources(EventOperation operation, EventState to) =>
        Allowed.Where(allowed => allowed.Operation == operation && allowed.To == to).Select(allowed => allowed.From);
}
