namespace Broadcast.Media;

/// <summary>What is planned on a channel, as its audience is told before it is on.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="StartsAt">When it is planned to begin; past where it is late.</param>
public sealed record PlannedBroadcast(string Title, DateTimeOffset StartsAt);

/// <summary>origin asks control what viewers of a channel are told of what comes and what is on. Asked for every request, so it answers from memory, also while the database is away.</summary>
public interface IAnnouncements
{
    /// <summary>What is to begin next on a channel, of what its audience may know; <see langword="null"/> when there is nothing. Must not block.</summary>
    /// <param name="channel">The channel.</param>
    PlannedBroadcast? Next(ChannelName channel);

    /// <summary>What a session on air is called, where that is not what its channel is called: the title of the event that it is; <see langword="null"/> for others, and before its event is live. Must not block.</summary>
    /// <param name="session">The session.</param>
    string? TitleOf(SessionId session) => null;
}
