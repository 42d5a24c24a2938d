using System.Globalization;
using Broadcast.Origin.Dash;

namespace Broadcast.Origin.Tests.Dash;

public class SegmentCadenceTests
{
    private static readonly TimeSpan Part = TimeSpan.FromMilliseconds(333);

    /// <summary>
    /// Segment durations in seconds: <c>2*40</c> for forty of them, <c>| 40</c> for repetitions of the whole row, 0 for a discontinuity.
    /// Then the resulting periods: number of the first segment and the constant duration, or <c>list</c>.
    /// </summary>
    public static TheoryData<string, string, string> Rhythms => new()
    {
        { "a keyframe every two seconds", "2*500", "1: 2" },
        { "23.976 frames per second, 48 per segment", "2.002*500", "1: 2.002" },
        { "29.97 frames per second, times rounded to milliseconds", "2.002 2.002 2.001 2.002 2.003 | 200", "1: 2.002" },
        { "29.97 frames per second, keyframes forced at every second one",
            "2.002 2.002 2.002 2.002 2.002 2.002 2.002 2.002 2.002 2.002 2.002 2.002 2.002 2.002 1.972 | 200",
                "1: 2.002, 256: 2, 1799: 2" },
        { "three seconds", "3*100", "1: 3" },
        { "one odd keyframe, within the tolerance", "2*20 2.4 2*20", "1: 2" },
        { "one odd keyframe, beyond the tolerance", "2*20 2.9 2*40", "1: 2, 22: 2" },
        { "the very first segment is odd", "2.9 2*40", "1: 2.9, 3: 2" },
        { "the interval changes", "2*30 3*40", "1: 2, 32: 3" },
        { "the interval changes and changes back", "2*40 2.5*40 2*40", "1: 2, 43: 2.5, 83: 2" },
        { "an encoder left on automatic, cut at the longest there may be",
            "3 3 2.333 3 3 2.333 3 3 2.333 3 3 2.333 3 3 2.333 3 3 2.333 3 3 2.333 3 3 2.333 3 3 2.333", "1: 3, 7: 2.809" },
        { "no rhythm at all", "2 3 2.1 2.9 2 2.7 2.2 3 2.4 2.9 2.1 3 3 2 2 2.5 2 2.9 2 3",
            "1: 2, 3: 2.05, 5: 2.033, 7: list, 14: 2.575, 16: list" },
        { "the encoder is started again", "2*20 0 2*20", "1: 2, 21: 2" },
        { "the encoder is started again, its first keyframe comes late", "2*20 0 2.4 2*20", "1: 2, 21: 2" },
        { "the encoder is started again, with another interval", "2*20 0 3*20", "1: 2, 21: 3" },
        { "cut short by a lost line", "2*20 0.3 0 2*20", "1: 2, 22: 2" },
        { "a line so bad that nothing gets whole", "0.3 0 0.4 0 2*20", "1: list, 2: list, 3: 2" },
    };

    [Theory, MemberData(nameof(Rhythms))]
    public void Periods_follow_the_keyframe_cadence(string what, string lengths, string periods) =>
    Run(new SegmentCadence(Part), lengths).ShouldBe(periods, what);

    [Theory]
    [InlineData(-100, 0.333)]
    [InlineData(0, 0.333)]
    [InlineData(300, 0.333)]
    [InlineData(500, 0.333)]
    [InlineData(501, 1)]
    [InlineData(1100, 1.5)]
    [InlineData(1600, 1.5)]
    [InlineData(1700, double.NaN)]
    public void Segment_can_be_requested_once_the_slowest_rendition_has_a_part_of_it(int lagMilliseconds, double delay)
    {
        var verdict = new SegmentCadence(Part).Evaluate(Segment(1, 0, 2), mustStart: true, isKnown: true,
            TimeSpan.FromMilliseconds(lagMilliseconds));

        (verdict.Cadence?.Delay.TotalSeconds ?? double.NaN).ShouldBe(delay);
    }

    [Fact]
    public void Lagging_rendition_starts_a_period_with_a_smaller_and_finally_no_offset()
    {
        var cadence = new SegmentCadence(Part);
        cadence.Evaluate(Segment(1, 0, 2), mustStart: true, isKnown: true, default).Cadence!.Value.Early.TotalSeconds.ShouldBe(1.667);

        cadence.Evaluate(Segment(2, 2, 4), mustStart: false, isKnown: true, TimeSpan.FromSeconds(0.5))
            .StartsPeriod.ShouldBeFalse("requests are held for as long");
        cadence.Evaluate(Segment(3, 4, 6), mustStart: false, isKnown: true, TimeSpan.FromSeconds(1))
            .Cadence!.Value.Early.TotalSeconds.ShouldBe(0.5);
        cadence.Evaluate(Segment(4, 6, 8), mustStart: false, isKnown: true, TimeSpan.FromSeconds(2))
            .ShouldBe(new CadenceDecision(true, null));
        for (var number = 5; number < 20; number++)
        {
            cadence.Evaluate(Segment(number, (2 * number) - 2, 2 * number), mustStart: false, isKnown: true, TimeSpan.FromSeconds(2))
                .StartsPeriod.ShouldBeFalse();
        }

        cadence.Evaluate(Segment(20, 38, 40), mustStart: false, isKnown: true, TimeSpan.FromSeconds(0.1))
            .Cadence!.Value.Early.TotalSeconds.ShouldBe(1.667);
    }

    [Fact]
    public void Rest_of_a_period_with_an_unknown_start_is_listed()
    {
        var cadence = new SegmentCadence(Part);
        cadence.Evaluate(Segment(71, 140, 142), mustStart: true, isKnown: false, default).ShouldBe(new CadenceDecision(true, null));
        for (var number = 72; number < 78; number++)
        {
            cadence.Evaluate(Segment(number, (number - 1) * 2, number * 2), mustStart: false, isKnown: true, default)
                .StartsPeriod.ShouldBeFalse();
        }

        cadence.Evaluate(Segment(78, 154, 156), mustStart: false, isKnown: true, default).Cadence!.Value.Length.TotalSeconds.ShouldBe(2);
    }

    [Fact]
    public void Segment_start_beyond_the_tolerance_starts_a_period()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var cadence = new SegmentCadence(Part);
            var (time, first, begun, said) = (0d, 1L, 0d, (Cadence?)null);
            var spread = random.NextDouble();
            for (var number = 1L; number <= 300; number++)
            {
                var length = Math.Round(2 + (spread * random.NextDouble()), 3);
                var verdict = cadence.Evaluate(Segment(number, time, time + length), mustStart: number == 1, isKnown: true, default);
                (first, begun, said) = verdict.StartsPeriod ? (number, time, verdict.Cadence) : (first, begun, said);
                if (said is { } equal)
                {
                    var each = equal.Length.TotalSeconds;
                    Math.Abs(time - begun - ((number - first) * each)).ShouldBeLessThanOrEqualTo((SegmentCadence.Tolerance * each) + 1e-6);
                }

                time += length;
            }
        }
    }

    private static string Run(SegmentCadence cadence, string lengths)
    {
        var (time, number, isNew, periods) = (0d, 0L, true, new List<string>());
        foreach (var length in Expand(lengths))
        {
            if (length == 0)
            {
                (isNew, time) = (true, time + 7.3);
                continue;
            }

            var verdict = cadence.Evaluate(Segment(++number, time, time + length), isNew, isKnown: true, default);
            (time, isNew) = (time + length, false);
            if (verdict.StartsPeriod)
            {
                periods.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{number}: {(verdict.Cadence is { } equal ? equal.Length.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) : "list")}"));
            }
        }

        return string.Join(", ", periods);
    }

    private static IEnumerable<double> Expand(string lengths)
    {
        var halves = lengths.Split(" | ");
        var times = halves.Length > 1 ? int.Parse(halves[1], CultureInfo.InvariantCulture) : 1;
        return Enumerable.Repeat(halves[0].Split(' '), times).SelectMany(pieces => pieces).SelectMany(piece =>
        {
            var parts = piece.Split('*');
            return Enumerable.Repeat(double.Parse(parts[0], CultureInfo.InvariantCulture),
                parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 1);
        });
    }

    private static CadenceSegment Segment(long number, double start, double end) =>
        new(number, TimeSpan.FromSeconds(start), TimeSpan.FromSeconds(end));
}
