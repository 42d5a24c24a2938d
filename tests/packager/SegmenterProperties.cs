using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Segmentation;
using static Broadcast.Packager.Tests.Encoder;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Broadcast.Packager.Tests;

public class SegmenterProperties
{
    /// <summary>A random encoder stream: any frame rate and GOP, B-frames, jitter, gaps, bursts, audio early or late.</summary>
    private static List<RenditionSample> Random(Random random, bool holes)
    {
        var video = new List<RenditionSample>();
        var rate = random.Next(5, 61);
        var (time, toSync) = (0L, 0);
        var group = random.Next(1, 400);
        var delay = random.Next(0, 4);
        for (var i = 0; i < rate * 20; i++)
        {
            var sync = toSync-- == 0;
            if (sync)
            {
                toSync = random.Next(3) == 0 ? random.Next(0, 400) : group - 1;
            }

            var step = 90_000 / rate;
            var offset = delay == 0 ? 0 : sync ? delay * step : random.Next(-1, 2 * delay) * step;
            video.Add(Sample(Source, Video, time, sync, offset, random.Next(1, 50)));
            time += step + random.Next(-45, 46) + (holes && random.Next(200) == 0 ? random.Next(0, 500_000) : 0)
                + (random.Next(100) == 0 ? -step : 0);
        }

        var audio = new List<RenditionSample>();
        var skew = random.Next(-4800, 4800);
        for (long i = 0, at = random.Next(0, 48_000); i < 940; i++)
        {
            audio.Add(Sample(AudioTrack, Audio, at + skew, true, size: random.Next(1, 20)));
            at += 1024 + (random.Next(60) == 0 ? random.Next(-40, 40) : 0) + (holes && random.Next(300) == 0 ? random.Next(0, 300_000) : 0);
        }

        return Interleave(video, audio);
    }

    [Fact]
    public void Any_input_yields_gapless_times_common_numbers_and_segments_within_the_target() => Check(holes: false);

    [Fact]
    public void Input_with_gaps_yields_gapless_times_common_numbers_and_segments_within_the_target() => Check(holes: true);

    private static void Check(bool holes)
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var latency = LatencyProfile.All[random.Next(3)];
            var segmenter = Story.Segmenter(latency);
            var samples = Random(random, holes);
            var story = Story.Of(segmenter, samples);

            foreach (var rendition in new[] { "source", "audio" })
            {
                if (!holes)
                {
                    SegmenterTests.Gapless(story, rendition);
                }

                Consistent(story, rendition, latency);
            }

            SyncRule(story, latency);
            var last = story.Cuts.OfType<SegmenterOutput.Closed>().Select(c => c.Segment)
                .Concat(story.Cuts.OfType<SegmenterOutput.Gap>().Select(g => g.Segment)).Max();
            foreach (var rendition in new[] { "source", "audio" })
            {
                var all = story.Closed(rendition).Select(c => c.Segment).Concat(story.Gaps(rendition).Select(g => g.Segment))
                    .Order().ToList();
                all.ShouldBe(Enumerable.Range((int)all[0], all.Count).Select(n => (long)n),
                    $"{rendition} has holes or doubles in its numbers");
                all[^1].ShouldBe(last);
            }

            var taken = story.Cuts.OfType<SegmenterOutput.Part>().Sum(p => p.Media.Samples.Count);
            (taken + Enum.GetValues<SampleDropReason>().Sum(segmenter.GetDropped)).ShouldBe(samples.Count,
                "every sample is either in a part or counted as lost");
        }).Check(PropertyTest.Config);
    }

    private static void Consistent(Story story, string rendition, LatencyProfile latency)
    {
        foreach (var segment in story.Closed(rendition))
        {
            var parts = story.Parts(rendition).Where(p => p.Segment == segment.Segment).ToList();
            parts.Select(p => p.Number).ShouldBe(Enumerable.Range(0, parts.Count));
            parts[0].Start.ShouldBe(segment.Start);
            parts.Sum(p => p.Duration.Ticks).ShouldBe(segment.Duration.Ticks, "the parts are all of the segment");
            var frame = rendition == "audio" ? parts[^1].Media.Samples[^1].Duration : 0;
            if (parts.Sum(p => p.Media.Samples.Count) > 1)
            {
                (segment.Duration.Ticks - frame).ShouldBeLessThanOrEqualTo(
                    MediaTime.From(latency.TargetDuration, segment.Duration.Timescale).Ticks);
            }

            // Without its last sample, a part that exceeds the target must be shorter than 85 % of it.
            parts.ShouldAllBe(p => p.Duration.ToTimeSpan() <= latency.PartTarget
                || (p.Media.Duration - p.Media.Samples.Last().Duration) * 100 < 85
                * MediaTime.From(latency.PartTarget, p.Media.Track.Timescale).Ticks);
            parts.ShouldAllBe(p => p.Independent == p.Media.Samples[0].IsSync);
        }
    }

    /// <summary>Checks that every segment boundary of the leader has a reason.</summary>
    private static void SyncRule(Story story, LatencyProfile latency)
    {
        var closed = story.Closed("source").ToList();
        var parts = story.Parts("source").ToLookup(p => p.Segment);
        for (var i = 0; i + 1 < closed.Count; i++)
        {
            var next = parts[closed[i].Segment + 1].FirstOrDefault();
            if (next is null || story.Discontinuities.Contains(next.Segment))
            {
                continue;
            }

            var length = closed[i].Duration.ToTimeSpan();
            var firstLength = TimeSpan.FromSeconds((double)next.Media.Samples[0].Duration / 90_000);
            if (!next.Independent)
            {
                (length + firstLength).ShouldBeGreaterThan(latency.TargetDuration,
                    "a cut at a sample that is no sync sample comes only before the target would be exceeded");
            }

            // From the minimum duration on, the first sync sample ends the segment, so none lies inside after that.
            var time = 0L;
            foreach (var sample in parts[closed[i].Segment].SelectMany(p => p.Media.Samples))
            {
                if (sample.IsSync && time > 0)
                {
                    new MediaTime(time, 90_000).ToTimeSpan().ShouldBeLessThan(latency.SegmentMinimum, "a sync sample was passed over");
                    parts[closed[i].Segment].First()
                        .Independent.ShouldBeTrue("a segment that did not begin with a sync sample goes on over one");
                }

                time += sample.Duration;
            }
        }
    }
}
