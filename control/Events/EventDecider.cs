using System.Globalization;

namespace Broadcast.Control;

/// <summary>What is to be known of an event to decide on it.</summary>
/// <param name="State">How far it is.</param>
/// <param name="StartsAt">When it is to begin.</param>
/// <param name="EndsAt">When it is planned to end.</param>
/// <param name="Terms">How.</param>
public readonly record struct EventPlan(EventState State, DateTimeOffset StartsAt, DateTimeOffset EndsAt, EventTerms Terms);

/// <summary>What is so at the moment.</summary>
/// <param name="Now">The time.</param>
/// <param name="IsPublishing">Whether an encoder publishes on the channel.</param>
/// <param name="HasSession">Whether the channel has an open session; it may wait for its encoder to come back.</param>
/// <param name="IsTaken">Whether another event is in preview or live on the channel.</param>
/// <param name="NextStart">When the next event on the channel is to begin; <see langword="null"/> when none is planned.</param>
public readonly record struct EventFacts(DateTimeOffset Now, bool IsPublishing, bool HasSession, bool IsTaken, DateTimeOffset? NextStart);

/// <summary>What is to be done with an event now.</summary>
/// <param name="To">The state that it goes to; <see langword="null"/> to stay.</param>
/// <param name="Reason">Why, for people; empty when nothing is to be done.</param>
/// <param name="EndsSession">Whether the channel's session is ended and its encoder sent away.</param>
/// <param name="IsLate">Whether its start is past and no encoder is there.</param>
/// <param name="LookAgain">When time alone may change the answer; <see langword="null"/> for never.</param>
public readonly record struct EventDecision(EventState? To, string Reason, bool EndsSession, bool IsLate, DateTimeOffset? LookAgain);

/// <summary>
/// Decides what becomes of an event: <c>scheduled → preview → live → ended</c>. What it does with an encoder that is early, late, absent or still there at the end is told in <c>docs/events.md</c>, a
/// line a rule; the tests have the same table.
/// </summary>
public static class EventDecider
{
    /// <summary>Decides. A step may be followed by another at the same instant: ask again after each.</summary>
    public static EventDecision Decide(EventPlan plan, EventFacts facts) => plan.State switch
    {
        EventState.Scheduled => Scheduled(plan, facts),
        EventState.Preview => Preview(plan, facts),
        EventState.Live => Live(plan, facts),
        _ => Stay(null),
    };

    private static EventDecision Scheduled(EventPlan plan, EventFacts facts)
    {
        if (facts.Now >= plan.EndsAt)
        {
            return To(EventState.Ended, "missed: it was over before it could begin");
        }

        var opens = plan.StartsAt - plan.Terms.Preview;
        if (facts.Now < opens)
        {
            return Stay(opens);
        }

        // Another event has the channel: it gives way at our start at the latest, and whoever decides that looks at us again.
        return facts.IsTaken ? Stay(plan.EndsAt) : To(EventState.Preview, facts.Now < plan.StartsAt ? "its preview begins" : "its start has come");
    }

    private static EventDecision Preview(EventPlan plan, EventFacts facts)
    {
        if (facts.Now >= plan.EndsAt)
        {
            return To(EventState.Ended, facts.HasSession ? "nobody let it go live before its planned end" : "no encoder came before its planned end", endsSession: facts.HasSession);
        }

        if (facts.Now < plan.StartsAt)
        {
            return Stay(plan.StartsAt);
        }

        if (facts.IsPublishing)
        {
            return plan.Terms.IsManual ? Stay(plan.EndsAt) : To(EventState.Live, "its start has come, and its encoder is there");
        }

        // An encoder that was there and is gone for a moment is waited for as its channel says; that is no absence.
        var gone = plan.Terms.NoShow is { } wait && plan.StartsAt + wait < plan.EndsAt ? plan.StartsAt + wait : plan.EndsAt;
        if (facts.Now >= gone && !facts.HasSession)
        {
            return To(EventState.Ended, string.Create(CultureInfo.InvariantCulture, $"no encoder came within {(gone - plan.StartsAt).TotalSeconds:0} s of its start"));
        }

        return new(null, "", EndsSession: false, IsLate: !facts.HasSession, facts.Now < gone ? gone : plan.EndsAt);
    }

    private static EventDecision Live(EventPlan plan, EventFacts facts)
    {
        if (facts.Now < plan.EndsAt)
        {
            return Stay(plan.EndsAt);
        }

        if (!facts.HasSession)
        {
            return To(EventState.Ended, "its planned end has come");
        }

        if (facts.NextStart <= facts.Now)
        {
            return To(EventState.Ended, "the next event on its channel begins", endsSession: true);
        }

        if (plan.Terms.Continues)
        {
            return Stay(facts.NextStart);
        }

        if (!facts.IsPublishing)
        {
            return To(EventState.Ended, "its planned end has come, and its encoder is gone", endsSession: true);
        }

        var last = plan.EndsAt + plan.Terms.Grace;
        return facts.Now >= last
            ? To(EventState.Ended, plan.Terms.Grace == TimeSpan.Zero ? "its planned end has come" : "its planned end and its grace are over", endsSession: true)
            : Stay(facts.NextStart < last ? facts.NextStart : last);
    }

    private static EventDecision To(EventState state, string reason, bool endsSession = false) => new(state, reason, endsSession, IsLate: false, null);

    private static EventDecision Stay(DateTimeOffset? until) => new(null, "", EndsSession: false, IsLate: false, until);
}
