using System.Collections.Concurrent;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Questions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;

namespace Broadcast.Chat.Feed;

/// <summary>Batches of the sessions that viewers read on this server. Thread-safe.</summary>
internal sealed class ChatFeed(ChatStore store, TimeProvider time)
{
    /// <summary>Time after which a session without requests is removed from memory.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<SessionId, Entry> _sessions = new();
    private long _removedAt = time.GetTimestamp();

    /// <summary>Sessions in memory.</summary>
    public IReadOnlyList<FeedSession> Sessions => [.. _sessions.Values.Select(entry => entry.Session).OfType<FeedSession>()];

    /// <summary>Finds a session in memory.</summary>
    public FeedSession? Find(SessionId session) => _sessions.GetValueOrDefault(session)?.Session;

    /// <summary>Finds a session in memory. Waits for one that is being read, which may have been read before its last batch.</summary>
    public async ValueTask<FeedSession?> FindLoadingAsync(SessionId session, CancellationToken cancellationToken)
    {
        if (!_sessions.TryGetValue(session, out var entry))
        {
            return null;
        }

        await ((Task)entry.Loading.WaitAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return entry.Session;
    }

    /// <summary>Gets a session, from the database if necessary.</summary>
    /// <exception cref="ChatUnavailableException">The database is unavailable.</exception>
    public async ValueTask<FeedSession> GetAsync(ChannelName channel, SessionId id, CancellationToken cancellationToken)
    {
        RemoveIdle();
        var entry = _sessions.GetOrAdd(id, id => new(store, channel, id));
        try
        {
            var session = await entry.Loading.WaitAsync(cancellationToken);
            session.UsedAt = time.GetTimestamp();
            return session;
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error))
        {
            _sessions.TryRemove(new(id, entry));
            throw new ChatUnavailableException(error);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            _sessions.TryRemove(new(id, entry));
            throw;
        }
    }

    /// <summary>Reads a batch, from the database if necessary.</summary>
    /// <exception cref="ChatUnavailableException">The batch is not in memory, and the database is unavailable.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(ChannelName channel, SessionId id, long number,
        CancellationToken cancellationToken)
    {
        var session = await GetAsync(channel, id, cancellationToken);
        if (number > session.Last)
        {
            return null;
        }

        if (session.Find(number, out var revision) is { } known)
        {
            return known;
        }

        try
        {
            if (await store.ReadAsync(id, number, cancellationToken) is not { } batch)
            {
                return null;
            }

            session.Store(batch, revision);
            return batch.ToJson();
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error))
        {
            throw new ChatUnavailableException(error);
        }
    }

    /// <summary>Reads the questions of a session, from the database if necessary.</summary>
    /// <exception cref="ChatUnavailableException">They are not in memory, and the database is unavailable.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadQuestionsAsync(ChannelName channel, SessionId id, CancellationToken cancellationToken)
    {
        var session = await GetAsync(channel, id, cancellationToken);
        if (session.FindQuestions(out var version) is { } known)
        {
            return known;
        }

        try
        {
            var json = QuestionRow.ToJson(await store.ReadQuestionsAsync(id, cancellationToken));
            session.StoreQuestions(json, version);
            return json;
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error))
        {
            throw new ChatUnavailableException(error);
        }
    }

    private void RemoveIdle()
    {
        var removedAt = Interlocked.Read(ref _removedAt);
        if (time.GetElapsedTime(removedAt) < IdleTime
            || Interlocked.CompareExchange(ref _removedAt, time.GetTimestamp(), removedAt) != removedAt)
        {
            return;
        }

        foreach (var session in Sessions.Where(session => time.GetElapsedTime(session.UsedAt) > IdleTime))
        {
            _sessions.TryRemove(session.Session, out _);
        }
    }

    /// <summary>A session that is in memory, or is being read from the database for all requests together.</summary>
    private sealed class Entry(ChatStore store, ChannelName channel, SessionId id)
    {
        private readonly Lock _lock = new();
        private Task<FeedSession>? _loading;
        private volatile FeedSession? _session;

        /// <summary>The session; <see langword="null"/> while it is being read.</summary>
        public FeedSession? Session => _session;

        /// <summary>Reads the session, at first use.</summary>
        public Task<FeedSession> Loading
        {
            get
            {
                lock (_lock)
                {
                    return _loading ??= LoadAsync();
                }
            }
        }

        private async Task<FeedSession> LoadAsync()
        {
            var (last, state) = await store.ReadLastAsync(channel, id, CancellationToken.None);
            return _session = new(channel, id, last, state);
        }
    }
}
