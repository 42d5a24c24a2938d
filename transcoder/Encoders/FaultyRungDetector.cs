using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Finds a single rung that makes workers fail, so that the others are unaffected. After several consecutive failures it omits each rung in
/// turn, largest first, until a worker keeps running. The faulty rung is omitted for <see cref="FirstExclusion"/>, then retried. One more
/// failure omits it for twice as long. A re-encoded source is never omitted. Pure: its input is worker failures and times.
/// </summary>
internal sealed class FaultyRungDetector
{
    /// <summary>A worker that ran this long does not fail because of a rung.</summary>
    public static readonly TimeSpan ProvenRunTime = TimeSpan.FromSeconds(10);

    /// <summary>Time for which a rung is omitted first.</summary>
    public static readonly TimeSpan FirstExclusion = TimeSpan.FromMinutes(1);

    /// <summary>Maximum time for which a rung is omitted.</summary>
    public static readonly TimeSpan MaxExclusion = TimeSpan.FromMinutes(10);

    private readonly int _failuresBeforeSuspicion;
    private TimeSpan _exclusion = FirstExclusion;
    private TimeSpan _excludedUntil;
    private string? _faulty;
    private int _suspectIndex = -1;
    private int _failures;
    private bool _isExhausted;

    /// <param name="failuresBeforeSuspicion">Consecutive failures after which a rung is suspected; at least 1.</param>
    public FaultyRungDetector(int failuresBeforeSuspicion) => _failuresBeforeSuspicion = failuresBeforeSuspicion;

    /// <summary>Name of the omitted rung; <see langword="null"/> for none.</summary>
    public string? OmittedRung { get; private set; }

    /// <summary>Rungs of the next worker.</summary>
    /// <param name="rungs">All rungs of the current level.</param>
    public IReadOnlyList<Rung> Filter(IReadOnlyList<Rung> rungs) =>
        OmittedRung is { } name && rungs.Count > 1 ? [.. rungs.Where(r => r.Name != name || SourceReencode.Is(r))] : rungs;

    /// <summary>Records a failed worker.</summary>
    /// <param name="runTime">How long the worker ran.</param>
    /// <param name="rungs">All rungs of the current level, including the omitted one.</param>
    /// <param name="now">Any monotonic clock.</param>
    /// <returns>Whether the next worker has other rungs because of it; the level then need not be lowered.</returns>
    public bool RecordFailure(TimeSpan runTime, IReadOnlyList<Rung> rungs, TimeSpan now)
    {
        if (runTime >= ProvenRunTime)
        {
            ConfirmSuspect(now);
            (_failures, _isExhausted) = (1, false);
            return false;
        }

        _failures++;
        if (_faulty is not null && OmittedRung is null && rungs.Any(r => r.Name == _faulty))
        {
            // The retried rung is still faulty.
            _exclusion = TimeSpan.FromTicks(Math.Min(MaxExclusion.Ticks, _exclusion.Ticks * 2));
            (OmittedRung, _excludedUntil) = (_faulty, now + _exclusion);
            return true;
        }

        if (_isExhausted || _failures < _failuresBeforeSuspicion || rungs.Count < 2)
        {
            return false;
        }

        _suspectIndex++;
        while (_suspectIndex < rungs.Count && SourceReencode.Is(rungs[_suspectIndex]))
        {
            _suspectIndex++;
        }

        if (_suspectIndex < rungs.Count)
        {
            OmittedRung = rungs[_suspectIndex].Name;
            return true;
        }

        // No single rung is the cause.
        (OmittedRung, _faulty, _suspectIndex, _isExhausted) = (null, null, -1, true);
        return false;
    }

    /// <summary>Records that a worker is running.</summary>
    /// <param name="age">How long it has been running.</param>
    /// <param name="now">Any monotonic clock.</param>
    /// <returns>Whether the omitted rung is due for a retry with the next worker.</returns>
    public bool RecordRunning(TimeSpan age, TimeSpan now)
    {
        if (age < ProvenRunTime)
        {
            return false;
        }

        ConfirmSuspect(now);
        if (OmittedRung is null)
        {
            // All rungs run: the fault has disappeared.
            (_faulty, _exclusion, _failures, _isExhausted) = (null, FirstExclusion, 0, false);
            return false;
        }

        if (now < _excludedUntil)
        {
            return false;
        }

        OmittedRung = null;
        return true;
    }

    /// <summary>Resets the state for another source.</summary>
    public void Reset() => (OmittedRung, _faulty, _suspectIndex, _failures, _isExhausted, _exclusion) =
        (null, null, -1, 0, false, FirstExclusion);

    private void ConfirmSuspect(TimeSpan now)
    {
        if (OmittedRung is not null && _suspectIndex >= 0)
        {
            (_faulty, _suspectIndex, _excludedUntil) = (OmittedRung, -1, now + _exclusion);
        }
    }
}
