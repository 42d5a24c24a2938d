namespace Broadcast.Media;

/// <summary>A channel as it was at one moment. What is not known, or does not apply, is <see langword="null"/>.</summary>
/// <param name="At">When.</param>
public sealed record Measurement(DateTimeOffset At)
{
    /// <summary>Media bits a second from the encoder, over 10 s.</summary>
    public long? BitsPerSecond { get; init; }

    /// <summary>Pictures that came a second, over 10 s.</summary>
    public double? FramesPerSecond { get; init; }

    /// <summary>Between the source's keyframes.</summary>
    public TimeSpan? KeyframeInterval { get; init; }

    /// <summary>How far sound comes ahead of the picture of the same time; negative when it comes behind.</summary>
    public TimeSpan? Skew { get; init; }

    /// <summary>How fast rungs are encoded: 1 keeps up with the source, less falls behind, more catches up.</summary>
    public double? EncodingSpeed { get; init; }

    /// <summary>How far the slowest rung is behind the source.</summary>
    public TimeSpan? EncodingBehind { get; init; }

    /// <summary>From the arrival of a part's end to when viewers could get it, the longest since the measurement before.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Who watched.</summary>
    public long? Viewers { get; init; }
}

/// <summary>host → control: how channels did in the last hour.</summary>
public interface IChannelMeasurements
{
    /// <summary>From one measurement to the next.</summary>
    TimeSpan Interval { get; }

    /// <summary>A channel's measurements, oldest first; none where nothing was measured. A broken row means that the channel was off meanwhile. Must not block.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="after">Only later ones.</param>
    IReadOnlyList<Measurement> Find(ChannelName channel, DateTimeOffset after);
}
