using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Encoders;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>
/// Starting point of a worker that continues for others. The source has GOPs of 2 s and ten frames per second; its newest frame is at 11.9
/// s.
/// </summary>
public sealed class ResumePlanTests
{
    private static readonly Track Frame =
        new(1,
            CodecConfig.Avc
            .Parse(Convert.FromHexString("0164000DFFE1001A6764000DACD941419F9F0110000003001000000303C0F142996001000668EBE3CB22C0FDF8F800")),
            MediaTime.VideoTimescale);
    private readonly GopBuffer _recent = new();

    public ResumePlanTests()
    {
        for (var i = 0; i < 120; i++)
        {
            var time = new MediaTime(Ticks(i / 10.0), MediaTime.VideoTimescale);
            _recent.Add(new MediaSample(Frame, time, time, i % 20 == 0, new byte[100], default));
        }
    }

    [Fact]
    public void First_worker_starts_with_the_newest_GOP_and_encodes_all_of_it()
    {
        var (frames, from) = Of([long.MinValue, long.MinValue]);

        frames[0].Present.TotalSeconds.ShouldBe(10);
        from.ShouldBeNull();
    }

    [Fact]
    public void Each_rung_resumes_with_its_first_missing_frame()
    {
        var (frames, from) = Of([Ticks(9.3), Ticks(10.5)]);

        frames[0].Present.TotalSeconds.ShouldBe(8, "the sync sample before");
        from.ShouldBe([Ticks(9.3) + 1 + RungOutput.Offset, Ticks(10.5) + 1 + RungOutput.Offset]);
    }

    [Fact]
    public void Rung_that_was_missing_for_longer_starts_with_the_others()
    {
        var (frames, from) = Of([Ticks(10.5), Ticks(1), long.MinValue]);

        frames[0].Present.TotalSeconds.ShouldBe(10);
        from.ShouldBe([.. Enumerable.Repeat(Ticks(10.5) + 1 + RungOutput.Offset, 3)]);
    }

    [Fact]
    public void Rungs_that_were_all_missing_for_long_start_with_the_newest_GOP()
    {
        var (frames, from) = Of([Ticks(1), Ticks(2)]);

        frames[0].Present.TotalSeconds.ShouldBe(10);
        from.ShouldBeNull();
    }

    [Fact]
    public void No_rung_starts_with_frames_that_are_already_too_late()
    {
        var (frames, from) = Of([Ticks(8.1), Ticks(11.8)], least: Ticks(11.4));

        frames[0].Present.TotalSeconds.ShouldBe(10);
        from.ShouldBe([Ticks(11.4) + RungOutput.Offset, Ticks(11.8) + 1 + RungOutput.Offset]);
    }

    private ResumePlan Of(IReadOnlyList<long> last, long least = long.MinValue) => ResumePlan.Of(_recent, last, least);

    private static long Ticks(double seconds) => (long)Math.Round(seconds * MediaTime.VideoTimescale);
}
