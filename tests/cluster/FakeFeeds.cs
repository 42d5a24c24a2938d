using System.Collections.Concurrent;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;

namespace Broadcast.Cluster.Tests;

/// <summary>Sessions of an owner, with feeds that the test fills.</summary>
internal sealed class FakeFeeds : ISessionFeeds
{
    private readonly ConcurrentDictionary<SessionId, FeedSnapshot> _sessions = new();

    /// <summary>All feeds, oldest first.</summary>
    public ConcurrentQueue<Feed> Opened { get; } = new();

    /// <summary>Capacity of the queue of each feed.</summary>
    public int Capacity { get; init; } = 1024;

    /// <summary>Serves a session.</summary>
    public FakeFeeds Serve(FeedSnapshot snapshot, SessionId? session = null)
    {
        _sessions[session ?? TestSession.Id] = snapshot;
        return this;
    }

    /// <summary>Stops serving a session.</summary>
    public void Forget(SessionId session) => _sessions.TryRemove(session, out _);

    public ISessionFeed? Follow(ChannelName channel, SessionId session)
    {
        if (channel != TestSession.Channel || !_sessions.TryGetValue(session, out var snapshot))
        {
            return null;
        }

        var feed = new Feed(snapshot, Capacity);
        Opened.Enqueue(feed);
        return feed;
    }

    /// <summary>A feed.</summary>
    internal sealed class Feed(FeedSnapshot snapshot, int capacity) : ISessionFeed
    {
        private readonly Channel<FeedBatch> _batches = System.Threading.Channels.Channel.CreateBounded<FeedBatch>(capacity);
        private readonly CancellationTokenSource _cutOff = new();

        public FeedSnapshot Snapshot => snapshot;

        public ChannelReader<FeedBatch> Batches => _batches.Reader;

        public CancellationToken CutOff => _cutOff.Token;

        public bool IsDisposed { get; private set; }

        /// <summary>Sends a batch, or cuts the follower off as the origin does.</summary>
        public bool TrySend(FeedBatch batch)
        {
            if (_batches.Writer.TryWrite(batch))
            {
                return true;
            }

            _ = _cutOff.CancelAsync();
            _batches.Writer.TryComplete();
            return false;
        }

        /// <summary>Ends the feed, as when the session is no longer served.</summary>
        public void End() => _batches.Writer.TryComplete();

        public void Dispose() => IsDisposed = true;
    }
}
