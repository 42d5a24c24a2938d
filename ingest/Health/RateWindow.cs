namespace Broadcast.Ingest.Health;

/// <summary>Sums over the last seconds, in a ring of one number a second.</summary>
/// <param name="seconds">Length of the ring.</param>
internal sealed class RateWindow(int seconds)
{
    private readonly long[] _sums = new long[seconds];
    private long _second;

    /// <summary>Whole seconds gone by since the first, the current one not counted.</summary>
    public long Age { get; private set; } = -1;

    /// <summary>Goes on to a second; those between are empty.</summary>
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

    /// <summary>Sum of the last whole seconds, the current one not counted.</summary>
    /// <param name="over">How many, less than the ring is long.</param>
    public long Sum(int over)
    {
        var sum = 0L;
        for (var back = 1; back <= over && back <= Age; back++)
        {
            sum += _sums[(_second - back) % seconds];
        }

        return sum;
    }

    /// <summary>Average of the last whole seconds, of as many as there were; 0 before the first is over.</summary>
    public double PerSecond(int over) => Age <= 0 ? 0 : (double)Sum(over) / Math.Min(over, Age);
}
