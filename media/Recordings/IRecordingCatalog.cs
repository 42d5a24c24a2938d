namespace Broadcast.Media;

/// <summary>What of a session a recording or clip is.</summary>
/// <param name="Id">Its identity.</param>
/// <param name="Channel">The channel, whose viewers are its viewers.</param>
/// <param name="Session">The session that has its media.</param>
/// <param name="Start">Wall clock of its begin; <see langword="null"/> for the session's.</param>
/// <param name="End">Wall clock of its end; <see langword="null"/> for the session's.</param>
/// <param name="Title">What it is called, for downloads' file names; may be empty.</param>
public sealed record RecordingRange(RecordingId Id, ChannelName Channel, SessionId Session, DateTimeOffset? Start, DateTimeOffset? End, string Title)
{
    /// <summary>Who its viewers are, where those are not its channel's: its session was an event's with an access of its own.</summary>
    public ViewerAccess? Access { get; init; }
}

/// <summary>origin asks control what can be replayed. Asked for every request, so it must answer from memory wherever it can.</summary>
public interface IRecordingCatalog
{
    /// <summary>A recording or clip that viewers may see, or <see langword="null"/> when there is none: it is not known, hidden, or deleted.</summary>
    /// <exception cref="RecordingsAwayException">It cannot be found out now.</exception>
    ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken);

    /// <summary>Whether some recording or clip that viewers may see has its media in a session: then what is under the session's address is handed out though the session is over and another has taken its place.</summary>
    /// <exception cref="RecordingsAwayException">It cannot be found out now.</exception>
    ValueTask<bool> HasAnyAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);
}

/// <summary>It cannot be found out now whether there is a recording; the same request may be answered later.</summary>
public sealed class RecordingsAwayException(Exception? inner = null) : IOException("What recordings there are cannot be found out now.", inner);
