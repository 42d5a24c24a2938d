using Broadcast.Media;
using Broadcast.Transcoder.Ladder;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Ladder;

public class LadderPlanTests
{
    [Theory]
    [InlineData("auto", 1920, 1080, 30, "720p 1280x720 2500k, 480p 854x480 1200k, 360p 640x360 700k, 240p 426x240 350k")]
    [InlineData("auto", 1280, 720, 25, "480p 854x480 1200k, 360p 640x360 700k, 240p 426x240 350k")]
    [InlineData("auto", 3840, 2160, 30, "1080p 1920x1080 4500k, 720p 1280x720 2500k, 480p 854x480 1200k, 360p 640x360 700k")]
    [InlineData("1080p", 3840, 2160, 30, "1080p 1920x1080 4500k, 720p 1280x720 2500k, 480p 854x480 1200k, 360p 640x360 700k")]
    [InlineData("4k", 3840, 2160, 30, "1440p 2560x1440 8000k, 1080p 1920x1080 4500k, 720p 1280x720 2500k, 480p 854x480 1200k")]
    [InlineData("720p", 1920, 1080, 30, "720p 1280x720 2500k, 480p 854x480 1200k, 360p 640x360 700k, 240p 426x240 350k")]
    [InlineData("720p", 3840, 2160, 30, "720p 1280x720 2500k, 480p 854x480 1200k, 360p 640x360 700k, 240p 426x240 350k")]
    [InlineData("auto", 1080, 1920, 30, "720p 720x1280 2500k, 480p 480x854 1200k, 360p 360x640 700k, 240p 240x426 350k")]
    [InlineData("auto", 1440, 1080, 30, "720p 960x720 2000k, 480p 640x480 950k, 360p 480x360 550k, 240p 320x240 300k")]
    [InlineData("auto", 1920, 1080, 60, "720p 1280x720 4200k, 480p 854x480 half 1200k, 360p 640x360 half 700k, 240p 426x240 half 350k")]
    [InlineData("auto", 1280, 800, 30, "480p 768x480 1100k, 360p 576x360 650k, 240p 384x240 300k")]
    [InlineData("auto", 320, 180, 30, "")]
    [InlineData("passthrough", 1920, 1080, 30, "")]
    [InlineData("of another version", 1280, 720, 30, "480p 854x480 1200k, 360p 640x360 700k, 240p 426x240 350k")]
    public void Rungs_are_those_that_make_sense_for_the_source(string ladder, int width, int height, double rate, string expected) =>
        string.Join(", ", LadderPlan.For(ladder, new PictureFormat(width, height, 1, 1, rate, null)).Select(Told)).ShouldBe(expected);

    [Fact]
    public void Pixels_that_are_not_square_become_square() =>
        Told(LadderPlan.For("auto", new PictureFormat(1440, 1080, 4, 3, 30, null))[0]).ShouldBe("720p 1280x720 2500k");

    [Theory]
    [InlineData(16)]
    [InlineData(18)]
    public void High_dynamic_range_has_no_rungs_because_their_colors_would_be_wrong(byte transfer) =>
        LadderPlan.For("auto", new PictureFormat(1920, 1080, 1, 1, 30, null), new CodedColor(9, transfer, 9, false)).ShouldBeEmpty();

    [Fact]
    public void No_rung_is_larger_than_the_source_or_odd_or_named_twice() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(PositiveInt Width, PositiveInt Height, PositiveInt Rate)>(), source =>
        {
            var picture = new PictureFormat(1 + (source.Width.Get * 37 % 8192), 1 + (source.Height.Get * 41 % 8192), 1, 1, source.Rate.Get % 130, null);
            var rungs = LadderPlan.For("4k", picture);
            rungs.ShouldAllBe(r => r.Width <= picture.Width && r.Height <= picture.Height && r.Width % 2 == 0 && r.Height % 2 == 0 && r.BitsPerSecond > 0);
            rungs.Select(r => r.Name).ShouldBeUnique();
            rungs.Count.ShouldBeLessThanOrEqualTo(LadderPlan.MaxRungs);
        }).QuickCheckThrowOnFailure();

    private static string Told(Rung rung) => $"{rung.Name} {rung.Width}x{rung.Height} {(rung.IsHalfRate ? "half " : "")}{rung.BitsPerSecond / 1000}k";
}
