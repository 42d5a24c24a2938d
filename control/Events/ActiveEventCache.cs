using System.Collections.Frozen;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Control.Events;

/// <summary>Event in preview or live on a channel.</summary>
/// <param name="EventId">Id of the event.</param>
/// <param name="Title">Display title.</param>
/// <param name="IsLive">Whether viewers can watch it; otherwise it is in preview.</param>
/// <param name="Ladder">Ladder during the event; <see langword="null"/> for the channel's.</param>
/// <param name="Latency">Name of the latency profile during the event; <see langword="null"/> for the channel's.</param>
/// <param name="IsRecorded">Whether it is recorded; <see langword="null"/> for the channel's setting.</param>
public sealed record ActiveEvent(string EventId, string Title, bool IsLive, string? Ladder, string? Latency, bool? IsRecorded)
{
    /// <summary>
    /// Access policy of sessions that start during the event, and of their recordings; <see langword="null"/> for the channel's.
    /// </summary>
    public ViewerAccess? Access { get; init; }
}

/// <summary>
/// Active events of channels, used by the publish authorizer. Answers from memory, also while the database is unavailable.
/// </summary>
public interface IActiveEvents
{
    /// <summary>Gets the event in preview or live on a channel; <see langword="null"/> when there is none. Must not block.</summary>
    /// <param name="channelId">Database id of the channel.</param>
    ActiveEvent? Find(long channelId);

    /// <summary>
    /// Gets the cooldown of a channel. It follows an event that ended with its session and keeps automatically reconnecting encoders off
    /// the air; <see langword="null"/> when there is none. Must not block.
    /// </summary>
    /// <param name="channelId">Database id of the channel.</param>
    ChannelCooldown? CooldownOf(long channelId) => null;
}

/// <summary>Cooldown of a channel after an event.</summary>
/// <param name="EventId">Id of the event.</param>
/// <param name="Title">Title of the event.</param>
/// <param name="Until">End of the cooldown.</param>
public sealed record ChannelCooldown(string EventId, string Title, DateTimeOffset Until);

/// <summary>Cache of active events, cooldowns and announcements.</summary>
internal sealed class ActiveEventCache : IActiveEvents, IProgramGuide
{
    private FrozenDictionary<long, ActiveEvent> _active = FrozenDictionary<long, ActiveEvent>.Empty;
    private FrozenDictionary<long, ChannelCooldown> _cooldowns = FrozenDictionary<long, ChannelCooldown>.Empty;
    private FrozenDictionary<SessionId, string> _titles = FrozenDictionary<SessionId, string>.Empty;
    private FrozenDictionary<ChannelName, UpcomingEvent> _next = FrozenDictionary<ChannelName, UpcomingEvent>.Empty;

    /// <inheritdoc/>
    public ActiveEvent? Find(long channelId) => Volatile.Read(ref _active).GetValueOrDefault(channelId);

    /// <inheritdoc/>
    public ChannelCooldown? CooldownOf(long channelId) => Volatile.Read(ref _cooldowns).GetValueOrDefault(channelId);

    /// <inheritdoc/>
    public UpcomingEvent? Next(ChannelName channel) => Volatile.Read(ref _next).GetValueOrDefault(channel);

    /// <inheritdoc/>
    public string? TitleOf(SessionId session) => Volatile.Read(ref _titles).GetValueOrDefault(session);

    /// <summary>Replaces the titles of sessions.</summary>
    public void SetTitles(IEnumerable<KeyValuePair<SessionId, string>> titles) => Volatile.Write(ref _titles, titles.ToFrozenDictionary());

    /// <summary>Replaces the announcements.</summary>
    public void SetNext(IEnumerable<KeyValuePair<ChannelName, UpcomingEvent>> next) => Volatile.Write(ref _next, next.ToFrozenDictionary());

    /// <summary>Replaces the cooldowns.</summary>
    public void SetCooldowns(IEnumerable<KeyValuePair<long, ChannelCooldown>> cooldowns) =>
        Volatile.Write(ref _cooldowns, cooldowns.ToFrozenDictionary());

    /// <summary>Replaces the active events.</summary>
    public void SetActive(IEnumerable<KeyValuePair<long, ActiveEvent>> activeEvents) =>
        Volatile.Write(ref _active, activeEvents.ToFrozenDictionary());
}
