namespace Broadcast.Media.HostToControl;

/// <summary>Measurements of a channel at one instant. Unknown or inapplicable values are <see langword="null"/>.</summary>
/// <param name="At">Time of the measurement.</param>
public sealed record Measurement(DateTimeOffset At)
{
    /// <summary>Media bitrate of the encoder in bits per second, over 10 s.</summary>
    public long? BitsPerSecond { get; init; }

    /// <summary>Received video frames per second, over 10 s.</summary>
    public double? FramesPerSecond { get; init; }

    /// <summary>Interval between the source's keyframes.</summary>
    public TimeSpan? KeyframeInterval { get; init; }

    /// <summary>Lead of audio over video; negative when audio is late.</summary>
    public TimeSpan? AvSkew { get; init; }

    /// <summary>Encoding speed of the rungs: 1 is real time, less falls behind, more catches up.</summary>
    public double? EncodingSpeed { get; init; }

    /// <summary>Lag of the slowest rung behind the source.</summary>
    public TimeSpan? EncodingLag { get; init; }

    /// <summary>Longest time from the arrival of a part's end until viewers could request it, since the previous measurement.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Number of viewers.</summary>
    public long? Viewers { get; init; }
}

/// <summary>Period for which measurements are kept; a longer period has longer intervals.</summary>
public enum MeasurementRange
{
    /// <summary>Each measurement of the last hour.</summary>
    Hour,

    /// <summary>Averages of the last 24 hours.</summary>
    Day,
}

/// <summary>Measurements of channels, which the host takes and control serves.</summary>
public interface IChannelMeasurements
{
    /// <summary>Returns the time between the measurements of a range.</summary>
    TimeSpan IntervalOf(MeasurementRange range);

    /// <summary>
    /// Measurements of a channel, oldest first; empty when there are none. A gap in the series means that the channel was offline. Must not
    /// block.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="range">Range and resolution.</param>
    /// <param name="after">Returns only measurements after this time.</param>
    IReadOnlyList<Measurement> Find(ChannelName channel, MeasurementRange range, DateTimeOffset after);
}
