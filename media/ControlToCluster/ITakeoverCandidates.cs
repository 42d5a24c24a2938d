namespace Broadcast.Media.ControlToCluster;

/// <summary>Suitability of this server to take over a session whose owner is lost; the highest takes it first.</summary>
public enum TakeoverSuitability
{
    /// <summary>Not suitable: no copy of the session, or the owner is still heard.</summary>
    None,

    /// <summary>A mirror of the session.</summary>
    Mirror,

    /// <summary>A mirror of the session, and the connection of an encoder, even of one that waits to be admitted.</summary>
    Encoder,
}

/// <summary>Copies of sessions that other servers own. Implemented by the cluster.</summary>
public interface ITakeoverCandidates
{
    /// <summary>
    /// Finds the suitability of this server. A server that still hears from the owner never takes its session over, whatever the database
    /// says: an owner that has lost only the database continues to broadcast.
    /// </summary>
    TakeoverSuitability Find(ChannelName channel, SessionId session);

    /// <summary>
    /// Copies of a session's files for the packager; <see langword="null"/> when this server does not mirror the session. Read before the
    /// session is taken over, because the mirror ends with it.
    /// </summary>
    SessionCopy? GetCopy(ChannelName channel, SessionId session);
}
