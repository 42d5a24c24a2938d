
namespace Broadcast.Benchmarks;

/// <summary>Ways to give a stage its pictures.</summary>
internal static class Feeder
{
    /// <summary>Pictures that may be under way: more than decoder and encoder hold on a large machine, fewer than the stage lets wait.</summary>
    private const int UnderWay = 150;

    /// <summary>At the speed of the clock, again and again, until told to stop.</summary>
    /// <returns>How many were given.</returns>
    public static async Task<long> LiveAsync(StageUnderTest stage, CodedSource source, CancellationToken stopping)
    {
        var began = TimeProvider.System.GetTimestamp();
        long number = 0;
        while (!stopping.IsCancellationRequested)
        {
            var early = (source.Interval * number) - TimeProvider.System.GetElapsedTime(began);
            if (early > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(early, TimeProvider.System, CancellationToken.None);
            }

            stage.Give(source.At(number++));
        }

        return number;
    }

    /// <summary>As fast as the slowest rung comes out.</summary>
    /// <param name="stage">Whose clock stands still.</param>
    /// <param name="source">What.</param>
    /// <param name="from">Number of the first picture.</param>
    /// <param name="count">How many.</param>
    public static async Task FastAsync(StageUnderTest stage, CodedSource source, long from, long count)
    {
        for (var number = from; number < from + count; number++)
        {
            if (number >= UnderWay && (number - UnderWay) % 10 == 0)
            {
                await stage.ReachAsync(source.At(number - UnderWay).Present.Ticks);
            }

            stage.Give(source.At(number));
        }

        // A worker is given 3 s for what is left when the end is said, which is not enough to begin.
        await stage.ReachAsync(source.At(from).Present.Ticks);
        await stage.CalmAsync();
    }
}
