using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Timeline;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Live;

/// <summary>
/// All playable sessions, projected from timelines. Thread-safe; queries are answered from memory. Bounded by the number of channels,
/// <see cref="OriginOptions.MaxSessionsPerChannel"/> and each session's live window.
/// </summary>
/// <param name="options">The limits.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logger for starts and ends of sessions.</param>
/// <param name="visibility">Source of session visibility; without it, sessions are visible unless they started hidden.</param>
/// <param name="authorizer">Source of access policies; without it, all viewers have access.</param>
public sealed class LiveDirectory(IOptions<OriginOptions> options, TimeProvider time, ILogger<LiveDirectory> logger,
    ISessionVisibility? visibility = null, IViewerAuthorizer? authorizer = null)
    : ITimelineSink, ISessionFeeds, IMirroredSessions
{
    /// <summary>Time after the release of an open session in which the database names its owner.</summary>
    private static readonly TimeSpan ReleasedFor = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<ChannelName, LiveChannel> _channels = new();
    private readonly ConcurrentDictionary<ChannelName, long> _released = new();
    private readonly Lock _gate = new();

    /// <summary>Selects the visible part of each session.</summary>
    internal SessionVisibilityFilter VisibilityFilter { get; } = new(visibility, authorizer);

    /// <summary>The current status of a channel, including hidden sessions; offline when the channel is unknown.</summary>
    public ChannelStatus Status(ChannelName channel) => FindChannel(channel)?.Status() ?? LiveChannel.Offline(channel);

    /// <summary>Returns whether a running session is hidden from viewers.</summary>
    public bool IsHidden(ChannelName channel, SessionId? session) => session is { } id && FindChannel(channel)?.Find(id) is { } found
        && VisibilityFilter.IsHidden(found);

    /// <summary>All channels that have a session, sorted by name.</summary>
    public IReadOnlyList<ChannelStatus> All() =>
        [.. _channels.Values.Select(channel => channel.Status()).OrderBy(status => status.Channel.Value, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        var target = FindChannel(channel)?.Find(session) is { IsMirror: false } known ? known : StartSession(channel, session, events);
        if (target is null)
        {
            OriginLog.SessionUnknown(logger, channel, session);
            return;
        }

        var (wasPlayable, wasEnded) = (target.IsPlayable, target.IsEnded);
        target.Append(events, error => OriginLog.EventRejected(logger, channel, session, error));
        if (target.IsPlayable && !wasPlayable)
        {
            OriginLog.SessionPlayable(logger, channel, session);
        }

        if (target.IsEnded && !wasEnded)
        {
            OriginLog.SessionEnded(logger, channel, session, target.EndReason ?? "");
        }

        // The visible part starts with the first visible segment, not with the first request.
        _ = VisibilityFilter.Of(target);
    }

    /// <inheritdoc/>
    public void Forget(ChannelName channel, SessionId session)
    {
        lock (_gate)
        {
            if (FindChannel(channel)?.Find(session) is not { IsMirror: false } removed)
            {
                return;
            }

            Remove(removed);
            if (!removed.IsEnded)
            {
                _released[channel] = time.GetTimestamp();
            }
        }

        OriginLog.SessionRemoved(logger, channel, session);
    }

    /// <inheritdoc/>
    public ISessionFeed? Follow(ChannelName channel, SessionId session)
    {
        // Under the lock, so that a session that is removed meanwhile ends the feed.
        lock (_gate)
        {
            return FindChannel(channel)?.Find(session) is { IsMirror: false } found ? found.Follow() : null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<TimelineEvent>? GetCheckpoint(ChannelName channel, SessionId session) =>
        FindChannel(channel)?.Find(session) is { IsMirror: true } found ? found.Read(static (timeline, _) => timeline.Checkpoint()) : null;

    /// <inheritdoc/>
    public bool Owns(ChannelName channel, SessionId session) => FindChannel(channel)?.Find(session) is { IsMirror: false };

    /// <summary>Returns whether a session is the newest one of this server in its channel.</summary>
    public bool IsNewestOwned(ChannelName channel, SessionId session) => Owns(channel, session)
        && FindChannel(channel)!.Sessions.All(other => other.IsMirror || other.Id <= session);

    /// <inheritdoc/>
    public bool HasReleased(ChannelName channel)
    {
        if (!_released.TryGetValue(channel, out var at))
        {
            return false;
        }

        if ((FindChannel(channel)?.Sessions.All(session => session.IsEnded) ?? true) && time.GetElapsedTime(at) < ReleasedFor)
        {
            return true;
        }

        _released.TryRemove(KeyValuePair.Create(channel, at));
        return false;
    }

    /// <inheritdoc/>
    public bool LacksEncoder(ChannelName channel) => FindChannel(channel)?.Sessions
        .Any(own => own is { IsMirror: false, IsEnded: false, LacksEncoder: true }) ?? false;

    /// <inheritdoc/>
    public bool HasNewer(ChannelName channel, SessionId session) => FindChannel(channel)?.Sessions
        .Any(own => own is { IsMirror: false, IsPlayable: true } && own.Id.CompareTo(session) > 0) ?? false;

    /// <inheritdoc/>
    public long FirstSegmentOf(ChannelName channel, SessionId session) => FindChannel(channel)?.Find(session) is { IsMirror: true } found
        ? found.Read(static (timeline, _) => timeline.FirstSegment) : 0;

    /// <inheritdoc/>
    public void Restore(ChannelName channel, SessionId session, FeedSnapshot snapshot)
    {
        var restored = LiveSession.Restore(channel, session, snapshot, time);
        lock (_gate)
        {
            var found = _channels.GetOrAdd(channel, static name => new LiveChannel(name));
            if (found.Find(session) is { } earlier)
            {
                if (!earlier.IsMirror)
                {
                    return;
                }

                found.Replace(earlier, restored);
                earlier.Replace(restored);
                return;
            }

            found.Add(restored, options.Value.MaxSessionsPerChannel);
        }
    }

    /// <inheritdoc/>
    public void Append(ChannelName channel, SessionId session, FeedBatch batch)
    {
        if (FindChannel(channel)?.Find(session) is { IsMirror: true } target)
        {
            target.Append(batch);
        }
    }

    /// <inheritdoc/>
    public void Demote(ChannelName channel, SessionId session)
    {
        lock (_gate)
        {
            if (FindChannel(channel)?.Find(session) is { IsMirror: false } own)
            {
                using var feed = own.Follow();
                var mirror = LiveSession.Restore(channel, session, feed.Snapshot, time);
                _channels[channel].Replace(own, mirror);
                own.EndFeeds();
                own.Replace(mirror);
            }
        }
    }

    /// <inheritdoc/>
    void IMirroredSessions.Remove(ChannelName channel, SessionId session)
    {
        lock (_gate)
        {
            if (FindChannel(channel)?.Find(session) is { IsMirror: true } removed)
            {
                Remove(removed);
                removed.Replace(null);
            }
        }
    }

    /// <summary>Removes a session, and its channel with the last one. Called under the lock.</summary>
    private void Remove(LiveSession session)
    {
        var channel = _channels[session.Channel];
        channel.Remove(session);
        session.EndFeeds();
        if (channel.Sessions.Count == 0)
        {
            _channels.TryRemove(session.Channel, out _);
        }
    }

    /// <summary>All channels that have sessions.</summary>
    internal IEnumerable<LiveChannel> Channels => _channels.Values;

    /// <summary>The channel with a name, or <see langword="null"/> when it has no sessions.</summary>
    internal LiveChannel? FindChannel(ChannelName name) => _channels.GetValueOrDefault(name);

    private LiveSession? StartSession(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        if (events.OfType<TimelineEvent.Started>().FirstOrDefault() is not { } started)
        {
            return null;
        }

        lock (_gate)
        {
            var found = _channels.GetOrAdd(channel, static name => new LiveChannel(name));
            if (found.Find(session) is { } known)
            {
                if (!known.IsMirror)
                {
                    return known;
                }

                // This server takes the session over from the one that it mirrored.
                try
                {
                    var promoted = LiveSession.Promote(known, events);
                    found.Replace(known, promoted);
                    known.Replace(promoted);
                    return promoted;
                }
                catch (InvalidDataException error)
                {
                    OriginLog.EventRejected(logger, channel, session, error.Message);
                    found.Remove(known);
                    known.Replace(null);
                }
            }

            var created = new LiveSession(started.Session with { Channel = channel, Id = session }, time);
            found.Add(created, options.Value.MaxSessionsPerChannel);
            OriginLog.SessionRegistered(logger, channel, session);
            return created;
        }
    }
}
