namespace Broadcast.Media.OriginToControl;

/// <summary>Visibility of a session for viewers without preview permission.</summary>
public readonly record struct SessionVisibility
{
    /// <summary>The whole session is visible.</summary>
    public static SessionVisibility Open => default;

    /// <summary>The session is hidden, as if it did not exist.</summary>
    public static SessionVisibility Hidden => new() { IsHidden = true };

    /// <summary>The session is visible from an instant on, in whole segments: the segment in progress at that instant is hidden.</summary>
    /// <param name="from">The instant, by the wall clock of media arrival.</param>
    /// <param name="segment">Sequence number of the first visible segment, once determined.</param>
    public static SessionVisibility Since(DateTimeOffset from, long? segment = null) => new() { From = from, Segment = segment };

    /// <summary>Indicates whether the session is hidden.</summary>
    public bool IsHidden { get; private init; }

    /// <summary>First visible instant; <see langword="null"/> when the session is visible from its start, or hidden.</summary>
    public DateTimeOffset? From { get; private init; }

    /// <summary>Sequence number of the first visible segment, if known.</summary>
    public long? Segment { get; private init; }

    /// <summary>Indicates whether the whole session is visible.</summary>
    public bool IsOpen => !IsHidden && From is null;
}

/// <summary>
/// Visibility of sessions, which the origin requests from control. A previewed session is hidden until its event goes live, and is then
/// visible from that instant on. Called on every request, so it answers from memory, even while the database is unavailable.
/// </summary>
public interface ISessionVisibility
{
    /// <summary>
    /// Visibility of a session; <see langword="null"/> when none was set, so that <see cref="BroadcastSession.BeginsHidden"/> applies.
    /// </summary>
    SessionVisibility? Find(ChannelName channel, SessionId session);

    /// <summary>
    /// Fixes the first visible segment of a session permanently, even after the segment leaves the live window or the server restarts.
    /// </summary>
    /// <param name="channel">Channel of the session.</param>
    /// <param name="session">The session.</param>
    /// <param name="from">The instant for which the segment was determined.</param>
    /// <param name="segment">Sequence number of the segment.</param>
    void FixFirstSegment(ChannelName channel, SessionId session, DateTimeOffset from, long segment);
}
