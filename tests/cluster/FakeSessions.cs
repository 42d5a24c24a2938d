using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Timeline;

namespace Broadcast.Cluster.Tests;

/// <summary>Records what mirrors apply.</summary>
internal sealed class FakeSessions : IMirroredSessions
{
    private readonly List<(SessionId Session, string What)> _calls = [];

    /// <summary>Called with each batch.</summary>
    public Action<FeedBatch> OnAppend { get; set; } = _ => { };

    /// <summary>Called with each snapshot.</summary>
    public Action<FeedSnapshot> OnRestore { get; set; } = _ => { };

    /// <summary>Sessions that the server itself owns.</summary>
    public HashSet<SessionId> Own { get; } = [];

    /// <summary>First segment of the live window.</summary>
    public long FirstSegment { get; set; }

    /// <summary>Answers that the server has a newer session of its own.</summary>
    public bool HasNewerSession { get; set; }

    /// <summary>The batches, oldest first.</summary>
    public List<FeedBatch> Batches { get; } = [];

    /// <summary>Calls so far, such as <c>restore 1</c> with the epoch, <c>append</c> and <c>remove</c>.</summary>
    public IReadOnlyList<string> Calls => Of(TestSession.Id);

    /// <summary>Calls for a session so far.</summary>
    public IReadOnlyList<string> Of(SessionId session)
    {
        lock (_calls)
        {
            return [.. _calls.Where(call => call.Session == session).Select(call => call.What)];
        }
    }

    public void Restore(ChannelName channel, SessionId session, FeedSnapshot snapshot)
    {
        OnRestore(snapshot);
        Snapshots[session] = snapshot;
        Add(session, $"restore {((TimelineEvent.Started)snapshot.Checkpoint[0]).Session.Epoch}");
    }

    public void Append(ChannelName channel, SessionId session, FeedBatch batch)
    {
        OnAppend(batch);
        lock (_calls)
        {
            Batches.Add(batch);
        }

        Add(session, "append");
    }

    public void Remove(ChannelName channel, SessionId session) => Add(session, "remove");

    public void Demote(ChannelName channel, SessionId session) => Add(session, "demote");

    public long FirstSegmentOf(ChannelName channel, SessionId session) => FirstSegment;

    public bool Owns(ChannelName channel, SessionId session) => Own.Contains(session);

    /// <summary>The last snapshot of each mirrored session.</summary>
    public ConcurrentDictionary<SessionId, FeedSnapshot> Snapshots { get; } = new();

    public IReadOnlyList<TimelineEvent>? GetCheckpoint(ChannelName channel, SessionId session) =>
        Snapshots.TryGetValue(session, out var snapshot) ? snapshot.Checkpoint : null;

    /// <summary>Indicates whether the own session of the channel was released.</summary>
    public bool Released { get; set; }

    public bool HasReleased(ChannelName channel) => Released;

    /// <summary>Indicates whether the own session of the channel waits for its encoder.</summary>
    public bool WithoutEncoder { get; set; }

    public bool LacksEncoder(ChannelName channel) => WithoutEncoder;

    public bool HasNewer(ChannelName channel, SessionId session) => HasNewerSession;

    private void Add(SessionId session, string what)
    {
        lock (_calls)
        {
            _calls.Add((session, what));
        }
    }
}
