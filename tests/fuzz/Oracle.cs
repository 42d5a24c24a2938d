namespace Broadcast.Fuzz.Tests;

/// <summary>Outcome of an input.</summary>
/// <param name="Shape">Characteristics of the outcome.</param>
/// <param name="Failure">Description of the failure, or <see langword="null"/>.</param>
internal readonly record struct InputOutcome(ulong Shape, string? Failure);

/// <summary>
/// Executes an input and checks that only permitted rejections occur, allocation stays within limits, and properties hold.
/// </summary>
internal static class Oracle
{
    /// <summary>Executes one input. <see cref="Watchdog"/> detects hangs.</summary>
    public static InputOutcome Judge(FuzzTarget target, byte[] input)
    {
        var verdict = JudgeOnce(target, input, out var allocated);
        if (verdict.Failure is null && allocated > target.MostAllocated(input.Length))
        {
            // One-time allocations of the process do not count: the second run must exceed the limit too.
            verdict = JudgeOnce(target, input, out allocated);
            if (verdict.Failure is null && allocated > target.MostAllocated(input.Length))
            {
                return verdict with { Failure = $"allocates {allocated} bytes for {input.Length} bytes of input" };
            }
        }

        return verdict;
    }

    private static InputOutcome JudgeOnce(FuzzTarget target, byte[] input, out long allocated)
    {
        var shape = default(Shape);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Run(input, ref shape);
        }
        catch (Exception e) when (target.IsRefusal(e, out var reason))
        {
            shape.Words(reason);
        }
        catch (Exception e)
        {
            allocated = 0;
            var where = e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("Broadcast.", StringComparison.Ordinal)
                && !l.Contains("FuzzTarget.Hold", StringComparison.Ordinal))?.Trim();
            return new InputOutcome(shape.Value, $"{e.GetType().Name}: {e.Message} {where}");
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return new InputOutcome(shape.Value, null);
    }
}

/// <summary>Detects a hanging input and reports it.</summary>
internal sealed class Watchdog : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private readonly ITimer _timer;
    private readonly Action<FuzzTarget, byte[]> _hung;
    private volatile FuzzTarget? _target;
    private byte[] _input = [];
    private long _since;

    public Watchdog(Action<FuzzTarget, byte[]> hung)
    {
        _hung = hung;
        _timer = TimeProvider.System.CreateTimer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>Sets the current input.</summary>
    public void Begin(FuzzTarget target, byte[] input)
    {
        (_input, _since) = (input, Environment.TickCount64);
        _target = target;
    }

    private void Look()
    {
        if (_target is { } target && Environment.TickCount64 - Volatile.Read(ref _since) > Longest.TotalMilliseconds)
        {
            _hung(target, _input);
        }
    }

    public void Dispose() => _timer.Dispose();
}
