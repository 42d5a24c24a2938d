using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>What a server's process holds over time: memory, threads, handles, and files in its data folder.</summary>
internal sealed class ProcessWatch(string data)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly List<Look> _looks = [];
    private long _last;
    private long? _first;
    private int _life;

    /// <summary>One look.</summary>
    /// <param name="Life">Which process, from 0.</param>
    /// <param name="Minutes">Since the first look.</param>
    public sealed record Look(int Life, double Minutes, double Megabytes, int Threads, int Handles, int Files);

    public IReadOnlyList<Look> Looks => _looks;

    /// <summary>The next process follows.</summary>
    public void Restarted() => _life++;

    /// <summary>Notes what it holds, at most every five seconds.</summary>
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
                _life, _time.GetElapsedTime(_first.Value, _last).TotalMinutes, Field(status, "VmRSS:") / 1024.0, (int)Field(status, "Threads:"),
                Directory.GetFiles($"/proc/{process}/fd").Length, Files()));
        }
        catch (IOException)
        {
            // The process ended, or a file went, while it was looked at.
        }
    }

    /// <summary>Megabytes a minute by which memory grows within one life, after its first minute; the longest life's, or <see langword="null"/> when none was long enough.</summary>
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
        return (looks.Sum(l => (l.Minutes - x) * (l.Megabytes - y)) / looks.Sum(l => (l.Minutes - x) * (l.Minutes - x)), looks[^1].Minutes - looks[0].Minutes);
    }

    /// <summary>Files of media and journal; the database's own are its affair.</summary>
    private int Files() => new[] { "spool", "objects" }.Select(f => Path.Combine(data, f)).Where(Directory.Exists)
        .Sum(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories).Count());

    private static long Field(string[] status, string name) =>
        long.Parse(status.First(l => l.StartsWith(name, StringComparison.Ordinal)).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
