using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>Resources of a server's process over time: memory, threads, handles, and files in its data folder.</summary>
internal sealed class ProcessWatch(string data)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly List<Look> _looks = [];
    private long _last;
    private long? _first;
    private int _life;

    /// <summary>A measurement.</summary>
    /// <param name="Life">Number of the process, from 0.</param>
    /// <param name="Minutes">Minutes since the first measurement.</param>
    public sealed record Look(int Life, double Minutes, double Megabytes, int Threads, int Handles, int Files);

    public IReadOnlyList<Look> Looks => _looks;

    /// <summary>Starts counting for the next process.</summary>
    public void Restarted() => _life++;

    /// <summary>Measures at most every five seconds.</summary>
    public void LookAt(int process)
    {
        if (_last != 0 && _time.GetElapsedTime(_last) < Interval)
        {
            return;
        }

        _last = _time.GetTimestamp();
        _first ??= _last;
        try
        {
            var status = File.ReadAllLines($"/proc/{process}/status");
            _looks.Add(new Look(
                _life, _time.GetElapsedTime(_first.Value, _last).TotalMinutes, Field(status, "VmRSS:") / 1024.0,
                (int)Field(status, "Threads:"),
                Directory.GetFiles($"/proc/{process}/fd").Length, Files()));
        }
        catch (IOException)
        {
            // The process exited or a file was deleted during the measurement.
        }
    }

    /// <summary>
    /// Memory growth of the longest-lived process after its first minute, in megabytes per minute; <see langword="null"/> if none lived
    /// long enough.
    /// </summary>
    public (double Slope, double Minutes)? MemorySlope()
    {
        var longest = _looks.GroupBy(l => l.Life).MaxBy(g => g.Max(l => l.Minutes) - g.Min(l => l.Minutes));
        if (longest is null)
        {
            return null;
        }

        var begin = longest.Min(l => l.Minutes) + 1;
        var looks = longest.Where(l => l.Minutes >= begin).ToList();
        if (looks.Count < 6)
        {
            return null;
        }

        var (x, y) = (looks.Average(l => l.Minutes), looks.Average(l => l.Megabytes));
        return (looks.Sum(l => (l.Minutes - x) * (l.Megabytes - y)) / looks.Sum(l => (l.Minutes - x) * (l.Minutes - x)),
            looks[^1].Minutes - looks[0].Minutes);
    }

    /// <summary>Counts files of media and journals; those of the database are excluded.</summary>
    private int Files() => new[] { "spool", "objects" }.Select(f => Path.Combine(data, f)).Where(Directory.Exists)
        .Sum(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories).Count());

    private static long Field(string[] status, string name) =>
        long.Parse(status.First(l => l.StartsWith(name, StringComparison.Ordinal))
            .Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
