using Broadcast.Media;

namespace Broadcast.Origin.Live;

/// <summary>A channel's sessions, oldest first. Read without a lock; changed only by <see cref="LiveDirectory"/> under its lock.</summary>
internal sealed class LiveChannel(ChannelName name)
{
    private volatile LiveSession[] _sessions = [];

    public ChannelName Name { get; } = name;

    /// <summary>Its sessions in ascending order of id.</summary>
    public IReadOnlyList<LiveSession> Sessions => _sessions;

    /// <summary>The newest session with media in every rendition, ended or not.</summary>
    public LiveSession? Current => CurrentOf(static session => session);

    /// <summary>
    /// The session at the channel's URLs: the newest one with media in every rendition for the requesting viewer, ended or not.
    /// </summary>
    public LiveSession? CurrentFor(SessionVisibilityFilter audience, bool mayPreview) =>
        CurrentOf(session => VisibleOf(audience, session, mayPreview));

    /// <summary>The session with an id, or <see langword="null"/>.</summary>
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

    /// <summary>The channel's current status.</summary>
    public ChannelStatus Status() => StatusSessionOf(static session => session)?.Status() ?? Offline(Name);

    /// <summary>
    /// The session that determines the channel's status for the requesting viewer; <see langword="null"/> where the channel is offline.
    /// </summary>
    public LiveSession? StatusSessionFor(SessionVisibilityFilter audience, bool mayPreview) =>
        StatusSessionOf(session => VisibleOf(audience, session, mayPreview));

    /// <summary>The status of a channel without sessions.</summary>
    public static ChannelStatus Offline(ChannelName channel) => new(channel, ChannelState.Offline, null, null, null, []);

    /// <summary>Adds a session and retains the newest <paramref name="limit"/>.</summary>
    public void Add(LiveSession session, int limit) =>
        _sessions = [.. _sessions.Append(session).OrderBy(s => s.Id).TakeLast(limit)];

    /// <summary>Replaces a session by another state of the same one. Readers find one or the other.</summary>
    public void Replace(LiveSession session, LiveSession other) =>
        _sessions = [.. _sessions.Select(known => known == session ? other : known)];

    /// <summary>Removes a session.</summary>
    public void Remove(LiveSession session) => _sessions = [.. _sessions.Where(s => s != session)];

    private static LiveSession? VisibleOf(SessionVisibilityFilter audience, LiveSession session, bool mayPreview) =>
        audience.IsVisibleOnChannel(session) ? audience.Of(session, mayPreview) : null;

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

    private LiveSession? StatusSessionOf(Func<LiveSession, LiveSession?> view)
    {
        LiveSession[] seen = [.. _sessions.Select(view).OfType<LiveSession>()];
        var current = seen.LastOrDefault(session => session.IsPlayable);
        return seen is [.., var newest] && newest != current && !newest.IsEnded ? newest : current;
    }
}
