using Broadcast.Media.TargetsToTranscoder;

namespace Broadcast.Transcoder.Steady;

/// <summary>Current outage of a steady encoder. Thread-safe.</summary>
/// <param name="time">The clock.</param>
/// <param name="changed">Called when the outage changes; must only wake other threads.</param>
internal sealed class OutageReport(TimeProvider time, Action changed)
{
    /// <summary>Maximum characters of a reason.</summary>
    public const int MaxReason = 200;

    private const string Killed = "exit code 137";
    private readonly Lock _lock = new();
    private volatile EncoderOutage? _current;

    /// <summary>The outage; <see langword="null"/> for none.</summary>
    public EncoderOutage? Current => _current;

    /// <summary>Begins an outage, or continues it with another reason.</summary>
    /// <param name="reason">Exit reason of the process.</param>
    /// <param name="delay">Time until the next start.</param>
    public void Fail(string reason, TimeSpan delay)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            _current = new EncoderOutage(Describe(reason), _current?.Since ?? now, now + delay);
        }

        changed();
    }

    /// <summary>Records the start of a process. Without effect outside of an outage.</summary>
    public void Attempt() => Replace(outage => outage with { NextAttempt = null });

    /// <summary>Ends the outage: a frame was encoded.</summary>
    public void End()
    {
        if (_current is not null)
        {
            Replace(_ => null);
        }
    }

    /// <summary>Shortens an exit reason to one line. The last words of a process say most.</summary>
    internal static string Describe(string reason)
    {
        var line = string.Join(' ', reason.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        line = line.StartsWith(Killed, StringComparison.Ordinal)
            ? $"the process was killed, for example because the memory ran out{line[Killed.Length..]}" : line;
        var space = line.IndexOf(' ', Math.Max(0, line.Length - MaxReason + 2));
        return line.Length <= MaxReason ? line : $"… {line[(space < 0 ? line.Length - MaxReason + 2 : space + 1)..]}";
    }

    private void Replace(Func<EncoderOutage, EncoderOutage?> next)
    {
        lock (_lock)
        {
            if (_current is not { } outage)
            {
                return;
            }

            _current = next(outage);
        }

        changed();
    }
}
