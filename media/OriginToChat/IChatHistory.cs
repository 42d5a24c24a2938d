namespace Broadcast.Media.OriginToChat;

/// <summary>Program date-times of the first and the last message of a range.</summary>
/// <param name="First">Time of the first message.</param>
/// <param name="Last">Time of the last message.</param>
public readonly record struct ChatSpan(DateTimeOffset First, DateTimeOffset Last);

/// <summary>
/// Messages by the program date-time that their senders were watching, for players at a position of the past and in recordings. Each call
/// reads the database: the origin combines and limits requests. Thread-safe.
/// </summary>
public interface IChatHistory
{
    /// <summary>Maximum messages of a response: as many as people can read in a minute.</summary>
    public const int MaxMessages = 1200;

    /// <summary>
    /// Reads the messages of a range that viewers can see, in the order of their times. Of more than <see cref="MaxMessages"/> messages, a
    /// sample is returned that is spread evenly over all of them.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session.</param>
    /// <param name="from">First program date-time.</param>
    /// <param name="to">Program date-time before which the range ends.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>UTF-8 JSON as of a batch; <see langword="null"/> when the channel has no chat.</returns>
    /// <exception cref="ChatUnavailableException">The database is unavailable.</exception>
    ValueTask<byte[]?> ReadAsync(ChannelName channel, SessionId session, DateTimeOffset from, DateTimeOffset to,
        CancellationToken cancellationToken);

    /// <summary>Finds the first and the last message of a range that viewers can see.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session.</param>
    /// <param name="from">First program date-time.</param>
    /// <param name="to">Program date-time before which the range ends; <see langword="null"/> for no end.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns><see langword="null"/> when there is none, or the channel has no chat.</returns>
    /// <exception cref="ChatUnavailableException">The database is unavailable.</exception>
    ValueTask<ChatSpan?> FindAsync(ChannelName channel, SessionId session, DateTimeOffset from, DateTimeOffset? to,
        CancellationToken cancellationToken);
}
