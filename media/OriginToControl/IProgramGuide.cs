namespace Broadcast.Media.OriginToControl;

/// <summary>An upcoming event of a channel, as shown to viewers.</summary>
/// <param name="Title">Title of the event.</param>
/// <param name="StartsAt">Planned start; in the past when the event is late.</param>
public sealed record UpcomingEvent(string Title, DateTimeOffset StartsAt);

/// <summary>
/// Program information for viewers, which the origin requests from control. Called on every request, so it answers from memory, even while
/// the database is unavailable.
/// </summary>
public interface IProgramGuide
{
    /// <summary>The next public event on a channel; <see langword="null"/> when there is none. Must not block.</summary>
    /// <param name="channel">The channel.</param>
    UpcomingEvent? Next(ChannelName channel);

    /// <summary>
    /// Title of the live event to which a session belongs; <see langword="null"/> for other sessions, and before the event is live. Must
    /// not block.
    /// </summary>
    /// <param name="session">The session.</param>
    string? TitleOf(SessionId session) => null;
}
