using System.Globalization;

namespace Broadcast.Control.Events;

/// <summary>Schedule and state of an event, as input of the state machine.</summary>
/// <param name="State">Current state.</param>
/// <param name="StartsAt">Planned start.</param>
/// <param name="EndsAt">Planned end.</param>
/// <param name="Policy">Rules for start and end.</param>
public readonly record struct EventSchedule(EventState State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, EventLifecyclePolicy Policy);

/// <summary>Current conditions for an event.</summary>
/// <param name="Now">Current time.</param>
/// <param name="IsPublishing">Whether an encoder publishes on the channel.</param>
/// <param name="HasSession">Whether the channel has an open session, possibly waiting for its encoder to reconnect.</param>
/// <param name="IsChannelInUse">Whether another event is in preview or live on the channel.</param>
/// <param name="NextStart">Start of the next event on the channel; <see langword="null"/> when none is planned.</param>
public readonly record struct EventConditions(DateTimeOffset Now, bool IsPublishing, bool HasSession, bool IsChannelInUse,
    DateTimeOffset? NextStart);

/// <summary>Decision about an event.</summary>
/// <param name="To">New state; <see langword="null"/> for no change.</param>
/// <param name="Reason">Human-readable reason; empty without a change.</param>
/// <param name="EndsSession">Whether the channel's session ends and its encoder is disconnected.</param>
/// <param name="IsLate">Whether the start has passed without an encoder.</param>
/// <param name="DecideAgainAt">Time at which to decide again; <see langword="null"/> when only other changes matter.</param>
public readonly record struct EventTransition(EventState? To, string Reason, bool EndsSession, bool IsLate, DateTimeOffset? DecideAgainAt);

/// <summary>
/// State machine of events: <c>scheduled → preview → live → ended</c>. The rules for early, late, missing and overrunning encoders are in
/// <c>docs/events.md</c>, one per line; the tests have the same table.
/// </summary>
public static class EventStateMachine
{
    /// <summary>Decides on the next transition. Another one can follow at the same instant, so call this method again after each.</summary>
    public static EventTransition Decide(EventSchedule schedule, EventConditions conditions) => schedule.State switch
    {
        EventState.Scheduled => Scheduled(schedule, conditions),
        EventState.Preview => Preview(schedule, conditions),
        EventState.Live => Live(schedule, conditions),
        _ => Stay(null),
    };

    private static EventTransition Scheduled(EventSchedule schedule, EventConditions conditions)
    {
        if (conditions.Now >= schedule.EndsAt)
        {
            return To(EventState.Ended, "missed: its planned end passed before it could start");
        }

        var previewStart = schedule.StartsAt - schedule.Policy.Preview;
        if (conditions.Now < previewStart)
        {
            return Stay(previewStart);
        }

        // Another event has the channel and ends at this event's start at the latest, which triggers another decision.
        return conditions.IsChannelInUse ? Stay(schedule.EndsAt)
            : To(EventState.Preview, conditions.Now < schedule.StartsAt ? "its preview started" : "its start time was reached");
    }

    private static EventTransition Preview(EventSchedule schedule, EventConditions conditions)
    {
        if (conditions.Now >= schedule.EndsAt)
        {
            return To(EventState.Ended, conditions.HasSession ? "it was not made live before its planned end"
                : "no encoder connected before its planned end", endsSession: conditions.HasSession);
        }

        if (conditions.Now < schedule.StartsAt)
        {
            return Stay(schedule.StartsAt);
        }

        if (conditions.IsPublishing)
        {
            return schedule.Policy.IsManual ? Stay(schedule.EndsAt)
                : To(EventState.Live, "its start time was reached and its encoder is publishing");
        }

        // An encoder that disconnected briefly is covered by the reconnect window; that is not a no-show.
        var noShowAt = schedule.Policy.NoShow is { } wait
            && schedule.StartsAt + wait < schedule.EndsAt ? schedule.StartsAt + wait : schedule.EndsAt;
        if (conditions.Now >= noShowAt && !conditions.HasSession)
        {
            return To(EventState.Ended, string.Create(CultureInfo.InvariantCulture,
                $"no encoder connected within {(noShowAt - schedule.StartsAt).TotalSeconds:0} s of its start"));
        }

        return new(null, "", EndsSession: false, IsLate: !conditions.HasSession, conditions.Now < noShowAt ? noShowAt : schedule.EndsAt);
    }

    private static EventTransition Live(EventSchedule schedule, EventConditions conditions)
    {
        if (conditions.Now < schedule.EndsAt)
        {
            return Stay(schedule.EndsAt);
        }

        if (!conditions.HasSession)
        {
            return To(EventState.Ended, "its planned end was reached");
        }

        if (conditions.NextStart <= conditions.Now)
        {
            return To(EventState.Ended, "the next event on its channel starts", endsSession: true);
        }

        if (schedule.Policy.Continues)
        {
            return Stay(conditions.NextStart);
        }

        if (!conditions.IsPublishing)
        {
            return To(EventState.Ended, "its planned end was reached and its encoder disconnected", endsSession: true);
        }

        var graceEnd = schedule.EndsAt + schedule.Policy.Grace;
        return conditions.Now >= graceEnd
            ? To(EventState.Ended, schedule.Policy.Grace == TimeSpan.Zero ? "its planned end was reached"
                : "its planned end and grace period have passed", endsSession: true)
            : Stay(conditions.NextStart < graceEnd ? conditions.NextStart : graceEnd);
    }

    private static EventTransition To(EventState state, string reason, bool endsSession = false) =>
        new(state, reason, endsSession, IsLate: false, null);

    private static EventTransition Stay(DateTimeOffset? until) => new(null, "", EndsSession: false, IsLate: false, until);
}
