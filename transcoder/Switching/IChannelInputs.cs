using Broadcast.Media;

namespace Broadcast.Transcoder.Switching;

/// <summary>What an input is up to.</summary>
public enum InputState
{
    /// <summary>Nothing has come that decoding can begin with.</summary>
    Waiting,

    /// <summary>A primary that was lost, and has not been good for long enough since.</summary>
    Recovering,

    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Connected, but no pictures come.</summary>
    Silent,
}

/// <summary>An encoder that publishes.</summary>
/// <param name="Role">Which of the channel's inputs it is.</param>
/// <param name="State">What it is up to.</param>
/// <param name="OnAir">Whether viewers get it.</param>
/// <param name="Since">When its media began.</param>
/// <param name="BitsPerSecond">What it sends, over about 2 s; <see langword="null"/> before that.</param>
public sealed record InputStatus(InputRole Role, InputState State, bool OnAir, DateTimeOffset Since, long? BitsPerSecond);

/// <summary>The encoders of channels, for status pages.</summary>
public interface IChannelInputs
{
    /// <summary>Those that publish on a channel now, the primary first. Does not block.</summary>
    IReadOnlyList<InputStatus> Find(ChannelName channel);

    /// <summary>Whether a channel's viewers see the slate now. Does not block.</summary>
    bool IsOnSlate(ChannelName channel);
}
