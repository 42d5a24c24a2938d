using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Recordings;

/// <summary>
/// Sessions that are to be replayed. One that is live here is in the directory; any other is read from its newest journal file, which says all that there is to know of it, once for however many ask at a
/// time, and kept under one limit of bytes, the least recently asked for given up first. Safe to use from any thread.
/// </summary>
/// <param name="directory">The sessions that are live.</param>
/// <param name="spool">Where journals are.</param>
/// <param name="options">The limit.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where what cannot be read is told.</param>
/// <param name="store">Lists the journals that have left the spool; without it, the spool alone is looked into.</param>
internal sealed class RecordingShelf(
    LiveDirectory directory, ISpool spool, IOptions<OriginOptions> options, TimeProvider time, ILogger<RecordingShelf> logger, IObjectStore? store = null) : ITimelineSink
{
    /// <summary>
    /// A session whose journal does not say that it is over goes on somewhere, or its process was killed: it counts as over when nothing has come for so long.
    /// </summary>
    private static readonly TimeSpan Unfinished = TimeSpan.FromMinutes(5);

    /// <summary>How long what a journal says of such a session is believed.</summary>
    private static readonly TimeSpan UnfinishedLifetime = TimeSpan.FromSeconds(2);

    /// <summary>Journal files that are tried: a writer keeps three at most.</summary>
    private const int MaxTries = 4;

    /// <summary>Why such a session counts as over.</summary>
    internal const string LeftUnfinished = "left unfinished";

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, LinkedListNode<Kept>> _kept = [];
    private readonly LinkedList<Kept> _newestFirst = [];
    private readonly Dictionary<Key, Task<LiveSession?>> _loading = [];
    private long _bytes;

    /// <summary>Bytes of the journals of sessions that are kept.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>A session, whether it is live or long over; <see langword="null"/> when nothing of it can be read.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public ValueTask<LiveSession?> OpenAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        if (directory.FindChannel(channel)?.Find(session) is { } live)
        {
            return new(live);
        }

        var key = new Key(channel, session);
        Task<LiveSession?> loading;
        lock (_gate)
        {
            if (_kept.TryGetValue(key, out var node))
            {
                if (node.Value.Session.IsEnded || time.GetElapsedTime(node.Value.Since) < UnfinishedLifetime)
                {
                    _newestFirst.Remove(node);
                    _newestFirst.AddFirst(node);
                    return new(node.Value.Session);
                }

                Drop(node);
            }

            if (!_loading.TryGetValue(key, out loading!))
            {
                // Whoever asked first may go away: the others wait for the same, so nobody's going away ends it.
                _loading.Add(key, loading = Task.Run(() => KeepAsync(key), CancellationToken.None));
            }
        }

        return new(loading.WaitAsync(cancellationToken));
    }

    /// <summary>A session as far as memory has it: live, or opened lately.</summary>
    public LiveSession? Peek(ChannelName channel, SessionId session)
    {
        if (directory.FindChannel(channel)?.Find(session) is { } live)
        {
            return live;
        }

        lock (_gate)
        {
            return _kept.TryGetValue(new Key(channel, session), out var node) ? node.Value.Session : null;
        }
    }

    /// <summary>Nothing: what is live is in the directory.</summary>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
    }

    /// <summary>A session was deleted, or is not live any more: what is known of it is asked for anew.</summary>
    public void Forget(ChannelName channel, SessionId session)
    {
        var key = new Key(channel, session);
        lock (_gate)
        {
            _loading.Remove(key);
            if (_kept.TryGetValue(key, out var node))
            {
                Drop(node);
            }
        }
    }

    private async Task<LiveSession?> KeepAsync(Key key)
    {
        Task<LiveSession?>? own;
        lock (_gate)
        {
            // Whoever asked held the gate until this task was in its place.
            own = _loading.GetValueOrDefault(key);
        }

        try
        {
            if (await LoadAsync(key) is not { } loaded)
            {
                return null;
            }

            lock (_gate)
            {
                // What was forgotten meanwhile was deleted, perhaps.
                if (own is not null && _loading.GetValueOrDefault(key) == own)
                {
                    Keep(new Kept(key, loaded.Session, loaded.Bytes, time.GetTimestamp()));
                }
            }

            return loaded.Session;
        }
        finally
        {
            lock (_gate)
            {
                if (own is not null && _loading.GetValueOrDefault(key) == own)
                {
                    _loading.Remove(key);
                }
            }
        }
    }

    private void Keep(Kept kept)
    {
        if (_kept.TryGetValue(kept.Key, out var old))
        {
            Drop(old);
        }

        _kept[kept.Key] = _newestFirst.AddFirst(kept);
        _bytes += kept.Bytes;
        while (_bytes > options.Value.RecordingMemory && _newestFirst.Count > 1)
        {
            Drop(_newestFirst.Last!);
        }
    }

    private void Drop(LinkedListNode<Kept> node)
    {
        _newestFirst.Remove(node);
        _kept.Remove(node.Value.Key);
        _bytes -= node.Value.Bytes;
    }

    private async Task<(LiveSession Session, long Bytes)?> LoadAsync(Key key)
    {
        var numbers = await NumbersAsync(key);
        foreach (var number in numbers.Reverse().Take(MaxTries))
        {
            var bytes = await spool.ReadAllAsync(JournalFile.NameOf(key.Channel, key.Session, number), JournalFile.MaxLength, CancellationToken.None);
            if (bytes is not null && JournalFile.Read(bytes) is { } file && file.Session == key.Session && file.Channel == key.Channel && Fold(file) is { } session)
            {
                return (session, bytes.Length);
            }
        }

        if (numbers.Count > 0)
        {
            OriginLog.RecordingUnreadable(logger, key.Channel, key.Session);
        }

        return null;
    }

    private async Task<SortedSet<long>> NumbersAsync(Key key)
    {
        var numbers = new SortedSet<long>();
        var folder = JournalFile.FolderOf(key.Channel, key.Session);
        foreach (var found in spool.List(folder))
        {
            Add(found.Name);
        }

        if (store is not null)
        {
            await foreach (var found in store.ListAsync(folder, CancellationToken.None))
            {
                Add(found.Name);
            }
        }

        return numbers;

        void Add(ObjectName name)
        {
            if (JournalFile.TryParseName(name, out var channel, out var session, out var number) && channel == key.Channel && session == key.Session)
            {
                numbers.Add(number);
            }
        }
    }

    /// <summary>A session as its journal tells it; <see langword="null"/> when that contradicts itself.</summary>
    private LiveSession? Fold(JournalFile file)
    {
        try
        {
            var timeline = file.Fold();
            SettledTimeline.Settle(timeline);
            if (!timeline.IsEnded && time.GetUtcNow() - EndOf(timeline) > Unfinished)
            {
                timeline.Apply(new TimelineEvent.Ended(LeftUnfinished));
            }

            var session = new LiveSession(timeline.Session, time);
            session.Append(timeline.Checkpoint(), mistake => OriginLog.EventRefused(logger, file.Channel, file.Session, mistake));
            return session;
        }
        catch (InvalidDataException mistake)
        {
            OriginLog.EventRefused(logger, file.Channel, file.Session, mistake.Message);
            return null;
        }
    }

    private static DateTimeOffset EndOf(SessionTimeline timeline) => timeline.Renditions.Where(rendition => rendition.Segments.Count > 0)
        .Select(rendition => rendition.Segments[^1].WallClock + rendition.Segments[^1].Duration.ToTimeSpan()).DefaultIfEmpty(timeline.Session.StartedAt).Max();

    private readonly record struct Key(ChannelName Channel, SessionId Session);

    private sealed record Kept(Key Key, LiveSession Session, long Bytes, long Since);
}
