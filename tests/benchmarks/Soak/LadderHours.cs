using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>
/// Hours of video through the transcoder alone, faster than real time. Its clock stands still, so that it does not detect an overload.
/// </summary>
internal static class LadderHours
{
    private const int SourceSeconds = 60;

    /// <summary>Lifetime of a stage; its output is checked afterwards.</summary>
    private const double StageHours = 0.25;

    /// <summary>Runs sources that differ in frame rate and keyframes, each for an equal share of the time.</summary>
    public static async Task<IReadOnlyList<LadderTally>> RunAsync(string folder, double hours, Action<string> say)
    {
        var random = new Random(1);
        var uneven = string.Join(',', Enumerable.Range(0, 40).Select(_ => random.NextDouble() * SourceSeconds).Order()
            .Select(t => t.ToString("0.000", CultureInfo.InvariantCulture)));
        (string Name, CodedSource Source)[] sources =
        [
            ("30 per second, keyframes every 2 s", await CodedSource.MakeAsync(folder, 640, 480, 30, SourceSeconds, 1, say)),
            ("60 per second, half of them in the rung, keyframes every 2 s",
                await CodedSource.MakeAsync(folder, 480, 320, 60, SourceSeconds, 1, say)),
            ("30 per second, keyframes at random times",
                await CodedSource.MakeAsync(folder, 480, 320, 30, SourceSeconds, 1, say, "-g", "9999", "-force_key_frames", uneven)),
            ("25 per second, keyframes every 8.32 s",
                await CodedSource.MakeAsync(folder, 480, 320, 25, SourceSeconds, 1, say, "-g", "208")),
        ];
        var tallies = new List<LadderTally>();
        foreach (var (name, source) in sources)
        {
            var found = new Dictionary<string, LadderTally>();
            for (var left = hours / sources.Length; left > 1e-6; left -= StageHours)
            {
                await RunAsync(name, source, Math.Min(left, StageHours), found);
                say($"{name}: {Math.Max(0, left - StageHours):0.00} hours to go");
            }

            tallies.AddRange(found.Values);
        }

        return tallies;
    }

    private static async Task RunAsync(string name, CodedSource source, double hours, Dictionary<string, LadderTally> found)
    {
        await using var stage = new StageUnderTest(source.Frames[0].Track, "standard", new Broadcast.Testing.ManualTimeProvider());
        var count = (long)(hours * 3600 * source.Rate);
        await Feeder.FastAsync(stage, source, 0, count);
        await stage.EndAsync();
        foreach (var rung in stage.Rungs)
        {
            var tally = found.TryGetValue(rung, out var known) ? known
                : found[rung] = new LadderTally($"{rung}, {name}; transcoder alone", isServed: false);
            tally.Add(Wanted(source, count), [.. stage.Seen(rung).Select(p => (p.Present, p.IsSync))], hours * 3600);
        }
    }

    /// <summary>
    /// Expected frames of a rung: all frames, or at a high frame rate every second one since the last, and all keyframes.
    /// </summary>
    private static IEnumerable<(long Present, bool IsSync)> Wanted(CodedSource source, long count)
    {
        long taken = -2;
        for (long number = 0; number < count; number++)
        {
            var frame = source.At(number);
            if (source.Rate < 45 || frame.IsSync || number - taken >= 2)
            {
                taken = number;
                yield return (frame.Present.Ticks, frame.IsSync);
            }
        }
    }
}
