using Broadcast.Media.HostToControl;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>
/// Averages of a channel's measurements over successive periods. Pure. An average has the time of its period's end. It is the mean of the
/// known values; of the latencies and lags, which matter at their worst, it is the maximum. Not thread-safe.
/// </summary>
/// <param name="period">Length of a period; periods begin at multiples of it since the epoch.</param>
internal sealed class MeasurementAverage(TimeSpan period)
{
    private readonly List<Measurement> _measurements = [];

    /// <summary>Adds a measurement, not earlier than the previous one.</summary>
    /// <returns>The average of the period before, if this measurement begins another; otherwise <see langword="null"/>.</returns>
    public Measurement? Add(Measurement measurement)
    {
        var complete = Complete(measurement.At);
        _measurements.Add(measurement);
        return complete;
    }

    /// <summary>Completes the period of the added measurements if it is over.</summary>
    /// <param name="now">Current time.</param>
    /// <returns>The average; <see langword="null"/> while the period continues, or without measurements.</returns>
    public Measurement? Complete(DateTimeOffset now)
    {
        if (_measurements.Count == 0 || Index(now) == Index(_measurements[0].At))
        {
            return null;
        }

        var average = new Measurement(DateTimeOffset.UnixEpoch + ((Index(_measurements[0].At) + 1) * period))
        {
            BitsPerSecond = (long?)Mean(m => m.BitsPerSecond),
            FramesPerSecond = Mean(m => m.FramesPerSecond),
            KeyframeInterval = Mean(m => m.KeyframeInterval),
            AvSkew = Mean(m => m.AvSkew),
            EncodingSpeed = Mean(m => m.EncodingSpeed),
            EncodingLag = _measurements.Max(m => m.EncodingLag),
            Latency = _measurements.Max(m => m.Latency),
            Viewers = Mean(m => m.Viewers) is { } viewers ? (long)Math.Round(viewers) : null,
        };
        _measurements.Clear();
        return average;
    }

    private long Index(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks / period.Ticks;

    private double? Mean(Func<Measurement, double?> value) => _measurements.Average(value);

    private TimeSpan? Mean(Func<Measurement, TimeSpan?> value) =>
        _measurements.Average(m => value(m)?.TotalSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}
