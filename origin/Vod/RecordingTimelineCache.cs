using Broadcast.Media;
using Broadcast.Media.Caching;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Vod;

/// <summary>
/// Sessions for VOD. A session that is live here comes from the directory. Any other is loaded from its newest journal file, once for all
/// concurrent requests, into a cache with a byte limit. Thread-safe.
/// </summary>
/// <param name="directory">The live sessions.</param>
/// <param name="spool">Storage of the journals.</param>
/// <param name="options">Options with the byte limit.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logger for unreadable journals.</param>
/// <param name="store">Lists journals that left the spool; without it, only the spool is searched.</param>
internal sealed class RecordingTimelineCache(
    LiveDirectory directory, ISpool spool, IOptions<OriginOptions> options, TimeProvider time, ILogger<RecordingTimelineCache> logger,
    IObjectStore? store = null) : ITimelineSink
{
    /// <summary>
    /// Time without media after which a session without an end in its journal counts as ended. It either runs on another server, or its
    /// process crashed.
    /// </summary>
    private static readonly TimeSpan Unfinished = TimeSpan.FromMinutes(5);

    /// <summary>Cache lifetime of a session without an end in its journal.</summary>
    private static readonly TimeSpan UnfinishedLifetime = TimeSpan.FromSeconds(2);

    /// <summary>Maximum journal files tried: a writer retains at most three.</summary>
    private const int MaxTries = 4;

    /// <summary>End reason of such a session.</summary>
    internal const string LeftUnfinished = "left unfinished";

    // A timeline larger than the limit is cached alone, because every request for its media needs it.
    private readonly ByteBudgetCache<Key, Recorded> _cache = new(options.Value.RecordingCacheBytes, recorded => recorded.Bytes, time)
    {
        MaxEntryBytes = long.MaxValue,
        LifetimeOf = recorded => recorded.Session.IsEnded ? null : UnfinishedLifetime,
    };

    /// <summary>Total size of the cached sessions' journals, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>A session, live or ended; <see langword="null"/> when none of its journals can be read.</summary>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async ValueTask<LiveSession?> OpenAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        if (directory.FindChannel(channel)?.Find(session) is { } live)
        {
            return live;
        }

        var key = new Key(channel, session);
        return (await _cache.GetAsync(key, () => LoadAsync(key), cancellationToken))?.Session;
    }

    /// <summary>A session from memory: live, or opened recently.</summary>
    public LiveSession? Peek(ChannelName channel, SessionId session) =>
        directory.FindChannel(channel)?.Find(session) ?? _cache.Peek(new Key(channel, session))?.Session;

    /// <summary>Ignored: live sessions are in the directory.</summary>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
    }

    /// <summary>Removes a session that was deleted or is no longer live. The next request loads it again.</summary>
    public void Forget(ChannelName channel, SessionId session) => _cache.Remove(new Key(channel, session));

    private async Task<Recorded?> LoadAsync(Key key)
    {
        var numbers = await NumbersAsync(key);
        foreach (var number in numbers.Reverse().Take(MaxTries))
        {
            var bytes = await spool.ReadAllAsync(ObjectNames.Of(key.Channel, key.Session).Journal(number), JournalFile.MaxLength,
                CancellationToken.None);
            if (bytes is not null && JournalFile.Read(bytes) is { } file && file.Session == key.Session && file.Channel == key.Channel
                && await file.WithIndexBlocksAsync((name, length) => spool.ReadAllAsync(name, length, CancellationToken.None)) is { } whole
                && Rebuild(whole) is { } session)
            {
                return new Recorded(session, bytes.Length + (file.IndexBlockList?.Length ?? 0));
            }
        }

        if (numbers.Count > 0)
        {
            OriginLog.RecordingUnreadable(logger, key.Channel, key.Session);
        }

        return null;
    }

    private async Task<SortedSet<JournalNumber>> NumbersAsync(Key key)
    {
        var numbers = new SortedSet<JournalNumber>();
        var folder = ObjectNames.Of(key.Channel, key.Session).JournalFolder;
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
            if (ObjectNames.TryParse(name, out var parsed) && parsed.Kind == ObjectKind.Journal && parsed.IsOf(key.Channel, key.Session))
            {
                numbers.Add(parsed.JournalNumber);
            }
        }
    }

    /// <summary>Rebuilds a session from its journal; <see langword="null"/> when the journal contradicts itself.</summary>
    private LiveSession? Rebuild(JournalFile file)
    {
        try
        {
            var timeline = file.BuildTimeline();
            TimelineNormalizer.Normalize(timeline);
            if (!timeline.IsEnded && time.GetUtcNow() - EndOf(timeline) > Unfinished)
            {
                timeline.Apply(new TimelineEvent.Ended(LeftUnfinished));
            }

            var session = new LiveSession(timeline.Session, time);
            session.Append(timeline.Checkpoint(), error => OriginLog.EventRejected(logger, file.Channel, file.Session, error));
            return session;
        }
        catch (InvalidDataException exception)
        {
            OriginLog.EventRejected(logger, file.Channel, file.Session, exception.Message);
            return null;
        }
    }

    private static DateTimeOffset EndOf(SessionTimeline timeline) => timeline.Renditions.Where(rendition => rendition.Segments.Count > 0)
        .Select(rendition => rendition.Segments[^1].WallClock + rendition.Segments[^1].Duration.ToTimeSpan())
        .DefaultIfEmpty(timeline.Session.StartedAt).Max();

    private readonly record struct Key(ChannelName Channel, SessionId Session);

    /// <summary>A session with the size of its journal.</summary>
    private sealed record Recorded(LiveSession Session, long Bytes);
}
