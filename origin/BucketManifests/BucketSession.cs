using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Origin.Live;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.BucketManifests;

/// <summary>Result of a pass over a session.</summary>
internal enum BucketPublishResult
{
    /// <summary>The bucket has the newest manifests.</summary>
    Done,

    /// <summary>The session has ended and its manifests are final.</summary>
    Final,

    /// <summary>Another server took the session over and has written a newer manifest.</summary>
    Outranked,
}

/// <summary>
/// Writes a session's bucket manifests, one pass at a time and always the newest version. A separate timeline only receives segments that
/// the store has, so that all listed media can be fetched. Not thread-safe; the owner runs one pass at a time.
/// </summary>
/// <param name="announced">The session as viewers of the origin get it.</param>
/// <param name="spool">Knows which objects still wait for upload.</param>
/// <param name="store">Destination of the manifests.</param>
/// <param name="endedMaxAge">Cache lifetime of an ended session's manifests.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logger for invalid events.</param>
internal sealed class BucketSession(LiveSession announced, ISpool spool, IObjectStore store, TimeSpan endedMaxAge, TimeProvider time,
    ILogger logger)
{
    private readonly ConcurrentDictionary<ObjectName, byte[]> _written = new();
    private LiveSession? _listed;
    private long _renderedVersion = -1;
    private long? _lastListedBefore;
    private bool _wasChannelSession;
    private IReadOnlyList<BucketManifest> _manifests = [];

    /// <summary>Id of the session.</summary>
    public SessionId Id => announced.Id;

    public ChannelName Channel => announced.Channel;

    /// <summary>Indicates whether the session is playable in the bucket, so that it is at the channel's URLs unless a newer one
    /// is.</summary>
    public bool IsPlayable => _listed?.IsPlayable == true;

    /// <summary>Indicates whether its manifests are final.</summary>
    public bool IsEnded => _listed?.IsEnded == true;

    /// <summary>Epoch of the session.</summary>
    public long Epoch => announced.Read((timeline, _) => timeline.Session.Epoch);

    /// <summary>Time of the last write of all changed manifests; <see langword="null"/> before the first.</summary>
    public DateTimeOffset? WrittenAt { get; private set; }

    /// <summary>Names of its known manifests, without the channel's.</summary>
    public IReadOnlyCollection<ObjectName> Names => NamesOf(announced);

    /// <summary>Names of a session's known manifests, without the channel's.</summary>
    public static IReadOnlyCollection<ObjectName> NamesOf(LiveSession session) =>
    [
        ObjectNames.Of(session.Channel, session.Id).Mpd,
        .. session.Read((timeline, _) => timeline.Renditions
            .Select(rendition => ObjectNames.Of(session.Channel, session.Id).MediaPlaylist(rendition.Name)).ToList()),
    ];

    /// <summary>Updates the bucket's manifests to the stored media.</summary>
    /// <param name="isChannelSession">Whether this session is at the channel's URLs, if it is playable.</param>
    /// <param name="cancellationToken">Cancels the pass.</param>
    /// <exception cref="ObjectStoreException">The store failed; the next pass continues.</exception>
    public async Task<BucketPublishResult> RunAsync(bool isChannelSession, CancellationToken cancellationToken)
    {
        // Segments that an earlier process listed are neither removed nor skipped.
        _lastListedBefore ??= (await store.FindAsync(ObjectNames.Of(Channel, Id).Mpd, cancellationToken))?.Rank is { } rank
            && rank.Session == Id ? rank.LastSegment : 0;
        var listed = Advance();
        if (listed.ManifestVersion != _renderedVersion || isChannelSession != _wasChannelSession)
        {
            _manifests = BucketManifestRenderer.Render(listed, isChannelSession, time.GetUtcNow());
            (_renderedVersion, _wasChannelSession) = (listed.ManifestVersion, isChannelSession);
        }

        return await WriteAsync(listed, cancellationToken);
    }

    /// <summary>Forgets which manifests were written, so that all are written again.</summary>
    public void Reset() => _written.Clear();

    private LiveSession Advance()
    {
        _listed ??= new LiveSession(announced.Read((timeline, _) => BucketManifestRenderer.Listed(timeline.Session)), time);
        var events = announced.Read((timeline, _) => _listed.Read((current, _) =>
            DurableTimeline.Next(timeline, current, _lastListedBefore!.Value, name => !spool.IsWaiting(name))));
        if (events.Count > 0)
        {
            _listed.Append(events, error => OriginLog.EventRejected(logger, Channel, Id, error));
        }

        return _listed;
    }

    /// <summary>Writes media playlists and session MPDs concurrently, then the manifests that refer to them.</summary>
    private async Task<BucketPublishResult> WriteAsync(LiveSession listed, CancellationToken cancellationToken)
    {
        var rank = listed.Read((timeline, _) => new ManifestRank(Id, timeline.Session.Epoch, timeline.LastSegment, timeline.IsEnded));
        var anyWritten = false;
        foreach (var some in _manifests.GroupBy(manifest => manifest.IsIndex).OrderBy(group => group.Key))
        {
            var writes = some.Where(manifest => !IsWritten(manifest))
                .Select(manifest => PutAsync(manifest, rank, listed, cancellationToken)).ToList();
            anyWritten |= writes.Count > 0;
            if (!(await Task.WhenAll(writes)).All(isPut => isPut))
            {
                return BucketPublishResult.Outranked;
            }
        }

        WrittenAt = anyWritten ? time.GetUtcNow() : WrittenAt;
        return listed.IsEnded ? BucketPublishResult.Final : BucketPublishResult.Done;
    }

    private bool IsWritten(BucketManifest manifest) => _written.TryGetValue(manifest.Name, out var bytes)
        && bytes.AsSpan().SequenceEqual(manifest.Document.Plain);

    private async Task<bool> PutAsync(BucketManifest manifest, ManifestRank rank, LiveSession listed, CancellationToken cancellationToken)
    {
        // Same lifetimes as at the origin: half a target duration, longer for final manifests, except at the channel's URLs.
        var target = listed.Latency.TargetDuration;
        var headers = ObjectHeaders.OfManifest(manifest.Name, listed.IsEnded && !manifest.IsIndex ? endedMaxAge : target / 2, target);
        if (!await store.ReplaceAsync(manifest.Name, manifest.Document.Plain, rank, headers, cancellationToken))
        {
            return false;
        }

        _written[manifest.Name] = manifest.Document.Plain;
        BucketManifestMetrics.Written();
        return true;
    }
}
