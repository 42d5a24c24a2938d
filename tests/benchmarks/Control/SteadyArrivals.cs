using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>Results of the arrivals.</summary>
/// <param name="FromDue">Milliseconds from the due time of each arrival to its acceptance.</param>
/// <param name="FromAsked">Milliseconds from the request of each arrival to its acceptance, without the wait before the request.</param>
/// <param name="Failures">Reasons of the rejected arrivals.</param>
internal sealed record ArrivalFigures(IReadOnlyList<double> FromDue, IReadOnlyList<double> FromAsked,
    IReadOnlyDictionary<string, int> Failures)
{
    /// <summary>Number of rejected arrivals.</summary>
    public int Failed => Failures.Values.Sum();

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{FromDue.Count} accepted, p50 {ScheduleFigures.Percentile(FromDue, 0.5):0.00} ms, p99 {ScheduleFigures.Percentile(FromDue, 0.99):0.00} ms, {Failed} rejected{string.Concat(Failures.Select(f => $"; {f.Value} × {f.Key}"))}");
}

/// <summary>
/// Starts arrivals at evenly spaced instants, whether or not earlier ones are complete, and measures from the due time. A late start counts
/// with its full delay (no coordinated omission).
/// </summary>
internal static class SteadyArrivals
{
    private const int MostAtOnce = 20_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>Runs the arrivals.</summary>
    /// <param name="perSecond">Arrivals per second.</param>
    /// <param name="measured">Duration of the measurement, preceded by a quarter of it as warm-up.</param>
    /// <param name="come">
    /// Performs the arrival with the given number. Completes on acceptance with the follow-up work; throws
    /// <see cref="ArrivalRefusedException"/> on rejection.
    /// </param>
    public static async Task<ArrivalFigures> RunAsync(int perSecond, TimeSpan measured, Func<int, Task<Func<Task>>> come)
    {
        var uncounted = (int)(measured.TotalSeconds / 4 * perSecond);
        var all = uncounted + (int)(measured.TotalSeconds * perSecond);
        var (fromDue, fromAsked, failures) = (new ConcurrentQueue<double>(), new ConcurrentQueue<double>(),
            new ConcurrentDictionary<string, int>(StringComparer.Ordinal));
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
                    throw new InvalidOperationException(
                        $"{MostAtOnce} arrivals are pending: this machine cannot sustain {perSecond} per second.");
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

/// <summary>Rejection of an arrival; the message contains the reason.</summary>
internal sealed class ArrivalRefusedException(string message, Exception? cause = null) : Exception(message, cause);
