
namespace Broadcast.Benchmarks;

/// <summary>Feeds frames to a stage.</summary>
internal static class Feeder
{
    /// <summary>
    /// Maximum number of frames in flight: more than decoder and encoder buffer on a large machine, fewer than the stage queues.
    /// </summary>
    private const int UnderWay = 150;

    /// <summary>Feeds a source in real time in a loop until canceled.</summary>
    /// <returns>Number of frames.</returns>
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

    /// <summary>Feeds frames as fast as the slowest rung outputs them.</summary>
    /// <param name="stage">A stage whose clock stands still.</param>
    /// <param name="source">The source.</param>
    /// <param name="from">Number of the first frame.</param>
    /// <param name="count">Number of frames.</param>
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

        // After the end of input a worker gets 3 s for the remaining frames, too short for its startup.
        await stage.ReachAsync(source.At(from).Present.Ticks);
        await stage.CalmAsync();
    }
}
