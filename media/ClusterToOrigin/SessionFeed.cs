using System.Threading.Channels;
using Broadcast.Media.Timeline;

namespace Broadcast.Media.ClusterToOrigin;

/// <summary>State of a session from which another server serves it: the timeline, and what manifests depend on beyond it.</summary>
/// <param name="Checkpoint">Events that rebuild the timeline, starting with <see cref="TimelineEvent.Started"/>.</param>
/// <param name="Projection">State of the origin's projection as JSON. Only origins read it; unknown properties are ignored.</param>
public sealed record FeedSnapshot(IReadOnlyList<TimelineEvent> Checkpoint, ReadOnlyMemory<byte> Projection);

/// <summary>Events that the owner of a session applied together.</summary>
/// <param name="At">Time at which the owner applied them, by its clock. Manifests state it, so mirrors do not use their own.</param>
/// <param name="Events">The events, all valid.</param>
/// <param name="Visibility">Start of the visible part, when the owner determined it with this batch; otherwise
/// <see langword="null"/>.</param>
public sealed record FeedBatch(DateTimeOffset At, IReadOnlyList<TimelineEvent> Events, FeedVisibility? Visibility = null);

/// <summary>Start of the part of a session that viewers get.</summary>
/// <param name="From">Wall-clock time from which viewers get the session.</param>
/// <param name="Segment">The first segment, where it was fixed before; otherwise <see langword="null"/>.</param>
public sealed record FeedVisibility(DateTimeOffset From, long? Segment);

/// <summary>A subscription to a session at its owner: a snapshot, and every batch after it.</summary>
public interface ISessionFeed : IDisposable
{
    /// <summary>State of the session when the subscription began.</summary>
    FeedSnapshot Snapshot { get; }

    /// <summary>
    /// Batches after the snapshot. Bounded: a follower that falls behind is cut off (<see cref="CutOff"/>) and must start from a new
    /// snapshot; the owner never waits. Completes when the session is no longer served.
    /// </summary>
    ChannelReader<FeedBatch> Batches { get; }

    /// <summary>Canceled when the queue is full, because the follower has not read for a long time.</summary>
    CancellationToken CutOff { get; }
}

/// <summary>Sessions that this server owns, for servers that follow them. Implemented by the origin.</summary>
public interface ISessionFeeds
{
    /// <summary>Subscribes to a session.</summary>
    /// <returns><see langword="null"/> when this server does not serve the session, or serves it as a mirror.</returns>
    ISessionFeed? Follow(ChannelName channel, SessionId session);
}

/// <summary>Sessions of other servers that this server serves from their feeds. Implemented by the origin.</summary>
public interface IMirroredSessions
{
    /// <summary>Serves a session from a snapshot, in place of an earlier state of the same session.</summary>
    /// <exception cref="InvalidDataException">The snapshot is malformed, or contradicts itself.</exception>
    void Restore(ChannelName channel, SessionId session, FeedSnapshot snapshot);

    /// <summary>Appends a batch to a session that was restored.</summary>
    /// <exception cref="InvalidDataException">An event contradicts the timeline; the mirror must start from a new snapshot.</exception>
    void Append(ChannelName channel, SessionId session, FeedBatch batch);

    /// <summary>
    /// Serves a session of this server as a mirror, because another server has taken it over. Its feeds end, and held requests wait for the
    /// mirror.
    /// </summary>
    void Demote(ChannelName channel, SessionId session);

    /// <summary>Stops serving a mirrored session. Sessions that this server owns are ignored.</summary>
    void Remove(ChannelName channel, SessionId session);

    /// <summary>Events that rebuild the timeline of a mirrored session; <see langword="null"/> when it is not mirrored.</summary>
    IReadOnlyList<TimelineEvent>? GetCheckpoint(ChannelName channel, SessionId session);

    /// <summary>First sequence number of a mirrored session's live window; 0 when the session is not mirrored.</summary>
    long FirstSegmentOf(ChannelName channel, SessionId session);

    /// <summary>Returns whether this server serves a session of its own under the channel, whether ended or not.</summary>
    bool Owns(ChannelName channel, SessionId session);

    /// <summary>
    /// Returns whether this server has released an open session of its own under the channel some seconds ago, and serves none since.
    /// Another server has it.
    /// </summary>
    bool HasReleased(ChannelName channel);

    /// <summary>
    /// Returns whether this server serves an open session of its own under the channel whose newest media are the slate's, or that has
    /// received no media for longer than requests are held.
    /// </summary>
    bool LacksEncoder(ChannelName channel);

    /// <summary>Returns whether this server serves a playable session of its own that began after the given one.</summary>
    bool HasNewer(ChannelName channel, SessionId session);
}
