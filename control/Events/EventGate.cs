using System.Collections.Frozen;
using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>An event that has a channel now.</summary>
/// <param name="EventId">The event.</param>
/// <param name="Title">What people read.</param>
/// <param name="IsLive">Whether the audience may see it; else it is in preview.</param>
/// <param name="Ladder">The ladder for its time; <see langword="null"/> for the channel's.</param>
/// <param name="Latency">The latency profile for its time, by name; <see langword="null"/> for the channel's.</param>
/// <param name="IsRecorded">Whether it is recorded; <see langword="null"/> for what the channel says.</param>
public sealed record EventClaim(string EventId, string Title, bool IsLive, string? Ladder, string? Latency, bool? IsRecorded)
{
    /// <summary>Who may watch sessions that begin meanwhile, and their recordings; <see langword="null"/> for whom the channel lets in.</summary>
    public ViewerAccess? Access { get; init; }
}

/// <summary>Tells which event has a channel at the moment. Asked by the publish authority; answers from memory, also while the database is away.</summary>
public interface IEventGate
{
    /// <summary>The event that has the channel now, in preview or live; <see langword="null"/> when none has: the channel is used as ever. Must not block.</summary>
    /// <param name="channelId">The channel's number in the database.</param>
    EventClaim? Find(long channelId);

    /// <summary>The event that a channel rests from: it ended a short time ago with its session, and encoders that connect again by themselves are not to go on in public. <see langword="null"/> when there is none. Must not block.</summary>
    /// <param name="channelId">The channel's number in the database.</param>
    EventRest? RestOf(long channelId) => null;
}

/// <summary>A channel's rest after an event.</summary>
/// <param name="EventId">The event.</param>
/// <param name="Title">Its title.</param>
/// <param name="Until">When the rest is over.</param>
public sealed record EventRest(string EventId, string Title, DateTimeOffset Until);

/// <summary>The claims, rests and announcements, as they were read last.</summary>
internal sealed class EventGate : IEventGate, IAnnouncements
{
    private FrozenDictionary<long, EventClaim> _claims = FrozenDictionary<long, EventClaim>.Empty;
    private FrozenDictionary<long, EventRest> _rests = FrozenDictionary<long, EventRest>.Empty;
    private FrozenDictionary<SessionId, string> _titles = FrozenDictionary<SessionId, string>.Empty;
    private FrozenDictionary<ChannelName, PlannedBroadcast> _next = FrozenDictionary<ChannelName, PlannedBroadcast>.Empty;

    /// <inheritdoc/>
    public EventClaim? Find(long channelId) => Volatile.Read(ref _claims).GetValueOrDefault(channelId);

    /// <inheritdoc/>
    public EventRest? RestOf(long channelId) => Volatile.Read(ref _rests).GetValueOrDefault(channelId);

    /// <inheritdoc/>
    public PlannedBroadcast? Next(ChannelName channel) => Volatile.Read(ref _next).GetValueOrDefault(channel);

    /// <inheritdoc/>
    public string? TitleOf(SessionId session) => Volatile.Read(ref _titles).GetValueOrDefault(session);

    /// <summary>Takes the place of the titles that sessions had.</summary>
    public void SetTitles(IEnumerable<KeyValuePair<SessionId, string>> titles) => Volatile.Write(ref _titles, titles.ToFrozenDictionary());

    /// <summary>Takes the place of the announcements that were known.</summary>
    public void SetNext(IEnumerable<KeyValuePair<ChannelName, PlannedBroadcast>> next) => Volatile.Write(ref _next, next.ToFrozenDictionary());

    /// <summary>Takes the place of the rests that were known.</summary>
    public void SetRests(IEnumerable<KeyValuePair<long, EventRest>> rests) => Volatile.Write(ref _rests, rests.ToFrozenDictionary());

    /// <summary>Takes the place of what was known.</summary>
    public void Set(IEnumerable<KeyValuePair<long, EventClaim>> claims) => Volatile.Write(ref _claims, claims.ToFrozenDictionary());
}
