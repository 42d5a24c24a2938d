using System.Collections.Concurrent;
using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin;

/// <summary>
/// Everything that can be watched, folded from timelines. Safe to use from any thread; questions are answered from memory. Bounded by the channels there are,
/// <see cref="OriginOptions.MaxSessionsPerChannel"/> and each session's window.
/// </summary>
/// <param name="options">The limits.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it is told what begins and ends.</param>
/// <param name="audience">Who knows how much of each session viewers get; without it, all of what did not begin hidden.</param>
/// <param name="authority">Who knows who may watch each session; without it, everybody.</param>
public sealed class LiveDirectory(IOptions<OriginOptions> options, TimeProvider time, ILogger<LiveDirectory> logger, ISessionAudience? audience = null, IViewerAuthority? authority = null)
    : ITimelineSink
{
    private readonly ConcurrentDictionary<ChannelName, LiveChannel> _channels = new();
    private readonly Lock _gate = new();

    /// <summary>What viewers get of sessions.</summary>
    internal Audience Audience { get; } = new(audience, authority);

    /// <summary>A channel as it is now, whether its viewers get that or not; offline when nothing is known of it.</summary>
    public ChannelStatus Status(ChannelName channel) => FindChannel(channel)?.Status() ?? LiveChannel.Offline(channel);

    /// <summary>Whether viewers get nothing of a session that goes on.</summary>
    public bool IsHidden(ChannelName channel, SessionId? session) => session is { } id && FindChannel(channel)?.Find(id) is { } found && Audience.IsHidden(found);

    /// <summary>All channels that have a session, in order of names.</summary>
    public IReadOnlyList<ChannelStatus> All() =>
        [.. _channels.Values.Select(channel => channel.Status()).OrderBy(status => status.Channel.Value, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        var target = FindChannel(channel)?.Find(session) ?? Begin(channel, session, events);
        if (target is null)
        {
            OriginLog.SessionUnknown(logger, channel, session);
            return;
        }

        var (wasPlayable, wasEnded) = (target.IsPlayable, target.IsEnded);
        target.Append(events, mistake => OriginLog.EventRefused(logger, channel, session, mistake));
        if (target.IsPlayable && !wasPlayable)
        {
            OriginLog.SessionPlayable(logger, channel, session);
        }

        if (target.IsEnded && !wasEnded)
        {
            OriginLog.SessionEnded(logger, channel, session, target.EndReason ?? "");
        }

        // What its audience gets begins with the first that is for it, not with the first that somebody asks for.
        _ = Audience.Of(target);
    }

    /// <inheritdoc/>
    public void Forget(ChannelName channel, SessionId session)
    {
        lock (_gate)
        {
            if (FindChannel(channel) is not { } found || found.Find(session) is not { } gone)
            {
                return;
            }

            found.Remove(gone);
            if (found.Sessions.Count == 0)
            {
                _channels.TryRemove(channel, out _);
            }
        }

        OriginLog.SessionForgotten(logger, channel, session);
    }

    /// <summary>All channels that have sessions.</summary>
    internal IEnumerable<LiveChannel> Channels => _channels.Values;

    /// <summary>The channel of a name, or <see langword="null"/> when it has no sessions.</summary>
    internal LiveChannel? FindChannel(ChannelName name) => _channels.GetValueOrDefault(name);

    private LiveSession? Begin(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
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
                return known;
            }

            var begun = new LiveSession(started.Session with { Channel = channel, Id = session }, time);
            found.Add(begun, options.Value.MaxSessionsPerChannel);
            OriginLog.SessionKnown(logger, channel, session);
            return begun;
        }
    }
}
