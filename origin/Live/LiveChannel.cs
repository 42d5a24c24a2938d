using Broadcast.Media;

namespace Broadcast.Origin;

/// <summary>A channel's sessions, oldest first. Read without a lock; changed only by <see cref="LiveDirectory"/> under its own.</summary>
internal sealed class LiveChannel(ChannelName name)
{
    private volatile LiveSession[] _sessions = [];

    /// <summary>The channel.</summary>
    public ChannelName Name { get; } = name;

    /// <summary>Its sessions by rising id.</summary>
    public IReadOnlyList<LiveSession> Sessions => _sessions;

    /// <summary>The newest session that has something of every rendition, ended or not.</summary>
    public LiveSession? Current => CurrentOf(static session => session);

    /// <summary>What the channel's addresses show: the newest session that has something of every rendition for who asks, ended or not.</summary>
    public LiveSession? CurrentFor(Audience audience, bool mayPreview) => CurrentOf(session => ShownOf(audience, session, mayPreview));

    /// <summary>The session of an id, or <see langword="null"/>.</summary>
    public LiveSession? Find(SessionId id)
    {
        foreach (var session in _sessions)
        {
            if (session.Id == id)
            {
                return session;
            }
        }

        return null;
    }

    /// <summary>The channel as it is.</summary>
    public ChannelStatus Status() => ToldOf(static session => session)?.Status() ?? Offline(Name);

    /// <summary>The session whose status is the channel's for who asks; <see langword="null"/> where the channel is offline.</summary>
    public LiveSession? ToldFor(Audience audience, bool mayPreview) => ToldOf(session => ShownOf(audience, session, mayPreview));

    /// <summary>The status of a channel without sessions.</summary>
    public static ChannelStatus Offline(ChannelName channel) => new(channel, ChannelState.Offline, null, null, null, []);

    /// <summary>Adds a session and keeps the newest <paramref name="limit"/>.</summary>
    public void Add(LiveSession session, int limit) =>
        _sessions = [.. _sessions.Append(session).OrderBy(s => s.Id).TakeLast(limit)];

    /// <summary>Removes a session.</summary>
    public void Remove(LiveSession session) => _sessions = [.. _sessions.Where(s => s != session)];

    private static LiveSession? ShownOf(Audience audience, LiveSession session, bool mayPreview) => audience.IsOfChannel(session) ? audience.Of(session, mayPreview) : null;

    private LiveSession? CurrentOf(Func<LiveSession, LiveSession?> view)
    {
        var sessions = _sessions;
        for (var i = sessions.Length - 1; i >= 0; i--)
        {
            if (sessions[i].IsPlayable && view(sessions[i]) is { IsPlayable: true } playable)
            {
                return playable;
            }
        }

        return null;
    }

    private LiveSession? ToldOf(Func<LiveSession, LiveSession?> view)
    {
        LiveSession[] seen = [.. _sessions.Select(view).OfType<LiveSession>()];
        var current = seen.LastOrDefault(session => session.IsPlayable);
        return seen is [.., var newest] && newest != current && !newest.IsEnded ? newest : current;
    }
}
