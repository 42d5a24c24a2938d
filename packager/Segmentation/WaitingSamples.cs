namespace Broadcast.Packager.Segmentation;

/// <summary>Samples of a rendition, in decode order, that wait for the leader, with their total bytes.</summary>
internal sealed class WaitingSamples
{
    private readonly Queue<TimedSample> _samples = new();

    /// <summary>Number of samples.</summary>
    public int Count => _samples.Count;

    /// <summary>Total bytes of the samples.</summary>
    public long Bytes { get; private set; }

    /// <summary>Appends a sample.</summary>
    public void Enqueue(in TimedSample timed)
    {
        _samples.Enqueue(timed);
        Bytes += timed.Sample.Payload.Length;
    }

    /// <summary>Gets the oldest sample without removing it.</summary>
    public bool TryPeek(out TimedSample timed) => _samples.TryPeek(out timed);

    /// <summary>Returns whether any sample meets a condition.</summary>
    public bool Any(Predicate<TimedSample> condition)
    {
        foreach (var timed in _samples)
        {
            if (condition(timed))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Removes the oldest sample.</summary>
    /// <returns>The sample.</returns>
    public TimedSample Dequeue()
    {
        var timed = _samples.Dequeue();
        Bytes -= timed.Sample.Payload.Length;
        return timed;
    }

    /// <summary>Removes all samples.</summary>
    /// <returns>The samples, oldest first.</returns>
    public IReadOnlyList<TimedSample> TakeAll()
    {
        TimedSample[] samples = [.. _samples];
        _samples.Clear();
        Bytes = 0;
        return samples;
    }
}
