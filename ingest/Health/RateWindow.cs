namespace Broadcast.Ingest.Health;

/// <summary>Sums per second over the most recent seconds, in a ring buffer.</summary>
/// <param name="seconds">Length of the ring buffer.</param>
internal sealed class RateWindow(int seconds)
{
    private readonly long[] _sums = new long[seconds];
    private long _second;

    /// <summary>Number of completed seconds since the first.</summary>
    public long Age { get; private set; } = -1;

    /// <summary>Advances to a second; skipped seconds count as zero.</summary>
    public void Advance(long second)
    {
        if (Age < 0)
        {
            (_second, Age) = (second, 0);
            return;
        }

        if (second - _second >= seconds)
        {
            Array.Clear(_sums);
            Age += second - _second;
            _second = second;
        }

        for (; _second < second; Age++)
        {
            _sums[++_second % seconds] = 0;
        }
    }

    /// <summary>Adds to the current second.</summary>
    public void Add(long amount) => _sums[_second % seconds] += amount;

    /// <summary>Sum of the most recent completed seconds.</summary>
    /// <param name="count">Number of seconds, less than the length of the ring buffer.</param>
    public long Sum(int count)
    {
        var sum = 0L;
        for (var back = 1; back <= count && back <= Age; back++)
        {
            sum += _sums[(_second - back) % seconds];
        }

        return sum;
    }

    /// <summary>Average of the most recent completed seconds, or of as many as there are; 0 before the first is complete.</summary>
    public double PerSecond(int count) => Age <= 0 ? 0 : (double)Sum(count) / Math.Min(count, Age);
}
