using Broadcast.Media.HostToControl;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>Recent measurements of one channel. Thread-safe.</summary>
/// <param name="retention">How long measurements are retained.</param>
/// <param name="maxCount">Maximum number, regardless of the clock; the oldest are removed.</param>
internal sealed class MeasurementRing(TimeSpan retention, int maxCount)
{
    private readonly Queue<Measurement> _measurements = new();
    private readonly Lock _lock = new();

    /// <summary>Adds a measurement and removes expired ones.</summary>
    public void Add(Measurement measurement)
    {
        lock (_lock)
        {
            _measurements.Enqueue(measurement);
            Forget(measurement.At);
        }
    }

    /// <summary>Removes expired measurements.</summary>
    /// <returns>Whether any measurement remains.</returns>
    public bool RemoveExpired(DateTimeOffset now)
    {
        lock (_lock)
        {
            Forget(now);
            return _measurements.Count > 0;
        }
    }

    /// <summary>Measurements after a time, oldest first.</summary>
    public IReadOnlyList<Measurement> After(DateTimeOffset after)
    {
        lock (_lock)
        {
            return [.. _measurements.Where(m => m.At > after)];
        }
    }

    private void Forget(DateTimeOffset now)
    {
        while (_measurements.Count > 0 && (_measurements.Count > maxCount || _measurements.Peek().At < now - retention))
        {
            _measurements.Dequeue();
        }
    }
}
