namespace Broadcast.Media;

/// <summary>A poster that there is.</summary>
/// <param name="Session">The session that it is of.</param>
/// <param name="Access">Who may watch that, as is noted with it (<see cref="BroadcastSession.Access"/>); <see langword="null"/> for whom its channel lets in.</param>
/// <param name="Width">How wide it is, pixels.</param>
/// <param name="Height">And high.</param>
public readonly record struct KnownPoster(SessionId Session, ViewerAccess? Access, int Width, int Height);

/// <summary>The host asks origin which posters there are, so that pages can tell of them. Answers from memory and never waits, so what was not asked for lately may be missing. What audiences do not get yet is not told.</summary>
public interface IPosters
{
    /// <summary>What is at a channel's own address now; <see langword="null"/> where there is nothing, or another server has it.</summary>
    KnownPoster? OfChannel(ChannelName channel);

    /// <summary>The last poster of a session, which its recordings have; <see langword="null"/> where there is none or it is not known.</summary>
    KnownPoster? OfSession(ChannelName channel, SessionId session);
}
