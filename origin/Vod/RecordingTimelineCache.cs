using System.Net;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Vod;

/// <summary>
/// Sessions for VOD. A session that is live here comes from the directory. Any other is loaded from its newest journal file into a
/// <see cref="SingleFlightCache{TKey, TValue}"/>: once for all concurrent requests, and only a limited number at a time. Thread-safe.
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

    /// <summary>Maximum concurrent loads for viewers. One client has at most half: the posters of a page of recordings.</summary>
    public const int MaxLoads = 64;

    /// <summary>End reason of such a session.</summary>
    internal const string LeftUnfinished = "left unfinished";

    // A timeline larger than the limit is cached alone, because every request for its media needs it.
    private readonly SingleFlightCache<Key, Recorded> _cache = new(options.Value.RecordingCacheBytes, long.MaxValue,
        recorded => recorded.Bytes, recorded => recorded.Session.IsEnded ? null : UnfinishedLifetime, time);

    private readonly BuildSlots _slots = new(MaxLoads);

    // The publisher of manifests loads one timeline at a time; viewers cannot delay it.
    private readonly BuildSlots _publisherSlots = new(1);

    /// <summary>Total size of the cached sessions' journals, in bytes.</summary>
    public long Bytes => _cache.Bytes;

    /// <summary>
    /// A session for a viewer, live or ended; <see langword="false"/> when it is not in memory and too many others are being loaded.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session.</param>
    /// <param name="client">The client, from <see cref="ClientCount.ViewerOf"/>; <see langword="null"/> when it has no limit.</param>
    /// <param name="opening">
    /// The session, once it is loaded; <see langword="null"/> when none of its journals can be read. Fails with
    /// <see cref="IOException"/> when the spool or the object store does.
    /// </param>
    /// <param name="cancellationToken">Cancels this request.</param>
    public bool TryOpen(ChannelName channel, SessionId session, IPAddress? client, out Task<LiveSession?> opening,
        CancellationToken cancellationToken) => TryOpen(channel, session, _slots, client, out opening, cancellationToken);

    /// <summary>A session for the publisher of manifests; see <see cref="TryOpen(ChannelName, SessionId, IPAddress?, out
    /// Task{LiveSession?}, CancellationToken)"/>.</summary>
    /// <exception cref="IOException">The spool or the object store failed, or another session is being opened.</exception>
    public Task<LiveSession?> OpenAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
        TryOpen(channel, session, _publisherSlots, null, out var opening, cancellationToken) ? opening
        : throw new IOException("The timeline of another recording is still being loaded.");

    /// <summary>A session from memory: live, or opened recently.</summary>
    public LiveSession? Peek(ChannelName channel, SessionId session) =>
        directory.FindChannel(channel)?.Find(session) ?? _cache.Peek(new Key(channel, session))?.Session;

    /// <summary>Ignored: live sessions are in the directory.</summary>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
    }

    /// <summary>Removes a session that was deleted or is no longer live. The next request loads it again.</summary>
    public void Forget(ChannelName channel, SessionId session) => _cache.Remove(new Key(channel, session));

    private bool TryOpen(ChannelName channel, SessionId session, BuildSlots slots, IPAddress? client, out Task<LiveSession?> opening,
        CancellationToken cancellationToken)
    {
        if (directory.FindChannel(channel)?.Find(session) is { } live)
        {
            opening = Task.FromResult<LiveSession?>(live);
            return true;
        }

        var key = new Key(channel, session);
        var isAvailable = _cache.TryGet(key, 0, slots, 1, client, abandoned => LoadAsync(key, abandoned), out var loading,
            cancellationToken);
        opening = SessionOfAsync(loading);
        return isAvailable;

        static async Task<LiveSession?> SessionOfAsync(Task<Recorded?> loading) => (await loading)?.Session;
    }

    private async Task<Recorded?> LoadAsync(Key key, CancellationToken cancellationToken)
    {
        var numbers = await NumbersAsync(key, cancellationToken);
        foreach (var number in numbers.Reverse().Take(MaxTries))
        {
            var bytes = await spool.ReadAllAsync(ObjectNames.Of(key.Channel, key.Session).Journal(number), JournalFile.MaxLength,
                cancellationToken);
            if (bytes is not null && JournalFile.Read(bytes) is { } file && file.Session == key.Session && file.Channel == key.Channel
                && await file.WithIndexBlocksAsync((name, length) => spool.ReadAllAsync(name, length, cancellationToken)) is { } whole
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

    private async Task<SortedSet<JournalNumber>> NumbersAsync(Key key, CancellationToken cancellationToken)
    {
        var numbers = new SortedSet<JournalNumber>();
        var folder = ObjectNames.Of(key.Channel, key.Session).JournalFolder;
        foreach (var found in spool.List(folder))
        {
            Add(found.Name);
        }

        if (store is not null)
        {
            await foreach (var found in store.ListAsync(folder, cancellationToken))
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
