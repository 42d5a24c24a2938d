using System.Collections.Frozen;

namespace Broadcast.Control;

/// <summary>An event that has a channel now.</summary>
/// <param name="EventId">The event.</param>
/// <param name="Title">What people read.</param>
/// <param name="IsLive">Whether the audience may see it; else it is in preview.</param>
/// <param name="Ladder">The ladder for its time; <see langword="null"/> for the channel's.</param>
/// <param name="Latency">The latency profile for its time, by name; <see langword="null"/> for the channel's.</param>
/// <param name="IsRecorded">Whether it is recorded; <see langword="null"/> for what the channel says.</param>
public sealed record EventClaim(string EventId, string Title, bool IsLive, string? Ladder, string? Latency, bool? IsRecorded);

/// <summary>Tells which event has a channel at the moment. Asked by the publish authority; answers from memory, also while the database is away.</summary>
public interface IEventGate
{
    /// <summary>The event that has the channel now, in preview or live; <see langword="null"/> when none has: the channel is used as ever. Must not block.</summary>
    /// <param name="channelId">The channel's number in the database.</param>
    EventClaim? Find(long channelId);
}

/// <summary>The claims, as they were read last.</summary>
internal sealed class EventGate : IEventGate
{
    private FrozenDictionary<long, EventClaim> _claims = FrozenDictionary<long, EventClaim>.Empty;

    /// <inheritdoc/>
    public EventClaim? Find(long channelId) => Volatile.Read(ref _claims).GetValueOrDefault(channelId);

    /// <summary>Takes the place of what was known.</summary>
    public void Set(IEnumerable<KeyValuePair<long, EventClaim>> claims) => Volatile.Write(ref _claims, claims.ToFrozenDictionary());
}
