namespace Broadcast.Media.PackagerToOrigin;

/// <summary>State of the recovery of earlier sessions after a start, from the packager to the origin.</summary>
public interface IChannelRecovery
{
    /// <summary>
    /// Returns whether a channel may have earlier sessions that are not recovered yet. Until the journals are listed, this applies to every
    /// channel. Afterwards the call also moves the channel to the front of the recovery. Must not block.
    /// </summary>
    bool IsPending(ChannelName channel);
}
