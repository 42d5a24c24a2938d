using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What pages for viewers are told of channels and events. Asked for every request, so it answers from memory wherever it can. The host asks.</summary>
public interface IPageFacts
{
    /// <summary>What a channel is called, its name where it has no title; <see langword="null"/> when there is no such channel, or nothing is known yet. Must not block.</summary>
    string? TitleOf(ChannelName channel);

    /// <summary>An event that everybody may know of; <see langword="null"/> when there is none: it is not known, is kept to its makers, or recurs.</summary>
    /// <param name="id">Its ULID; anything else has none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EventsAwayException">It cannot be found out now.</exception>
    ValueTask<EventPage?> FindEventAsync(string id, CancellationToken cancellationToken);
}
