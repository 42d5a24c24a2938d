using Broadcast.Media;

namespace Broadcast.Control.Pages;

/// <summary>
/// Data about channels and events for viewer pages. The host queries it for every request, so it answers from memory where possible.
/// </summary>
public interface IPageData
{
    /// <summary>
    /// Title of a channel, or its name without a title; <see langword="null"/> when the channel does not exist, or nothing is known yet.
    /// Must not block.
    /// </summary>
    string? TitleOf(ChannelName channel);

    /// <summary>A public event; <see langword="null"/> when it does not exist, is not announced, or is a series.</summary>
    /// <param name="id">Its ULID; other values yield <see langword="null"/>.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    /// <exception cref="EventsUnavailableException">Events are currently unavailable.</exception>
    ValueTask<PublicEvent?> FindEventAsync(string id, CancellationToken cancellationToken);
}
