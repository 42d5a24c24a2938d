using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Ladder;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Ladder;

public class SourceBitrateTests
{
    private static readonly Track Video =
        new(1,
            CodecConfig.Avc
            .Parse(Convert.FromHexString("0164000DFFE1001A6764000DACD941419F9F0110000003001000000303C0F142996001000668EBE3CB22C0FDF8F800")),
            MediaTime.VideoTimescale);

    [Theory]
    [InlineData("auto", 0, "720p 2500k, 480p 1200k, 360p 700k, 240p 350k")]
    [InlineData("auto", 6000, "720p 2500k, 480p 1200k, 360p 700k, 240p 350k")]
    [InlineData("auto", 1500, "720p 1500k, 480p 1200k, 360p 700k, 240p 350k")]
    [InlineData("auto", 1380, "720p 1380k, 480p 1200k, 360p 700k, 240p 350k")]
    [InlineData("auto", 1379, "480p 1200k, 360p 700k, 240p 350k")]
    [InlineData("auto", 1000, "480p 1000k, 360p 700k, 240p 350k")]
    [InlineData("auto", 750, "360p 700k, 240p 350k")]
    [InlineData("auto", 100, "240p 100k")]
    [InlineData("720p@1300k,480p@1200k", 0, "720p 1300k, 480p 1200k")]
    [InlineData("720p@1300k,480p@1200k", 1300, "720p 1300k, 480p 1200k")]
    [InlineData("720p@1300k,480p@1200k", 1250, "480p 1200k")]
    [InlineData("720p@500k,480p@1200k", 800, "720p 500k, 480p 800k")]
    public void Rung_bitrates_are_capped_by_the_source_and_nearly_equal_rungs_are_omitted(string ladder, int kilobits, string expected)
    {
        var rungs = SourceBitrate.Bound(LadderPlan.For(ladder, new VideoFormat(1920, 1080, 1, 1, 30, null)), kilobits * 1000);
        string.Join(", ", rungs.Select(r => $"{r.Name} {r.BitsPerSecond / 1000}k")).ShouldBe(expected);
    }

    [Fact]
    public void At_least_one_rung_remains_and_none_exceeds_the_source_bitrate() =>
        Prop.ForAll(ArbMap.Default.ArbFor<PositiveInt>(), bits =>
        {
            var rungs = LadderPlan.For("4k", new VideoFormat(3840, 2160, 1, 1, 30, null));
            var bound = SourceBitrate.Bound(rungs, bits.Get * 1000);
            bound.ShouldNotBeEmpty();
            bound.ShouldAllBe(r => r.BitsPerSecond <= bits.Get * 1000);
            bound.Select(r => r.Name).ShouldBeSubsetOf(rungs.Select(r => r.Name));
            bound[^1].Name.ShouldBe(rungs[^1].Name);
        }).Check(PropertyTest.Config);

    [Fact]
    public void Source_that_exceeds_its_declared_bitrate_is_measured()
    {
        var bits = new SourceBitrate(2_000_000);
        Run(bits, kilobits: 2400, from: 0, seconds: 25).ShouldBeEmpty("roughly what it claims");
        Run(bits, kilobits: 5000, from: 25, seconds: 25).Count.ShouldBe(2, "half of a window, and then all of it");
        bits.Maximum.ShouldBeInRange(4_000_000, 5_100_000);
        Run(bits, kilobits: 100, from: 50, seconds: 25).ShouldBeEmpty("a still image");
        bits.Maximum.ShouldBeInRange(4_000_000, 5_100_000);
    }

    [Fact]
    public void Source_without_a_declared_bitrate_imposes_no_limit()
    {
        var bits = new SourceBitrate(0);
        Run(bits, kilobits: 500, from: 0, seconds: 30).ShouldBeEmpty();
        bits.Maximum.ShouldBe(0);
    }

    [Fact]
    public void Times_that_do_not_advance_contribute_no_bitrate()
    {
        var bits = new SourceBitrate(100_000);
        for (var i = 0; i < 10_000; i++)
        {
            bits.Count(Sample(i % 3, 1000)).ShouldBeFalse();
        }
    }

    private static List<double> Run(SourceBitrate bits, int kilobits, double from, double seconds)
    {
        var news = new List<double>();
        for (var at = from; at < from + seconds; at += 0.04)
        {
            if (bits.Count(Sample(at, kilobits * 1000 / 25 / 8)))
            {
                news.Add(at);
            }
        }

        return news;
    }

    private static MediaSample Sample(double at, int bytes)
    {
        var time = new MediaTime((long)(at * MediaTime.VideoTimescale), MediaTime.VideoTimescale);
        return new MediaSample(Video, time, time, IsSync: false, new byte[bytes], DateTimeOffset.UnixEpoch);
    }
}
