using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Segmentation;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

/// <summary>A rung continued by another encoder: different coding parameters from some frame on.</summary>
public class ReplacedEncoderTests
{
    private static readonly Rendition Rung = new("480p", TrackKind.Video, IsLeading: false);

    [Fact]
    public void Rung_of_a_replaced_encoder_continues_with_the_next_segment_after_a_common_discontinuity()
    {
        var segmenter = Story.Segmenter(null, null, Source, AudioTrack, Rung);
        var story = Story.Of(segmenter, AfterSource(OfRung(VideoFrames(2.5, 60)), OfRung(Replaced(from: 2.5, seconds: 5.5))));

        story.Discontinuities.ShouldBe([3]);
        foreach (var rendition in (string[])["source", "audio", "480p"])
        {
            story.Closed(rendition).Select(s => s.Segment).ShouldBe([1, 2, 3, 4], rendition);
        }

        story.Parts("480p").Where(p => p.Segment <= 2).ShouldAllBe(p => p.Media.Track == Video);
        story.Parts("480p").Where(p => p.Segment >= 3).ShouldAllBe(p => p.Media.Track == OtherVideo);
        story.Parts("480p").First(p => p.Segment == 3).Start.ShouldBe(story.Parts("source").First(p => p.Segment == 3).Start);
        segmenter.GetDropped(SampleDropReason.ConfigurationChange).ShouldBe(45);
    }

    [Fact]
    public void Replaced_encoder_with_the_same_configuration_continues_at_the_next_frame()
    {
        var segmenter = Story.Segmenter(null, null, Source, AudioTrack, Rung);
        var story = Story.Of(
            segmenter, AfterSource(OfRung(VideoFrames(2.5, 60)),
                OfRung(Replaced(from: 2.5, seconds: 5.5).Select(s => s with { Sample = s.Sample with { Track = Video } }))));

        story.Discontinuities.ShouldBeEmpty();
        story.Lengths("480p").ShouldBe(story.Lengths("source"));
        segmenter.GetDropped(SampleDropReason.ConfigurationChange).ShouldBe(0);
    }

    /// <summary>Frames that start with a sync sample, followed by those of the source.</summary>
    private static IEnumerable<RenditionSample> Replaced(double from, double seconds) =>
        VideoFrames(seconds, 60, from, track: OtherVideo)
        .Select(s => s
            with { Sample = s.Sample with { IsSync = s.Sample.Decode.TotalSeconds == from || s.Sample.Decode.TotalSeconds % 2 == 0 } });

    /// <summary>Orders samples as they arrive: a rung's frame later than the source's.</summary>
    private static IEnumerable<RenditionSample> AfterSource(params IEnumerable<RenditionSample>[] rung) =>
        Interleave(VideoFrames(8, 60), Frames(8), rung.SelectMany(s => s)).OrderBy(s => s.Sample.Decode.TotalSeconds)
        .ThenBy(s => s.Rendition == Rung);

    private static IEnumerable<RenditionSample> OfRung(IEnumerable<RenditionSample> frames) =>
        frames.Select(s => s with { Rendition = Rung });
}
