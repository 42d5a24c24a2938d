using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Ladder;
using Broadcast.Testing;
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
    public void Automatic_ladder_has_the_rungs_that_suit_the_source(string ladder, int width, int height, double rate, string expected) =>
        string.Join(", ", LadderPlan.For(ladder, new VideoFormat(width, height, 1, 1, rate, null)).Select(Notified)).ShouldBe(expected);

    [Theory]
    [InlineData("720p@2500k,480p@1200k", 1920, 1080, 30, "720p 1280x720 2500k, 480p 854x480 1200k")]
    [InlineData("720p@2500k,480p@1200k", 1080, 1920, 30, "720p 720x1280 2500k, 480p 480x854 1200k")]
    [InlineData("1280x720@2500k", 1440, 1080, 30, "1280x720 960x720 2500k")]
    [InlineData("1280x720@2500k", 1080, 1920, 30, "1280x720 404x720 2500k")]
    [InlineData("1080p@4M,720p@2M,480p@1M", 1280, 720, 30, "480p 854x480 1000k")]
    [InlineData("1080p@4M,480p@1M", 640, 360, 30, "")]
    [InlineData("1080p@4M", 1919, 1079, 30, "")]
    [InlineData("1280x720@3M,720p@2M", 1920, 1080, 30, "1280x720 1280x720 3000k")]
    [InlineData("1280x720@3M,720p@2M", 1440, 1080, 30, "1280x720 960x720 3000k")]
    [InlineData("720p60@4M,720p30@2500k,360p@700k", 1920, 1080, 60, "720p60 1280x720 4000k, 720p30 1280x720 half 2500k, 360p 640x360 700k")]
    [InlineData("720p60@4M,720p30@2500k", 1920, 1080, 30, "720p60 1280x720 4000k")]
    [InlineData("1080p30@4M,720p@3M", 1920, 1080, 60, "1080p30 1920x1080 half 4000k, 720p 1280x720 3000k")]
    [InlineData("720p25@2M", 1920, 1080, 50, "720p25 1280x720 half 2000k")]
    [InlineData("720p30@2M", 1920, 1080, 59.94, "720p30 1280x720 half 2000k")]
    [InlineData("720p10@2M", 1920, 1080, 60, "720p10 1280x720 half 2000k")]
    [InlineData("720p40@2M", 1920, 1080, 60, "720p40 1280x720 half 2000k")]
    [InlineData("720p50@2M", 1920, 1080, 60, "720p50 1280x720 2000k")]
    [InlineData("720p24@2M", 1920, 1080, 30, "720p24 1280x720 2000k")]
    [InlineData("720p30@2M", 1920, 1080, 0, "720p30 1280x720 2000k")]
    [InlineData("720p30@2M", 1920, 1080, double.NaN, "720p30 1280x720 2000k")]
    [InlineData("720p30@2M", 1920, 1080, 1000, "720p30 1280x720 2000k")]
    [InlineData("16x16@100k", 1920, 16, 30, "")]
    public void Custom_rungs_keep_their_names_and_bitrates_and_the_sources_aspect_ratio(string ladder, int width, int height, double rate,
        string expected) =>
        string.Join(", ", LadderPlan.For(ladder, new VideoFormat(width, height, 1, 1, rate, null)).Select(Notified)).ShouldBe(expected);

    [Theory]
    [InlineData(0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-60)]
    [InlineData(1000)]
    public void Implausible_frame_rate_is_treated_as_thirty(double rate) =>
        LadderPlan.For("auto", new VideoFormat(1920, 1080, 1, 1, rate, null))
        .ShouldBe(LadderPlan.For("auto", new VideoFormat(1920, 1080, 1, 1, 30, null)));

    [Fact]
    public void Non_square_pixels_become_square() =>
        Notified(LadderPlan.For("auto", new VideoFormat(1440, 1080, 4, 3, 30, null))[0]).ShouldBe("720p 1280x720 2500k");

    [Theory]
    [InlineData(16)]
    [InlineData(18)]
    public void HDR_source_without_tone_mapping_has_no_rungs(byte transfer) =>
        LadderPlan.For("auto", new VideoFormat(1920, 1080, 1, 1, 30, null), new ColorDescription(9, transfer, 9, false)).ShouldBeEmpty();

    [Fact]
    public void No_rung_is_larger_than_the_source_has_odd_dimensions_or_a_duplicate_name() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(PositiveInt Width, PositiveInt Height, PositiveInt Rate)>(), source =>
        {
            var frame = new VideoFormat(1 + (source.Width.Get * 37 % 8192), 1 + (source.Height.Get * 41 % 8192), 1, 1,
                source.Rate.Get % 130, null);
            var ladder = source.Rate.Get % 2 == 0 ? "4k"
                : $"{16 + (source.Width.Get * 2 % 4000)}x{16 + (source.Height.Get * 6 % 4000)}@1M,4096p@9M,{16 + (source.Rate.Get * 34 % 4000)}p30@2M,16x16p1@100k";
            var rungs = LadderPlan.For(ladder, frame);
            rungs.Select(r => (long)r.Width * r.Height).ShouldBe(rungs.Select(r => (long)r.Width * r.Height).OrderDescending());
            rungs.ShouldAllBe(r => r.Width <= frame.Width && r.Height <= frame.Height && r.Width % 2 == 0 && r.Height % 2 == 0
                && r.BitsPerSecond > 0);
            rungs.Select(r => r.Name).ShouldBeUnique();
            rungs.Count.ShouldBeLessThanOrEqualTo(LadderPlan.MaxRungs);
        }).Check(PropertyTest.Config);

    private static string Notified(Rung rung) =>
        $"{rung.Name} {rung.Width}x{rung.Height} {(rung.IsHalfRate ? "half " : "")}{rung.BitsPerSecond / 1000}k";
}
