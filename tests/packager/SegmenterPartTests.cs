using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Segmentation;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>Part boundaries of the segmenter.</summary>
public class SegmenterPartTests
{
    [Theory]
    [InlineData(30, 333, 9)]
    [InlineData(30, 500, 15)]
    [InlineData(25, 333, 8)]
    [InlineData(60, 333, 19)]
    public void Parts_are_as_long_as_the_part_target_allows(int rate, int target, int samples)
    {
        var latency = LatencyProfile.Standard with { PartTarget = TimeSpan.FromMilliseconds(target) };
        var parts = Story.Of(Story.Segmenter(latency), VideoFrames(4, rate * 2, rate: rate)).Parts("source").ToList();

        parts.Where(p => p.Number == 0).ShouldAllBe(p => p.Media.Samples.Count == samples && p.Independent);
        parts.ShouldAllBe(p => p.Duration.ToTimeSpan() <= latency.PartTarget);
        parts.Where(p => p.Number > 0).ShouldAllBe(p => !p.Independent);
    }

    [Fact]
    public void Part_is_emitted_as_soon_as_the_next_sample_would_not_fit()
    {
        var segmenter = Story.Segmenter();
        var story = Story.Of(segmenter, VideoFrames(16 / 30.0, 60), finish: false);

        story.Parts("source").Single().Media.Samples.Count.ShouldBe(15);
    }

    [Fact]
    public void Part_continues_to_85_percent_even_if_a_long_sample_exceeds_the_target()
    {
        var samples = new long[] { 0, 3000, 6000, 96_000, 99_000, 180_000 }.Select((time, i) => Sample(Source, Video, time, i is 0 or 5));
        var parts = Story.Of(Story.Segmenter(), samples).Parts("source").Where(p => p.Segment == 1).Select(p => p.Duration.Ticks);

        parts.ShouldBe([96_000, 84_000]);
    }

    /// <summary>
    /// RFC 8216bis, 4.4.4.9, for viewers of the low profile, at all common frame rates, with times rounded to milliseconds as in RTMP.
    /// </summary>
    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(12.5)]
    [InlineData(15)]
    [InlineData(20)]
    [InlineData(23.976)]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(29.97)]
    [InlineData(30)]
    [InlineData(48)]
    [InlineData(50)]
    [InlineData(59.94)]
    [InlineData(60)]
    [InlineData(120)]
    public void Low_profile_parts_stay_within_the_target_and_all_but_the_last_reach_85_percent(double rate)
    {
        var latency = LatencyProfile.Low;
        var frames = Enumerable.Range(0, (int)(20 * rate))
            .Select(i => Sample(Source, Video, (long)Math.Round(i * 1000 / rate) * 90, i % (int)Math.Round(2 * rate) == 0));
        foreach (var track in new[] { Audio, OtherAudio })
        {
            var story = Story.Of(Story.Segmenter(latency), Interleave(frames, Frames(20, track: track)));
            foreach (var part in story.Cuts.OfType<SegmenterOutput.Part>())
            {
                var isLast = story.Parts(part.Rendition).Last(p => p.Segment == part.Segment) == part;
                part.Duration.ToTimeSpan().ShouldBeLessThanOrEqualTo(latency.PartTarget, $"{part.Rendition} {part.Segment}.{part.Number}");
                (isLast || part.Duration.ToTimeSpan() >= 0.85
                    * latency.PartTarget).ShouldBeTrue($"{part.Rendition} {part.Segment}.{part.Number} lasts {part.Duration.TotalSeconds}");
            }
        }
    }

    [Theory]
    [InlineData(30)]
    [InlineData(24)]
    [InlineData(15)]
    public void Segment_whose_frames_fill_its_last_part_is_closed_with_it_in_every_rendition(int rate)
    {
        // Otherwise players would be promised one more part, which never comes.
        var rung = new Rendition("720p", TrackKind.Video, IsLeading: false);
        var segmenter = new Segmenter(LatencyProfile.Low, new SegmenterLimits(), SegmenterStart.Empty, [Source, rung]);
        var samples = VideoFrames(8, rate * 2, rate: rate).SelectMany(source => new[] { source, source with { Rendition = rung } });
        var found = 0;
        foreach (var sample in samples)
        {
            segmenter.Push(sample);
            var full = segmenter.Output.OfType<SegmenterOutput.Part>().Where(part => part.Number == 5).ToList();
            full.ShouldAllBe(part => segmenter.Output.OfType<SegmenterOutput.Closed>()
                .Any(closed => closed.Rendition == part.Rendition && closed.Segment == part.Segment));
            segmenter.Output.Clear();
            found += full.Count;
        }

        found.ShouldBe(6);
    }

    [Fact]
    public void Part_is_closed_early_when_it_exceeds_its_size_limit()
    {
        var segmenter = new Segmenter(Encoder.Latency, new SegmenterLimits(MaxPartSamples: 4, MaxPartBytes: 1000),
            SegmenterStart.Empty, [Source]);
        var story = Story.Of(segmenter, VideoFrames(1, 30));

        story.Parts("source").ShouldAllBe(p => p.Media.Samples.Count <= 4);
    }
}
