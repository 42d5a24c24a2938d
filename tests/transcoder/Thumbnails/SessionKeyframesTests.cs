using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Thumbnails;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Thumbnails;

/// <summary>Selection of a session's keyframes for posters and sprite sheets.</summary>
public sealed class SessionKeyframesTests
{
    private static readonly ThumbnailOptions Defaults = new();

    [Fact]
    public void First_frame_becomes_a_poster_at_once_and_the_next_follows_ten_seconds_later()
    {
        var shots = Begin();
        shots.HasNext.ShouldBeFalse();
        shots.Observe([Part(0.5)]);
        shots.Next()!.Poster!.Time.TotalSeconds.ShouldBe(0.5);
        shots.HasNext.ShouldBeFalse();

        shots.Observe([Part(2.5), Part(4.5), Part(6.5), Part(8.5)]);
        shots.HasNext.ShouldBeFalse("no poster is due, and no sheet is full");
        shots.Observe([Part(10.5)]);
        shots.Next()!.Poster!.Time.TotalSeconds.ShouldBe(10.5);
        shots.Next().ShouldBeNull();
    }

    [Fact]
    public void Sprite_sheet_is_created_when_the_next_starts_from_each_tiles_first_frame()
    {
        var shots = Begin();
        shots.Observe([Part(20), Part(21), Part(22), Part(25.9), Part(28), Part(29)]);
        shots.Next()!.SpriteSheet.ShouldBeNull();
        shots.Observe([Part(30)]);

        var job = shots.Next()!;
        job.Poster.ShouldBeNull("there was one a second ago");
        var sheet = job.SpriteSheet!;
        (sheet.Start.TotalSeconds, sheet.Duration.TotalSeconds).ShouldBe((20, 10));
        sheet.Layout.ShouldBe(new SpriteSheetLayout(5, 1, 320, 180));
        sheet.Keyframes.Select(item => (item.Tile, item.Keyframe.Time.TotalSeconds)).ShouldBe([(0, 20), (1, 22), (2, 25.9), (4, 28)]);
    }

    [Fact]
    public void Newer_of_two_full_sprite_sheets_is_created()
    {
        var shots = Begin();
        shots.Observe([.. Enumerable.Range(0, 13).Select(i => Part(i * 2))]);
        shots.Next()!.SpriteSheet!.Start.TotalSeconds.ShouldBe(10);
        shots.HasNext.ShouldBeFalse();
    }

    [Fact]
    public void Session_end_creates_the_partial_last_sprite_sheet_and_a_last_poster()
    {
        var shots = Begin();
        shots.Observe([Part(0)]);
        shots.Next()!.SpriteSheet.ShouldBeNull();
        shots.Observe([Part(2), new TimelineEvent.Ended("over")]);

        var job = shots.Next()!;
        job.Poster!.Time.TotalSeconds.ShouldBe(2);
        job.SpriteSheet!.Keyframes.Select(item => item.Tile).ShouldBe([0, 1]);
        shots.HasNext.ShouldBeFalse();
    }

    [Fact]
    public void Slate_has_thumbnails_but_is_no_poster()
    {
        var shots = Begin();
        shots.Observe([Part(0)]);
        shots.Next()!.Poster!.Time.TotalSeconds.ShouldBe(0);
        shots.Observe([new TimelineEvent.Discontinuity(2, IsSlate: true), Part(2) with { Segment = 2 }, Part(4) with { Segment = 3 },
            Part(14) with { Segment = 8 }]);
        var job = shots.Next()!;
        job.Poster.ShouldBeNull();
        job.SpriteSheet!.Keyframes.Select(item => item.Tile).ShouldBe([0, 1, 2]);

        shots.Observe([new TimelineEvent.Discontinuity(9), Part(16) with { Segment = 9 }]);
        shots.Next()!.Poster!.Time.TotalSeconds.ShouldBe(16);
    }

    [Fact]
    public void Replayed_timeline_requests_only_missing_images()
    {
        var shots = Begin();
        shots.Observe(
        [
            .. Enumerable.Range(0, 12).Select(i => Part(i * 2)),
            new TimelineEvent.SpriteSheetReady(new(0, 1000), new(10_000, 1000), new SpriteSheetLayout(5, 1, 240, 180),
                ObjectName.Parse("a/b"), 1),
            new TimelineEvent.PosterReady(new(20_000, 1000), 1280, 720, ObjectName.Parse("a/c"), 1),
        ]);
        var job = shots.Next()!;
        job.Poster.ShouldBeNull();
        job.SpriteSheet!.Start.TotalSeconds.ShouldBe(10);
        job.SpriteSheet.Layout.TileWidth.ShouldBe(240, "all sheets of a session are divided alike");
        shots.HasNext.ShouldBeFalse();

        var done = Begin();
        done.Observe(
        [
            .. Enumerable.Range(0, 6).Select(i => Part(i * 2)),
            new TimelineEvent.SpriteSheetReady(new(0, 1000), new(10_000, 1000), new SpriteSheetLayout(5, 1, 320, 180),
                ObjectName.Parse("a/b"), 1),
            new TimelineEvent.PosterReady(new(10_000, 1000), 1280, 720, ObjectName.Parse("a/c"), 1),
        ]);
        done.HasNext.ShouldBeFalse();
    }

    [Fact]
    public void Dependent_frames_and_audio_yield_no_image()
    {
        var shots = Begin();
        shots.Observe(
        [
            Part(1) with { Independent = false },
            new TimelineEvent.RenditionAdded("audio", TrackKind.Audio),
            Init("audio", 1, 0),
            Part(1) with { Rendition = "audio" },
            Part(1) with { Rendition = "unknown" },
            Part(1) with { Init = 7 },
        ]);
        shots.HasNext.ShouldBeFalse();
    }

    [Theory]
    [InlineData(new[] { 2160, 1080, 720, 480 }, 720)]
    [InlineData(new[] { 2160, 1080, 480 }, 1080)]
    [InlineData(new[] { 480, 240 }, 480)]
    public void Smallest_sufficient_rendition_is_decoded(int[] heights, int expected)
    {
        var shots = new SessionKeyframes(Defaults);
        foreach (var height in heights)
        {
            shots.Observe([new TimelineEvent.RenditionAdded($"{height}p", TrackKind.Video), Init($"{height}p", 1, height)]);
        }

        shots.Observe([.. heights.Select(height => Part(1) with { Rendition = $"{height}p" })]);
        shots.Next()!.Poster!.Init.Format.Height.ShouldBe(expected);
    }

    [Fact]
    public void Configuration_change_splits_images_into_one_job_per_configuration()
    {
        var shots = Begin();
        shots.Observe([Part(0), Part(2), Init("source", 2, 480), Part(4) with { Init = 2 }, Part(10) with { Init = 2 }]);
        var first = shots.Next()!;
        first.Poster!.Init.Number.ShouldBe(2);
        first.SpriteSheet.ShouldBeNull("its tiles need the other init segment");
        var second = shots.Next()!;
        second.Poster.ShouldBeNull();
        second.SpriteSheet!.Keyframes.Select(item => (item.Tile, item.Keyframe.Init.Number)).ShouldBe([(0, 1), (1, 1)]);
    }

    [Fact]
    public void Disabled_thumbnails_still_allow_posters()
    {
        var shots = Begin(new ThumbnailOptions { TileInterval = TimeSpan.Zero });
        shots.Observe([.. Enumerable.Range(0, 20).Select(i => Part(i * 2))]);
        shots.Next()!.SpriteSheet.ShouldBeNull();
        shots.HasNext.ShouldBeFalse();
    }

    [Theory]
    [InlineData(1920, 1080, 320, 180)]
    [InlineData(640, 480, 240, 180)]
    [InlineData(1080, 1920, 102, 180)]
    [InlineData(1920, 800, 320, 134)]
    [InlineData(160, 90, 160, 90)]
    [InlineData(8192, 2, 320, 2)]
    public void Thumbnails_keep_the_aspect_ratio_have_even_dimensions_and_are_never_upscaled(int width, int height, int tileWidth,
        int tileHeight) =>
        ImageSize.OfTile(width, height).ShouldBe((tileWidth, tileHeight));

    [Fact]
    public void All_out_of_range_options_are_named()
    {
        var options = new ThumbnailOptions
        {
            PosterInterval = TimeSpan.Zero, TileInterval = TimeSpan.FromTicks(1), Columns = 0, Rows = 21, MaxProcesses = 0,
            Timeout = TimeSpan.FromHours(1),
        };
        var failures = new ThumbnailOptionsValidator().Validate(null, options).Failures!.ToList();
        failures.Count.ShouldBe(7);
        new ThumbnailOptionsValidator().Validate(null, Defaults).Succeeded.ShouldBeTrue();
        new ThumbnailOptionsValidator().Validate(null, new ThumbnailOptions { TileInterval = TimeSpan.Zero }).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public void Configuration_that_returns_uses_its_earlier_init_segment()
    {
        var shots = Begin();
        shots.Observe([Part(0)]);
        shots.Next()!.Poster!.Init.Number.ShouldBe(1);
        shots.Observe([Init("source", 2, 720), Part(10) with { Segment = 2, Init = 2 }]);
        shots.Next()!.Poster!.Init.Number.ShouldBe(2);
        shots.Observe([Part(20) with { Segment = 3 }]);
        var poster = shots.Next().ShouldNotBeNull().Poster.ShouldNotBeNull();
        (poster.Init.Number, poster.Init.Format.Height, poster.Time.TotalSeconds).ShouldBe((1, 1080, 20));
    }

    private static SessionKeyframes Begin(ThumbnailOptions? options = null)
    {
        var shots = new SessionKeyframes(options ?? Defaults);
        shots.Observe([new TimelineEvent.RenditionAdded("source", TrackKind.Video), Init("source", 1, 1080)]);
        return shots;
    }

    private static TimelineEvent.InitReady Init(string rendition, int number, int height) => new(
        rendition, number, new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, height * 16 / 9, height, 30, 0, 0, null),
        ObjectName.Parse($"live/main/s/{rendition}/init-{number}.mp4"), 700);

    private static TimelineEvent.PartReady Part(double seconds) => new(
        "source", 1, 0, 1, MediaTime.From(TimeSpan.FromSeconds(seconds), 90_000), new(90_000, 90_000), Independent: true,
        DateTimeOffset.UnixEpoch, ObjectName.Parse("live/main/s/source/1.m4s"), 0, 1000);
}
