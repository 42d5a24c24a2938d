using System.Collections.Concurrent;
using Broadcast.Chat.Messages;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;

namespace Broadcast.Chat.Feed;

/// <summary>Batches of the sessions that viewers read on this server. Thread-safe.</summary>
internal sealed class ChatFeed(ChatStore store, TimeProvider time)
{
    /// <summary>Time after which a session that nobody reads is removed from memory.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<SessionId, Lazy<Task<FeedSession>>> _sessions = new();
    private long _removedAt = time.GetTimestamp();

    /// <summary>Sessions in memory.</summary>
    public IReadOnlyList<FeedSession> Sessions =>
        [.. _sessions.Values.Where(session => session.IsValueCreated && session.Value.IsCompletedSuccessfully)
            .Select(session => session.Value.Result)];

    /// <summary>Finds a session in memory.</summary>
    public FeedSession? Find(SessionId session) =>
        _sessions.TryGetValue(session, out var found) && found.IsValueCreated && found.Value.IsCompletedSuccessfully ? found.Value.Result
            : null;

    /// <summary>Finds a session in memory. Waits for one that is being read, which may have been read before its last batch.</summary>
    public async ValueTask<FeedSession?> FindLoadingAsync(SessionId session, CancellationToken cancellationToken)
    {
        if (!_sessions.TryGetValue(session, out var loading))
        {
            return null;
        }

        var found = loading.Value.WaitAsync(cancellationToken);
        await ((Task)found).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return found.IsCompletedSuccessfully ? found.Result : null;
    }

    /// <summary>Gets a session, from the database if necessary.</summary>
    /// <exception cref="ChatUnavailableException">The database is unavailable.</exception>
    public async ValueTask<FeedSession> GetAsync(SessionId id, CancellationToken cancellationToken)
    {
        RemoveIdle();
        var loading = _sessions.GetOrAdd(id, id => new(() => LoadAsync(id)));
        try
        {
            var session = await loading.Value.WaitAsync(cancellationToken);
            session.UsedAt = time.GetTimestamp();
            return session;
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error))
        {
            _sessions.TryRemove(new(id, loading));
            throw new ChatUnavailableException(error);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            _sessions.TryRemove(new(id, loading));
            throw;
        }
    }

    /// <summary>Reads a batch, from the database if necessary.</summary>
    /// <exception cref="ChatUnavailableException">The batch is not in memory, and the database is unavailable.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(SessionId id, long number, CancellationToken cancellationToken)
    {
        var session = await GetAsync(id, cancellationToken);
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

            var json = batch.ToJson();
            session.Store(number, json, revision);
            return json;
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error))
        {
            throw new ChatUnavailableException(error);
        }
    }

    private async Task<FeedSession> LoadAsync(SessionId id) =>
        new(id, await store.FindLastAsync(id, CancellationToken.None)) { UsedAt = time.GetTimestamp() };

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
}
