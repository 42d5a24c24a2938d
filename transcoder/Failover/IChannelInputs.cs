using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Transcoder.Failover;

/// <summary>State of an input.</summary>
public enum InputState
{
    /// <summary>Nothing decodable has been received.</summary>
    Waiting,

    /// <summary>A primary that was lost and has not been stable for the recovery time.</summary>
    Recovering,

    /// <summary>Healthy.</summary>
    Good,

    /// <summary>Connected, but without video.</summary>
    Silent,
}

/// <summary>Status of a publishing encoder.</summary>
/// <param name="Role">Role of the channel's input.</param>
/// <param name="State">State of the input.</param>
/// <param name="OnAir">Whether viewers get it.</param>
/// <param name="Since">Start of its media.</param>
/// <param name="BitsPerSecond">Bitrate over about 2 s; <see langword="null"/> before that.</param>
public sealed record InputStatus(InputRole Role, InputState State, bool OnAir, DateTimeOffset Since, long? BitsPerSecond);

/// <summary>Inputs of channels, for status pages.</summary>
public interface IChannelInputs
{
    /// <summary>Inputs publishing on a channel, primary first. Does not block.</summary>
    IReadOnlyList<InputStatus> Find(ChannelName channel);

    /// <summary>Returns whether the channel currently shows the slate. Does not block.</summary>
    bool IsOnSlate(ChannelName channel);
}
