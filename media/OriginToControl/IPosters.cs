namespace Broadcast.Media.OriginToControl;

/// <summary>An existing poster.</summary>
/// <param name="Session">Session of the poster.</param>
/// <param name="Access">Access policy of the session (<see cref="BroadcastSession.Access"/>); <see langword="null"/> for the channel's
/// policy.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
public readonly record struct PosterInfo(SessionId Session, ViewerAccess? Access, int Width, int Height);

/// <summary>
/// Posters for page metadata, which the host requests from the origin. Answers from memory and never blocks, so posters that were not
/// requested lately may be missing. Hidden sessions are excluded.
/// </summary>
public interface IPosters
{
    /// <summary>Current poster of a channel; <see langword="null"/> when there is none, or another server owns the session.</summary>
    PosterInfo? OfChannel(ChannelName channel);

    /// <summary>Last poster of a session, as used by its recordings; <see langword="null"/> when there is none or it is unknown.</summary>
    PosterInfo? OfSession(ChannelName channel, SessionId session);
}
