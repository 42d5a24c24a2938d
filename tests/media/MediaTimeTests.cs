using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests;

public sealed class MediaTimeTests
{
    [Theory]
    [InlineData(0, 90_000, 44_100, 0)]
    [InlineData(90_000, 90_000, 44_100, 44_100)]
    [InlineData(1, 90_000, 44_100, 0)]
    [InlineData(3, 90_000, 44_100, 1)] // 1.47
    [InlineData(-1, 90_000, 44_100, -1)] // -0.49: down, not toward zero
    [InlineData(-3, 90_000, 44_100, -2)]
    [InlineData(-90_000, 90_000, 1000, -1000)]
    [InlineData(1024, 48_000, 90_000, 1920)]
    [InlineData(long.MaxValue / 2, 90_000, 90_000, long.MaxValue / 2)]
    [InlineData(long.MaxValue / 4, 48_000, 96_000, (long.MaxValue / 4) * 2)]
    [InlineData(long.MinValue / 4, 48_000, 96_000, (long.MinValue / 4) * 2)]
    public void Rescaling_rounds_down_and_never_overflows_internally(long ticks, int from, int to, long expected) =>
        new MediaTime(ticks, from).Rescale(to).ShouldBe(new MediaTime(expected, to));

    [Fact]
    public void Rescaling_to_a_finer_timescale_and_back_changes_nothing()
    {
        var random = new Random(1);
        for (var i = 0; i < 1000; i++)
        {
            var time = new MediaTime(random.NextInt64(-1L << 50, 1L << 50), 1000);
            time.Rescale(90_000).Rescale(1000).ShouldBe(time);
        }
    }

    [Fact]
    public void Instants_compare_across_timescales_without_rounding()
    {
        var third = new MediaTime(1, 3);
        (third < new MediaTime(333_334, 1_000_000)).ShouldBeTrue();
        (third > new MediaTime(333_333, 1_000_000)).ShouldBeTrue();
        third.SameInstant(new MediaTime(30_000, 90_000)).ShouldBeTrue();
        (third == new MediaTime(30_000, 90_000)).ShouldBeFalse();
        (new MediaTime(long.MaxValue, 90_000) > new MediaTime(long.MaxValue - 1, 90_000)).ShouldBeTrue();
        (new MediaTime(long.MaxValue, int.MaxValue) < new MediaTime(long.MaxValue, 1)).ShouldBeTrue();
    }

    [Fact]
    public void Sums_keep_the_timescale_of_the_left_operand()
    {
        (new MediaTime(1000, 1000) + new MediaTime(45_000, 90_000)).ShouldBe(new MediaTime(1500, 1000));
        (new MediaTime(1000, 1000) - new MediaTime(135_000, 90_000)).ShouldBe(new MediaTime(-500, 1000));
    }

    [Fact]
    public void Time_span_conversions_round_down_in_both_directions()
    {
        new MediaTime(1, 3).ToTimeSpan().Ticks.ShouldBe(3_333_333);
        new MediaTime(-1, 3).ToTimeSpan().Ticks.ShouldBe(-3_333_334);
        MediaTime.From(TimeSpan.FromMilliseconds(333), 90_000).ShouldBe(new MediaTime(29_970, 90_000));
        MediaTime.From(TimeSpan.FromTicks(-1), 90_000).ShouldBe(new MediaTime(-1, 90_000));
        MediaTime.From(TimeSpan.FromDays(3650), 90_000).ToTimeSpan().ShouldBe(TimeSpan.FromDays(3650));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1024, 44_100)]
    [InlineData(long.MaxValue, int.MaxValue)]
    [InlineData(long.MinValue, 90_000)]
    public void Formatted_time_is_parsed_back(long ticks, int timescale)
    {
        MediaTime.TryParse(new MediaTime(ticks, timescale).ToString(), out var read).ShouldBeTrue();
        read.ShouldBe(new MediaTime(ticks, timescale));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("1")]
    [InlineData("1/")]
    [InlineData("/1")]
    [InlineData("1/0")]
    [InlineData("1/-1")]
    [InlineData("1/1/1")]
    [InlineData(" 1/1")]
    [InlineData("1/ 1")]
    [InlineData("1.5/1")]
    [InlineData("1e3/1")]
    [InlineData("9223372036854775808/1")]
    [InlineData("1/2147483648")]
    public void Other_text_is_not_a_media_time(string? text) => MediaTime.TryParse(text, out _).ShouldBeFalse();
}
