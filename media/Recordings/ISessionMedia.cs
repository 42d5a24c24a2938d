namespace Broadcast.Media;

/// <summary>What a session has in spool and store.</summary>
/// <param name="Objects">How many objects.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="IsAll">Whether that is all; otherwise there is more, and counting stopped.</param>
public readonly record struct SessionMediaSize(long Objects, long Bytes, bool IsAll);

/// <summary>control asks storage what there is of a session.</summary>
public interface ISessionMedia
{
    /// <summary>Whether there is any segment: without one nothing of the session can be played.</summary>
    /// <exception cref="ObjectStoreException">The store failed, so that it cannot be said.</exception>
    Task<bool> HasSegmentsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>Counts its objects, media and journal.</summary>
    /// <param name="channel">Its channel.</param>
    /// <param name="session">The session.</param>
    /// <param name="atMost">Objects to count at most, over 0.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    Task<SessionMediaSize> MeasureAsync(ChannelName channel, SessionId session, int atMost, CancellationToken cancellationToken);
}
