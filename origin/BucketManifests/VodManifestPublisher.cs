using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;
using Broadcast.Origin.Vod;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.BucketManifests;

/// <summary>
/// Writes the manifests of public recordings and clips to the object store, under their URL paths, so that a CDN on the bucket alone serves
/// them. A recording is written once its session has ended and the store has all of its media. Existing and wanted manifests are compared
/// after a notification of a change or a session's end, and every ten minutes. So missed changes are applied too, and manifests of deleted
/// or hidden recordings are removed. Recordings are rendered one at a time; memory holds one rank per recording with manifests, and one
/// pass's list of recordings.
/// </summary>
internal sealed class VodManifestPublisher(
    RecordingTimelineCache timelines, LiveDirectory directory, VodPlaylists playlists, ISpool spool, IObjectStore store,
    IOptions<OriginOptions> options, TimeProvider time, ILogger<VodManifestPublisher> logger,
    IRecordingList? recordings = null, IViewerAuthorizer? authority = null)
    : BackgroundService, ITimelineSink
{
    /// <summary>Interval of checks for changes.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Interval of full passes without a known change.</summary>
    private static readonly TimeSpan FullPassInterval = TimeSpan.FromMinutes(10);

    /// <summary>Maximum delay before a retry.</summary>
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(30);

    /// <summary>Number of recordings read at a time.</summary>
    private const int PageSize = 500;

    /// <summary>Maximum failures in a pass: after these, the store is probably unavailable, and the pass ends.</summary>
    private const int MaxFailures = 3;

    /// <summary>
    /// Recordings with manifests in the bucket, with the rank of their index; <see langword="null"/> where it was not read or is missing.
    /// </summary>
    private readonly Dictionary<RecordingId, ManifestRank?> _existing = [];

    /// <summary>Access policies of channels with recordings, as of the last pass.</summary>
    private readonly Dictionary<ChannelName, ViewerAccess?> _access = [];

    private bool _hasFoundExisting;
    private bool _isDone;
    private readonly HashSet<RecordingId> _failed = [];
    private bool _isFailing;
    private int _tries;
    private long _changes;
    private long _lastPassAt;
    private long _notBefore;
    private volatile bool _hasEnded;

    /// <summary>Requests a pass when a session ends, because its recordings become final.</summary>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        foreach (var @event in events)
        {
            if (@event is TimelineEvent.Ended)
            {
                _hasEnded = true;
            }
        }
    }

    /// <summary>Ignored: the control module announces deletions.</summary>
    public void Forget(ChannelName channel, SessionId session)
    {
    }

    /// <summary>Runs a pass if one is due; for the timer and for tests. Not reentrant. Throws only when canceled.</summary>
    internal async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (recordings is null || time.GetTimestamp() < _notBefore || !IsDue(recordings))
        {
            return;
        }

        _hasEnded = false;
        var changes = recordings.Changes;
        try
        {
            _isDone = false;
            _isDone = await RunPassAsync(recordings, cancellationToken);
            if (_isDone && _isFailing)
            {
                _isFailing = false;
                OriginLog.VodManifestsRecovered(logger);
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (RecordingsUnavailableException)
        {
            // The control module reports this. No recording counts as deleted.
        }
        catch (Exception failure)
        {
            ReportFailure(failure);
        }

        (_changes, _lastPassAt) = (changes, time.GetTimestamp());
        _tries = _isDone ? 0 : _tries + 1;
        var pause = _isDone ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(MaxRetryDelay.TotalSeconds, 1 << Math.Min(_tries, 5)));
        _notBefore = _lastPassAt + (long)(pause.TotalSeconds * time.TimestampFrequency);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var clock = new PeriodicTimer(Interval, time);
            while (await clock.WaitForNextTickAsync(stoppingToken))
            {
                await CheckAsync(stoppingToken);
            }
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; the next process continues.
        }
    }

    private bool IsDue(IRecordingList list) =>
        !_isDone || _hasEnded || list.Changes != _changes || time.GetElapsedTime(_lastPassAt) >= FullPassInterval
        || _access.Any(known => AccessNow(known.Key) != known.Value);

    /// <summary>Runs a pass.</summary>
    /// <returns>Whether all work is done; otherwise it is retried.</returns>
    private async Task<bool> RunPassAsync(IRecordingList list, CancellationToken cancellationToken)
    {
        await FindExistingAsync(cancellationToken);
        _access.Clear();
        var wanted = new HashSet<RecordingId>();
        var toUpdate = new List<RecordingRange>();
        var (isDone, failures) = (true, 0);
        RecordingId? before = null;
        IReadOnlyList<RecordingRange> page;
        do
        {
            page = await list.VisibleAsync(before, PageSize, cancellationToken);
            foreach (var recording in page)
            {
                before = recording.Id;
                switch (recording.Access ?? AccessOf(recording.Channel))
                {
                    case ViewerAccess.Public:
                        wanted.Add(recording.Id);
                        toUpdate.Add(recording);
                        break;
                    case null:
                        // Existing manifests remain until the access policy is known.
                        wanted.Add(recording.Id);
                        break;
                    default:
                        // A bucket cannot check tokens.
                        break;
                }
            }
        }
        while (page.Count == PageSize);

        // Manifests of hidden and deleted recordings are removed first, whatever fails later.
        foreach (var removed in _existing.Keys.Where(id => !wanted.Contains(id)).ToList())
        {
            await RemoveAsync(removed, [], cancellationToken);
            _existing.Remove(removed);
        }

        // Recordings that failed before come last, so that they do not delay the others.
        _failed.IntersectWith(toUpdate.Select(recording => recording.Id));
        foreach (var recording in toUpdate.OrderBy(recording => _failed.Contains(recording.Id)).ToList())
        {
            try
            {
                isDone = await UpdateAsync(recording, cancellationToken) && isDone;
                _failed.Remove(recording.Id);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                _failed.Add(recording.Id);
                if (failures == MaxFailures)
                {
                    throw;
                }

                (isDone, failures) = (false, failures + 1);
                ReportFailure(failure);
            }
        }

        return isDone;
    }

    private void ReportFailure(Exception failure)
    {
        BucketManifestMetrics.Failed();
        if (!_isFailing)
        {
            _isFailing = true;
            OriginLog.VodManifestsFailed(logger, failure.Message);
        }
    }

    /// <summary>Finds the manifests of earlier processes.</summary>
    private async Task FindExistingAsync(CancellationToken cancellationToken)
    {
        if (_hasFoundExisting)
        {
            return;
        }

        await foreach (var folder in store.ListFoldersAsync(ObjectNames.VodRoot, cancellationToken))
        {
            if (RecordingId.TryParse(folder, out var recording))
            {
                _existing.TryAdd(recording, null);
            }
        }

        _hasFoundExisting = true;
    }

    /// <summary>Updates a recording's manifests in the store, unless they are current.</summary>
    /// <returns><see langword="false"/> when it must be retried later.</returns>
    private async Task<bool> UpdateAsync(RecordingRange recording, CancellationToken cancellationToken)
    {
        var exists = _existing.TryGetValue(recording.Id, out var rank);
        if (exists && rank is null)
        {
            rank = (await store.FindAsync(ObjectNames.VodMultivariantPlaylist(recording.Id), cancellationToken))?.Rank;
            _existing[recording.Id] = rank;
        }

        if (VodManifestFingerprint.IsOf(recording, rank))
        {
            return true;
        }

        if (await timelines.OpenAsync(recording.Channel, recording.Session, cancellationToken) is not { } whole
            || directory.VisibilityFilter.Of(whole) is not { } session || !session.IsEnded)
        {
            // Its end will be announced. An unreadable session is not listed.
            return true;
        }

        if (whole.Read((timeline, _) => timeline.EndReason) == RecordingTimelineCache.LeftUnfinished)
        {
            // Only presumed ended: another server may continue it, and a recording's manifests are final.
            return true;
        }

        if (spool.List(ObjectNames.Of(recording.Channel, recording.Session).MediaFolder)
            .Any(found => IsListed(found.Name) && spool.IsWaiting(found.Name)))
        {
            return false;
        }

        if (await RenderAsync(session, recording, cancellationToken) is not { } manifests)
        {
            return false;
        }

        return await PutAsync(recording, session, manifests, rank, cancellationToken);
    }

    // No manifest lists posters, and replaced posters are deleted without an upload.
    private static bool IsListed(ObjectName name) => !ObjectNames.TryParse(name, out var parsed) || parsed.Kind != ObjectKind.Poster;

    /// <summary>Renders all manifests, the index last; none where the recording has no media.</summary>
    /// <returns><see langword="null"/> while too many manifests are rendered for the bucket.</returns>
    private async Task<List<BucketManifest>?> RenderAsync(LiveSession session, RecordingRange recording,
        CancellationToken cancellationToken)
    {
        var manifests = new List<BucketManifest>();
        var request = new RenderRequest(RenderPurpose.Bucket, Client: null, cancellationToken);
        foreach (var rendition in session.Read((timeline, _) => timeline.Renditions.Select(one => one.Name).ToList()))
        {
            var media = await playlists.MediaAsync(session, recording, rendition, request);
            if (!TryAdd(media, ObjectNames.VodMediaPlaylist(recording.Id, rendition), isIndex: false))
            {
                return null;
            }
        }

        var mpd = await playlists.PlainMpdAsync(session, recording, request);
        var index = await playlists.MultivariantAsync(session, recording, request);
        if (!TryAdd(mpd, ObjectNames.VodMpd(recording.Id), isIndex: false)
            || !TryAdd(index, ObjectNames.VodMultivariantPlaylist(recording.Id), isIndex: true))
        {
            return null;
        }

        return manifests;

        bool TryAdd(TimeRangeResult answer, ObjectName name, bool isIndex)
        {
            if (answer.Document is { } document)
            {
                manifests.Add(new BucketManifest(name, document, isIndex));
            }

            return !answer.IsBusy;
        }
    }

    private async Task<bool> PutAsync(RecordingRange recording, LiveSession session, List<BucketManifest> manifests, ManifestRank? before,
        CancellationToken cancellationToken)
    {
        var rank = VodManifestFingerprint.Next(recording, before, time.GetUtcNow());
        var names = manifests.Select(list => list.Name).ToHashSet();
        var exists = !_existing.TryAdd(recording.Id, before);
        foreach (var list in manifests)
        {
            if (list.IsIndex && exists)
            {
                // Renditions without media after a trim.
                await RemoveAsync(recording.Id, names, cancellationToken);
            }

            var headers = ObjectHeaders.OfManifest(list.Name, options.Value.EndedPlaylistMaxAge, session.Latency.TargetDuration);
            if (!await store.ReplaceAsync(list.Name, list.Document.Plain, rank, headers, cancellationToken))
            {
                OriginLog.VodManifestsOutranked(logger, recording.Id, recording.Channel);
                _existing[recording.Id] = null;
                return false;
            }

            BucketManifestMetrics.Written();
        }

        if (manifests.Count == 0 && exists)
        {
            await RemoveAsync(recording.Id, names, cancellationToken);
        }

        _existing[recording.Id] = rank;
        return true;
    }

    /// <summary>Deletes a recording's manifests except the given ones.</summary>
    private async Task RemoveAsync(RecordingId recording, HashSet<ObjectName> exceptNames, CancellationToken cancellationToken)
    {
        var names = new List<ObjectName>();
        await foreach (var found in store.ListAsync(ObjectNames.VodFolder(recording), cancellationToken))
        {
            if (!exceptNames.Contains(found.Name))
            {
                names.Add(found.Name);
            }
        }

        if (names.Count > 0)
        {
            await store.DeleteAsync(names, cancellationToken);
        }
    }

    private ViewerAccess? AccessOf(ChannelName channel)
    {
        if (!_access.TryGetValue(channel, out var access))
        {
            _access.Add(channel, access = AccessNow(channel));
        }

        return access;
    }

    private ViewerAccess? AccessNow(ChannelName channel) => authority is null ? ViewerAccess.Public : authority.AccessOf(channel);
}
