using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.BucketManifests;

/// <summary>
/// Writes the manifests of public sessions to the object store, beside their media, so that a CDN on the bucket alone serves them. A timer
/// checks each session, independently of the live path, which never waits for it. A session has one pass at a time; changes during a pass
/// go into the next one, and a failing store only delays passes. Bounded by the sessions in the directory.
/// </summary>
internal sealed class BucketManifestPublisher(
    LiveDirectory directory, ISpool spool, IObjectStore store, IOptions<OriginOptions> options, TimeProvider time,
    ILogger<BucketManifestPublisher> logger, IViewerAuthorizer? authority = null)
    : BackgroundService, ITimelineSink
{
    /// <summary>Interval of checks; a manifest may lag its media by this.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Interval of checks while the directory has no session. A new session has no complete segment within this time.</summary>
    private static readonly TimeSpan IdleInterval = TimeSpan.FromSeconds(1);

    /// <summary>Maximum delay between two attempts while the store fails.</summary>
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(4);

    /// <summary>Maximum concurrent passes.</summary>
    private const int MaxConcurrentPasses = 16;

    private readonly ConcurrentDictionary<SessionId, Entry> _entries = new();
    private readonly ConcurrentDictionary<SessionId, ChannelName> _notPublic = new();
    private readonly SemaphoreSlim _slots = new(MaxConcurrentPasses);

    /// <summary>Age of the oldest current manifest of a live session; zero when none is live.</summary>
    public TimeSpan Age
    {
        get
        {
            var now = time.GetUtcNow();
            return _entries.Values.Where(entry => !entry.IsFinal && !entry.IsOutranked && !_notPublic.ContainsKey(entry.Session.Id))
                .Select(entry => now - (entry.Session.WrittenAt ?? entry.Since)).Where(age => age > TimeSpan.Zero).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Ignored: events are in the directory.</summary>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
    }

    /// <summary>
    /// Deletes the manifests of a session that is no longer live here, and the channel's manifests unless a newer session replaced them.
    /// </summary>
    public void Forget(ChannelName channel, SessionId session)
    {
        Drop(session);
        _notPublic.TryRemove(session, out _);
        if (directory.FindChannel(channel)?.Sessions.Any(other => other.Id > session && other.IsPlayable) != true)
        {
            spool.Delete(ObjectNames.ChannelManifests(channel));
        }
    }

    /// <summary>Releases a session whose manifests, and the channel's, another server now writes.</summary>
    public void Release(ChannelName channel, SessionId session)
    {
        _entries.TryRemove(session, out _);
        _notPublic.TryRemove(session, out _);
    }

    /// <summary>Starts a pass for each session without one; for the timer and for tests.</summary>
    /// <returns>Completes with the passes.</returns>
    internal Task CheckAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, entry) in _entries)
        {
            if (directory.FindChannel(entry.Session.Channel)?.Find(id) is null)
            {
                Drop(id);
            }
        }

        foreach (var (id, channel) in _notPublic)
        {
            if (directory.FindChannel(channel)?.Find(id) is null)
            {
                _notPublic.TryRemove(id, out _);
            }
        }

        var passes = new List<Task>();
        foreach (var channel in directory.Channels)
        {
            // Of a session that is or was hidden, only the visible part.
            foreach (var session in channel.Sessions.Select(session => directory.VisibilityFilter.Of(session)).OfType<LiveSession>())
            {
                switch (authority is null ? ViewerAccess.Public : authority.AccessOf(channel.Name, session.Id, session.Access))
                {
                    case ViewerAccess.Public:
                        MarkPublic(session.Id);
                        passes.Add(StartPass(channel, session, cancellationToken));
                        break;
                    case null:
                        break;
                    case { } access:
                        Unpublish(channel, session, access);
                        break;
                }
            }
        }

        return Task.WhenAll(passes);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        BucketManifestMetrics.Add(this);
        try
        {
            using var clock = new PeriodicTimer(Interval, time);
            while (await clock.WaitForNextTickAsync(stoppingToken))
            {
                Check(stoppingToken);
                var interval = directory.Channels.Any(channel => channel.Sessions.Any()) ? Interval : IdleInterval;
                if (clock.Period != interval)
                {
                    clock.Period = interval;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(_entries.Values.Select(entry => entry.Pass)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            BucketManifestMetrics.Remove(this);
        }
    }

    private void Drop(SessionId session)
    {
        if (_entries.TryRemove(session, out var entry))
        {
            entry.IsForgotten = true;
            spool.Delete(entry.Session.Names);
        }
    }

    private void Check(CancellationToken cancellationToken)
    {
        try
        {
            _ = CheckAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            OriginLog.BucketManifestCheckFailed(logger, exception);
        }
    }

    private Task StartPass(LiveChannel channel, LiveSession session, CancellationToken cancellationToken)
    {
        var entry = _entries.GetOrAdd(session.Id, _ =>
            new Entry(new BucketSession(session, spool, store, options.Value.EndedPlaylistMaxAge, time, logger), time.GetUtcNow()));
        if (!entry.Pass.IsCompleted || entry.IsFinal || time.GetTimestamp() < entry.NotBefore
            || (entry.IsOutranked && entry.Session.Epoch <= entry.OutrankedIn))
        {
            return entry.Pass;
        }

        entry.IsOutranked = false;
        return entry.Pass = RunAsync(channel, entry, cancellationToken);
    }

    /// <summary>Runs one pass. Never throws.</summary>
    private async Task RunAsync(LiveChannel channel, Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            await _slots.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            var result = await entry.Session.RunAsync(IsChannelSession(channel, entry.Session.Id), cancellationToken);
            Succeed(entry);
            entry.IsFinal = result == BucketPublishResult.Final;
            if (result == BucketPublishResult.Outranked)
            {
                (entry.IsOutranked, entry.OutrankedIn) = (true, entry.Session.Epoch);
                OriginLog.BucketManifestsOutranked(logger, entry.Session.Channel, entry.Session.Id, entry.OutrankedIn);
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The process stops; the next process continues.
        }
        catch (Exception failure)
        {
            Fail(entry, failure);
        }
        finally
        {
            _slots.Release();
            if (entry.IsForgotten)
            {
                // Deletes manifests that were written during the removal.
                spool.Delete(entry.Session.Names);
            }
        }
    }

    /// <summary>
    /// Returns whether a session is at the channel's URLs: the newest one that is playable in the bucket. While the newest session is not
    /// public, no session is.
    /// </summary>
    private bool IsChannelSession(LiveChannel channel, SessionId session) =>
        !channel.Sessions.Any(other => other.Id > session
            && (_notPublic.ContainsKey(other.Id) || (_entries.TryGetValue(other.Id, out var newer) && newer.Session.IsPlayable)));

    private void Succeed(Entry entry)
    {
        if (entry.Failures > 0)
        {
            OriginLog.BucketManifestsRecovered(logger, entry.Session.Channel, entry.Session.Id);
        }

        (entry.Failures, entry.NotBefore) = (0, 0);
    }

    private void Fail(Entry entry, Exception failure)
    {
        BucketManifestMetrics.Failed();
        if (entry.Failures++ == 0)
        {
            OriginLog.BucketManifestsFailed(logger, entry.Session.Channel, entry.Session.Id, failure.Message);
        }

        var pause = TimeSpan.FromMilliseconds(Math.Min(MaxRetryDelay.TotalMilliseconds, 250 << Math.Min(entry.Failures, 8)));
        entry.NotBefore = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
    }

    private void MarkPublic(SessionId session)
    {
        if (_notPublic.TryRemove(session, out _) && _entries.TryGetValue(session, out var entry))
        {
            entry.Session.Reset();
            entry.IsFinal = false;
        }
    }

    /// <summary>
    /// Removes the manifests of a session that is no longer public, because a bucket cannot check tokens. Also removes the channel's
    /// manifests, unless a newer session has written them. The media remain.
    /// </summary>
    private void Unpublish(LiveChannel channel, LiveSession session, ViewerAccess access)
    {
        // Not while a manifest of the channel is being written: it would reappear.
        if (_entries.Values.Any(entry => entry.Session.Channel == channel.Name && !entry.Pass.IsCompleted)
            || !_notPublic.TryAdd(session.Id, channel.Name))
        {
            return;
        }

        OriginLog.BucketManifestsNotPublic(logger, session.Id, channel.Name, access);
        spool.Delete([.. IsChannelSession(channel, session.Id) ? ObjectNames.ChannelManifests(channel.Name) : [],
            .. BucketSession.NamesOf(session)]);
    }

    /// <summary>A session and the state of its passes.</summary>
    private sealed class Entry(BucketSession session, DateTimeOffset since)
    {
        public BucketSession Session { get; } = session;

        public DateTimeOffset Since { get; } = since;

        public Task Pass { get; set; } = Task.CompletedTask;

        public int Failures { get; set; }

        public long NotBefore { get; set; }

        public bool IsFinal { get; set; }

        public bool IsOutranked { get; set; }

        public long OutrankedIn { get; set; }

        public volatile bool IsForgotten;
    }
}
