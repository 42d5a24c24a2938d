namespace Broadcast.Media.OriginToControl;

/// <summary>The recording of an ended session, as offered to viewers of the channel.</summary>
/// <param name="Id">Recording ID; the session's ID when it covers the whole session.</param>
/// <param name="Title">Title; may be empty.</param>
/// <param name="StartedAt">Wall-clock start.</param>
/// <param name="Duration">Duration to the second, including gaps.</param>
public sealed record ChannelRecording(RecordingId Id, string Title, DateTimeOffset StartedAt, TimeSpan Duration);

/// <summary>
/// Recording to offer to viewers of a channel, which the origin requests from control. Called on every request, so it answers from memory,
/// even while the database is unavailable.
/// </summary>
public interface IChannelRecordings
{
    /// <summary>
    /// The newest ended session of a channel with a public recording; <see langword="null"/> when there is none. Unlisted recordings are
    /// never returned. Must not block.
    /// </summary>
    /// <param name="channel">The channel.</param>
    ChannelRecording? Newest(ChannelName channel);
}
