namespace Broadcast.Media.OriginToCluster;

/// <summary>Availability of a channel at this server.</summary>
public enum ChannelAvailability
{
    /// <summary>Served here, from a session of this server or from a current mirror.</summary>
    Available,

    /// <summary>
    /// The channel is on air at another server, which does not respond, or is lost while its session has not ended. Media that never
    /// changes may still be read.
    /// </summary>
    Unavailable,

    /// <summary>
    /// Not served here, because this server was cut off, and another one has, or may have, continued the channel's session with other
    /// media of the same names. Only media of other sessions may be read.
    /// </summary>
    Doubtful,
}

/// <summary>Mirrors of the sessions that other servers own. Implemented by the cluster.</summary>
public interface ISessionMirrors
{
    /// <summary>
    /// Makes a channel available before a viewer's request is answered: starts a mirror of a session that is on air at another server, and
    /// waits for it for a limited time. Completes synchronously for channels of this server and for current mirrors.
    /// </summary>
    ValueTask<ChannelAvailability> PrepareAsync(ChannelName channel, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the last session of a channel available that is not on air, if another server still serves it. Called for channels without any
    /// session here.
    /// </summary>
    /// <returns>Whether the channel has a session now.</returns>
    ValueTask<bool> PrepareLastAsync(ChannelName channel, CancellationToken cancellationToken);
}
