namespace Broadcast.Media;

/// <summary>The recording of a broadcast that is over, as a channel's audience is told of it.</summary>
/// <param name="Id">The recording; where that has the whole session, the session's id.</param>
/// <param name="Title">What it is called; may be empty.</param>
/// <param name="StartedAt">Wall clock of its begin.</param>
/// <param name="Duration">How long it is, to the second, gaps included.</param>
public sealed record ChannelReplay(RecordingId Id, string Title, DateTimeOffset StartedAt, TimeSpan Duration);

/// <summary>origin asks control which replay viewers of a channel are told of. Asked for every request, so it answers from memory, also while the database is away.</summary>
public interface IReplays
{
    /// <summary>
    /// The newest broadcast of a channel that is over and whose recording is public; <see langword="null"/> when there is none. What is unlisted is for who has its address, and is not told. Must not block.
    /// </summary>
    /// <param name="channel">The channel.</param>
    ChannelReplay? Newest(ChannelName channel);
}
