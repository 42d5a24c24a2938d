namespace Broadcast.Targets.Legs;

/// <summary>Bit rate over the last seconds. Thread-safe.</summary>
internal sealed class BitrateMeter(TimeProvider time)
{
    private const int Seconds = 5;
    private readonly Lock _lock = new();
    private readonly long[] _bytes = new long[Seconds];
    private long _second = -1;

    /// <summary>Bits per second over the last five complete seconds.</summary>
    public long BitsPerSecond
    {
        get
        {
            lock (_lock)
            {
                Advance();
                return _bytes.Sum() * 8 / Seconds;
            }
        }
    }

    /// <summary>Adds bytes that were sent now.</summary>
    public void Add(long bytes)
    {
        lock (_lock)
        {
            Advance();
            _bytes[(int)(_second % Seconds)] += bytes;
        }
    }

    private void Advance()
    {
        var now = time.GetTimestamp() / time.TimestampFrequency;
        for (var second = Math.Max(_second + 1, now - Seconds + 1); second <= now; second++)
        {
            _bytes[(int)(second % Seconds)] = 0;
        }

        _second = Math.Max(now, _second);
    }
}
