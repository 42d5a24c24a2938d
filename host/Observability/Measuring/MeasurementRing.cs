using Broadcast.Media;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>The measurements of one channel of the last while. Safe to use from any thread.</summary>
/// <param name="kept">How long one is kept.</param>
/// <param name="most">Most that are kept, whatever the clock does; the oldest go.</param>
internal sealed class MeasurementRing(TimeSpan kept, int most)
{
    private readonly Queue<Measurement> _all = new();
    private readonly Lock _gate = new();

    /// <summary>One more; what is old goes.</summary>
    public void Add(Measurement measurement)
    {
        lock (_gate)
        {
            _all.Enqueue(measurement);
            Forget(measurement.At);
        }
    }

    /// <summary>Removes what is old at an instant.</summary>
    /// <returns>Whether any is left.</returns>
    public bool Keeps(DateTimeOffset now)
    {
        lock (_gate)
        {
            Forget(now);
            return _all.Count > 0;
        }
    }

    /// <summary>Those after an instant, oldest first.</summary>
    public IReadOnlyList<Measurement> After(DateTimeOffset after)
    {
        lock (_gate)
        {
            return [.. _all.Where(m => m.At > after)];
        }
    }

    private void Forget(DateTimeOffset now)
    {
        while (_all.Count > 0 && (_all.Count > most || _all.Peek().At < now - kept))
        {
            _all.Dequeue();
        }
    }
}
