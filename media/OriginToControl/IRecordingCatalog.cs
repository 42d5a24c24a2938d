namespace Broadcast.Media.OriginToControl;

/// <summary>The media range of a recording or clip.</summary>
/// <param name="Id">Recording ID.</param>
/// <param name="Channel">The channel, whose access policy applies.</param>
/// <param name="Session">The session with the media.</param>
/// <param name="Start">Wall-clock start; <see langword="null"/> for the start of the session.</param>
/// <param name="End">Wall-clock end; <see langword="null"/> for the end of the session.</param>
/// <param name="Title">Title, used in file names of downloads; may be empty.</param>
public sealed record RecordingRange(RecordingId Id, ChannelName Channel, SessionId Session, DateTimeOffset? Start, DateTimeOffset? End,
    string Title)
{
    /// <summary>Access policy of an event's session, where it differs from the channel's.</summary>
    public ViewerAccess? Access { get; init; }

    /// <summary>Details for the recording's page; <see langword="null"/> while its end is unknown, and of a hidden preview.</summary>
    public RecordingDetails? Details { get; init; }
}

/// <summary>Details of a recording or clip whose end is known.</summary>
/// <param name="StartedAt">Wall-clock start.</param>
/// <param name="Duration">Duration, including gaps.</param>
/// <param name="IsListed">Whether viewers may find it; an unlisted one is only for those who have its URL.</param>
public sealed record RecordingDetails(DateTimeOffset StartedAt, TimeSpan Duration, bool IsListed);

/// <summary>
/// Lookup of recordings, which the origin requests from control. Called on every request, so implementations should answer from memory
/// where possible.
/// </summary>
public interface IRecordingCatalog
{
    /// <summary>
    /// Finds a recording or clip that is visible to viewers; <see langword="null"/> when it is unknown, hidden or deleted.
    /// </summary>
    /// <exception cref="RecordingsUnavailableException">The lookup is currently not possible.</exception>
    ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken);

    /// <summary>
    /// Returns whether a recording or clip that is visible to viewers uses media of a session. Media of such a session is served even when
    /// it has ended and the channel has a newer one.
    /// </summary>
    /// <exception cref="RecordingsUnavailableException">The lookup is currently not possible.</exception>
    ValueTask<bool> HasAnyAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);
}

/// <summary>Recordings cannot be looked up at the moment; the request may succeed later.</summary>
public sealed class RecordingsUnavailableException(Exception? inner = null) : IOException("Recordings are currently unavailable.", inner);
