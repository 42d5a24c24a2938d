using System.Collections.Concurrent;
using Broadcast.Media;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.BucketLists;

/// <summary>
/// Puts playlists and MPDs of what everybody may watch beside their media in the store, so that a CDN on the bucket alone serves them. Looks at each session now and then, apart from the live path, which never waits for it: a session
/// has one round at a time, what changes meanwhile is in the next one, and a store that is away costs rounds only. Sessions are those that the origin knows, and so are limited as those are.
/// </summary>
internal sealed class BucketListWriter(
    LiveDirectory directory, ISpool spool, IObjectStore store, IOptions<OriginOptions> options, TimeProvider time, ILogger<BucketListWriter> logger, IViewerAuthority? authority = null)
    : BackgroundService, ITimelineSink
{
    /// <summary>How often is looked: what a list may be later than the last of its media.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest between two attempts while the store fails.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(4);

    /// <summary>Rounds at the same time.</summary>
    private const int Parallel = 16;

    private readonly ConcurrentDictionary<SessionId, Entry> _entries = new();
    private readonly ConcurrentDictionary<SessionId, ChannelName> _refused = new();
    private readonly SemaphoreSlim _turns = new(Parallel);

    /// <summary>How old the newest list of a session on air is, of the one of which it is oldest; zero when none is on air.</summary>
    public TimeSpan Age
    {
        get
        {
            var now = time.GetUtcNow();
            return _entries.Values.Where(entry => !entry.IsOver && !entry.IsOutranked && !_refused.ContainsKey(entry.Session.Id))
                .Select(entry => now - (entry.Session.WrittenAt ?? entry.Since)).Where(age => age > TimeSpan.Zero).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Nothing: what is announced is in the directory.</summary>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
    }

    /// <summary>The session is not served live any more: its lists go, and the channel's, where no newer session has taken them over.</summary>
    public void Forget(ChannelName channel, SessionId session)
    {
        Drop(session);
        _refused.TryRemove(session, out _);
        if (directory.FindChannel(channel)?.Sessions.Any(other => other.Id > session && other.IsPlayable) != true)
        {
            spool.Delete(ChannelLists.Of(channel));
        }
    }

    /// <summary>Another server writes the session's lists, and the channel's.</summary>
    public void LetGo(ChannelName channel, SessionId session)
    {
        _entries.TryRemove(session, out _);
        _refused.TryRemove(session, out _);
    }

    /// <summary>Begins a round of each session that has none; for the clock, and for tests.</summary>
    /// <returns>Completes with the rounds.</returns>
    internal Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, entry) in _entries)
        {
            if (directory.FindChannel(entry.Session.Channel)?.Find(id) is null)
            {
                Drop(id);
            }
        }

        foreach (var (id, channel) in _refused)
        {
            if (directory.FindChannel(channel)?.Find(id) is null)
            {
                _refused.TryRemove(id, out _);
            }
        }

        var rounds = new List<Task>();
        foreach (var channel in directory.Channels)
        {
            // Of a session that is hidden, or was, only what its audience gets.
            foreach (var session in channel.Sessions.Select(session => directory.Audience.Of(session)).OfType<LiveSession>())
            {
                switch (authority is null ? ViewerAccess.Public : authority.AccessOf(channel.Name, session.Id, session.Access))
                {
                    case ViewerAccess.Public:
                        Admit(session.Id);
                        rounds.Add(BeginRound(channel, session, cancellationToken));
                        break;
                    case null:
                        break;
                    case { } access:
                        Refuse(channel, session, access);
                        break;
                }
            }
        }

        return Task.WhenAll(rounds);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        BucketListMetrics.Add(this);
        try
        {
            using var clock = new PeriodicTimer(Interval, time);
            while (await clock.WaitForNextTickAsync(stoppingToken))
            {
                Look(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(_entries.Values.Select(entry => entry.Round)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            BucketListMetrics.Remove(this);
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

    private void Look(CancellationToken cancellationToken)
    {
        try
        {
            _ = LookAsync(cancellationToken);
        }
        catch (Exception mistake)
        {
            OriginLog.BucketListsBroken(logger, mistake);
        }
    }

    private Task BeginRound(LiveChannel channel, LiveSession session, CancellationToken cancellationToken)
    {
        var entry = _entries.GetOrAdd(session.Id, _ => new Entry(new BucketSession(session, spool, store, options.Value.EndedPlaylistMaxAge, time, logger), time.GetUtcNow()));
        if (!entry.Round.IsCompleted || entry.IsOver || time.GetTimestamp() < entry.NotBefore || (entry.IsOutranked && entry.Session.Epoch <= entry.OutrankedIn))
        {
            return entry.Round;
        }

        entry.IsOutranked = false;
        return entry.Round = RunAsync(channel, entry, cancellationToken);
    }

    /// <summary>One round. Never throws.</summary>
    private async Task RunAsync(LiveChannel channel, Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            await _turns.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            var result = await entry.Session.RunAsync(IsChannels(channel, entry.Session.Id), cancellationToken);
            Succeed(entry);
            entry.IsOver = result == BucketRound.Over;
            if (result == BucketRound.Outranked)
            {
                (entry.IsOutranked, entry.OutrankedIn) = (true, entry.Session.Epoch);
                OriginLog.BucketListsOutranked(logger, entry.Session.Channel, entry.Session.Id, entry.OutrankedIn);
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The process stops; the next one goes on.
        }
        catch (Exception failure)
        {
            Fail(entry, failure);
        }
        finally
        {
            _turns.Release();
            if (entry.IsForgotten)
            {
                // What was put while it was forgotten.
                spool.Delete(entry.Session.Names);
            }
        }
    }

    /// <summary>Whether the channel's addresses show a session: the newest one that can be played in the bucket. While the newest is not for everybody, they show none.</summary>
    private bool IsChannels(LiveChannel channel, SessionId session) =>
        !channel.Sessions.Any(other => other.Id > session && (_refused.ContainsKey(other.Id) || (_entries.TryGetValue(other.Id, out var newer) && newer.Session.IsPlayable)));

    private void Succeed(Entry entry)
    {
        if (entry.Failures > 0)
        {
            OriginLog.BucketListsBack(logger, entry.Session.Channel, entry.Session.Id);
        }

        (entry.Failures, entry.NotBefore) = (0, 0);
    }

    private void Fail(Entry entry, Exception failure)
    {
        BucketListMetrics.Failed();
        if (entry.Failures++ == 0)
        {
            OriginLog.BucketListsFail(logger, entry.Session.Channel, entry.Session.Id, failure.Message);
        }

        var pause = TimeSpan.FromMilliseconds(Math.Min(LongestPause.TotalMilliseconds, 250 << Math.Min(entry.Failures, 8)));
        entry.NotBefore = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
    }

    private void Admit(SessionId session)
    {
        if (_refused.TryRemove(session, out _) && _entries.TryGetValue(session, out var entry))
        {
            entry.Session.Reset();
            entry.IsOver = false;
        }
    }

    /// <summary>
    /// A bucket asks nobody for tokens. What was written while everybody might watch the session is taken away, and the channel's lists, unless a newer session has those; its media stay where they are.
    /// </summary>
    private void Refuse(LiveChannel channel, LiveSession session, ViewerAccess access)
    {
        // Not while something of the channel is being written: it would come back.
        if (_entries.Values.Any(entry => entry.Session.Channel == channel.Name && !entry.Round.IsCompleted) || !_refused.TryAdd(session.Id, channel.Name))
        {
            return;
        }

        OriginLog.BucketListsRefused(logger, session.Id, channel.Name, access);
        spool.Delete([.. IsChannels(channel, session.Id) ? ChannelLists.Of(channel.Name) : [], .. BucketSession.NamesOf(session)]);
    }

    /// <summary>A session and how its rounds go.</summary>
    private sealed class Entry(BucketSession session, DateTimeOffset since)
    {
        public BucketSession Session { get; } = session;

        public DateTimeOffset Since { get; } = since;

        public Task Round { get; set; } = Task.CompletedTask;

        public int Failures { get; set; }

        public long NotBefore { get; set; }

        public bool IsOver { get; set; }

        public bool IsOutranked { get; set; }

        public long OutrankedIn { get; set; }

        public volatile bool IsForgotten;
    }
}
