namespace Broadcast.Origin.Live;

/// <summary>
/// Delay of a rendition's parts against the clock. A burst after an interruption is late too, but less and less; such catching up does not
/// predict the delay of later parts. Pure.
/// </summary>
internal sealed class Lateness
{
    /// <summary>Number of recent parts considered: about one second.</summary>
    private const int WindowSize = 4;

    /// <summary>Increase in delay from one part to the next that indicates an interruption.</summary>
    private static readonly TimeSpan InterruptionThreshold = TimeSpan.FromSeconds(1);

    private readonly Queue<TimeSpan> _newest = new(WindowSize);
    private TimeSpan? _beforeInterruption;
    private TimeSpan? _last;

    /// <summary>Maximum delay of the recent parts; during catch-up, the value before the interruption; 0 when nothing is known.</summary>
    public TimeSpan Typical => _beforeInterruption ?? Latest;

    /// <summary>Gets the state, for a projection elsewhere.</summary>
    public LatenessState GetState() => new([.. _newest], _beforeInterruption, _last);

    /// <summary>Restores a state.</summary>
    public void Restore(LatenessState state)
    {
        _newest.Clear();
        foreach (var delay in state.Newest.TakeLast(WindowSize))
        {
            _newest.Enqueue(delay);
        }

        (_beforeInterruption, _last) = (state.BeforeInterruption, state.Last);
    }

    private TimeSpan Latest => _newest.Count == 0 ? TimeSpan.Zero : _newest.Max();

    /// <summary>Records the arrival of a part.</summary>
    /// <param name="delay">Delay after the part's end.</param>
    /// <param name="length">Duration of the part.</param>
    public void Record(TimeSpan delay, TimeSpan length)
    {
        if (delay - _last > InterruptionThreshold)
        {
            _beforeInterruption ??= Latest;
            _newest.Clear();
        }

        _last = delay;
        if (_newest.Count == WindowSize)
        {
            _newest.Dequeue();
        }

        _newest.Enqueue(delay);

        // At real-time pace the delay stays constant; in a burst it falls by each part's duration. Catch-up continues while the delay falls
        // by at least a third of that.
        if (_beforeInterruption is not null && _newest.Count == WindowSize && _newest.Peek() - delay < length)
        {
            _beforeInterruption = null;
        }
    }
}
