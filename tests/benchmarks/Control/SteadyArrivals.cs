using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>What became of those who came.</summary>
/// <param name="FromDue">Milliseconds from when each was due to come to when it was let in.</param>
/// <param name="FromAsked">The same from when it asked, without what it had waited for its turn.</param>
/// <param name="Failures">Those that were not let in, with the reasons.</param>
internal sealed record ArrivalFigures(IReadOnlyList<double> FromDue, IReadOnlyList<double> FromAsked, IReadOnlyDictionary<string, int> Failures)
{
    /// <summary>How many were not let in.</summary>
    public int Failed => Failures.Values.Sum();

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{FromDue.Count} let in, p50 {ScheduleFigures.Percentile(FromDue, 0.5):0.00} ms, p99 {ScheduleFigures.Percentile(FromDue, 0.99):0.00} ms, {Failed} not{string.Concat(Failures.Select(f => $"; {f.Value} × {f.Key}"))}");
}

/// <summary>
/// Lets somebody come at each of evenly spaced instants, whether those before are done or not, and counts from the instant at which each was due: who is slow, or asked late because of others, counts with all
/// of its wait.
/// </summary>
internal static class SteadyArrivals
{
    private const int MostAtOnce = 20_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>Lets them come.</summary>
    /// <param name="perSecond">How many in a second.</param>
    /// <param name="measured">For how long; a quarter as long before does not count.</param>
    /// <param name="come">Somebody comes, by number: completes when it is let in, with what it does afterwards; throws <see cref="ArrivalRefusedException"/> when it is not.</param>
    public static async Task<ArrivalFigures> RunAsync(int perSecond, TimeSpan measured, Func<int, Task<Func<Task>>> come)
    {
        var uncounted = (int)(measured.TotalSeconds / 4 * perSecond);
        var all = uncounted + (int)(measured.TotalSeconds * perSecond);
        var (fromDue, fromAsked, failures) = (new ConcurrentQueue<double>(), new ConcurrentQueue<double>(), new ConcurrentDictionary<string, int>(StringComparer.Ordinal));
        var (tasks, atOnce, began) = (new List<Task>(all), 0, Stopwatch.GetTimestamp());
        using var clock = new PeriodicTimer(Tick, TimeProvider.System);
        while (tasks.Count < all)
        {
            await clock.WaitForNextTickAsync();
            for (var due = (int)(Stopwatch.GetElapsedTime(began).TotalSeconds * perSecond); tasks.Count < Math.Min(due, all);)
            {
                var number = tasks.Count;
                if (Volatile.Read(ref atOnce) >= MostAtOnce)
                {
                    throw new InvalidOperationException($"{MostAtOnce} were waiting at once: {perSecond} a second are more than this machine lets in.");
                }

                Interlocked.Increment(ref atOnce);
                tasks.Add(Task.Run(() => ComeAsync(number)));
            }
        }

        await Task.WhenAll(tasks);
        return new([.. fromDue], [.. fromAsked], failures);

        async Task ComeAsync(int number)
        {
            try
            {
                var asked = Stopwatch.GetTimestamp();
                var after = await come(number);
                if (number >= uncounted)
                {
                    fromAsked.Enqueue(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
                    fromDue.Enqueue(Stopwatch.GetElapsedTime(began).TotalMilliseconds - (number * 1000.0 / perSecond));
                }

                await after();
            }
            catch (ArrivalRefusedException e)
            {
                failures.AddOrUpdate(e.Message, 1, (_, before) => before + 1);
            }
            finally
            {
                Interlocked.Decrement(ref atOnce);
            }
        }
    }
}

/// <summary>Somebody was not let in; the message says why.</summary>
internal sealed class ArrivalRefusedException(string message, Exception? cause = null) : Exception(message, cause);
