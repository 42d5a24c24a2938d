using Broadcast.Control.Channels;

namespace Broadcast.Control.Events;

/// <summary>Event that may have a transition now, or is in preview or live, with the session and the next event of its channel.</summary>
internal sealed record EventDue(
    string Id, long ChannelId, string Channel, string Title, string State, DateTimeOffset StartsAt, DateTimeOffset EndsAt,
    bool IsManual, int PreviewSeconds, int GraceSeconds, bool Continues,
    int? NoShowSeconds, bool IsLate, int Revision, string? Ladder, string? Latency, bool? Record, string? Access,
    DateTimeOffset? WentLiveAt, string? Session, bool IsElsewhere, bool IsTaken, DateTimeOffset? NextStart)
{
    /// <summary>State of the event.</summary>
    public EventState StateOf => EventRules.ParseState(State);

    /// <summary>Input of the state machine.</summary>
    public EventSchedule ToSchedule() => new(
        StateOf,
        StartsAt,
        EndsAt,
        new(IsManual, TimeSpan.FromSeconds(PreviewSeconds), TimeSpan.FromSeconds(GraceSeconds), Continues,
            NoShowSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null));

    /// <summary>Settings of the event for publishers and viewers.</summary>
    public ActiveEvent ToActiveEvent() => new(Id, Title, StateOf == EventState.Live, Ladder, Latency, Record)
    {
        Access = Access is null ? null : ChannelRules.ParseAccess(Access),
    };
}
