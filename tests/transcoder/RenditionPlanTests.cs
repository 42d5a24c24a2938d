using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests;

public sealed class RenditionPlanTests
{
    [Fact]
    public void Ladder_from_the_encoder_is_named_by_resolution_and_audio_renditions_are_numbered()
    {
        Names(Video(1, 1920, 1080), Video(2, 1280, 720), Video(3, 720, 1280), Audio(4, "en"), Audio(5, "de"))
            .ShouldBe(["source", "720p", "720p-2", "audio", "audio-2"]);
    }

    [Fact]
    public void First_video_track_leads_at_any_position()
    {
        var plan = RenditionPlan.For([Audio(1), Video(2, 640, 360), Video(3, 1280, 720)]);
        plan.Renditions.ShouldBe(
        [
            new Rendition("source", TrackKind.Video, IsLeading: true), new Rendition("720p", TrackKind.Video, IsLeading: false),
            new Rendition("audio", TrackKind.Audio, IsLeading: false),
        ]);
        plan.Find(Audio(1))!.Rendition.Name.ShouldBe("audio");
    }

    [Fact]
    public void Track_that_appears_later_gets_its_own_rendition()
    {
        var plan = RenditionPlan.For([Video(1, 1920, 1080), Audio(2)]);
        plan.Find(Video(9, 854, 480))!.Rendition.ShouldBe(new Rendition("480p", TrackKind.Video, IsLeading: false));
        plan.Find(Audio(10))!.Rendition.ShouldBe(new Rendition("audio-2", TrackKind.Audio, IsLeading: false));
        plan.Find(Video(9, 640, 360))!.Rendition.Name.ShouldBe("480p", "a rendition keeps its name when its size changes");
    }

    [Fact]
    public void Tracks_beyond_the_limit_are_omitted_except_the_leading_one()
    {
        Track[] many = [.. Enumerable.Range(1, 30).Select(id => Audio(id)), Video(31, 640, 360)];
        var plan = RenditionPlan.For(many);
        plan.Renditions.Count.ShouldBe(RenditionPlan.MaxRenditions);
        plan.Renditions.Single(rendition => rendition.IsLeading).Name.ShouldBe("source");
        plan.Find(Audio(30)).ShouldBeNull();
    }

    internal static Track Video(int id, int width, int height) =>
        new(id, CodecConfig.Vp9.Parse([0, 30, 0x82, 2, 2, 2, 0, 0], width, height), MediaTime.VideoTimescale);

    private static Track Audio(int id, string? language = null) => new(id, CodecConfig.Opus.Default(), 48_000, language);

    private static IEnumerable<string> Names(params Track[] tracks) =>
        RenditionPlan.For(tracks).Renditions.Select(rendition => rendition.Name);
}
