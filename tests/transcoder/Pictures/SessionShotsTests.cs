using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Transcoder.Thumbnails;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Pictures;

/// <summary>What is made of a session's decodable pictures, and when.</summary>
public sealed class SessionShotsTests
{
    private static readonly ThumbnailOptions Defaults = new();

    [Fact]
    public void The_first_picture_becomes_a_poster_at_once_and_the_next_one_ten_seconds_later()
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
    public void A_sheet_is_made_when_the_next_one_begins_and_each_tile_has_the_first_picture_of_its_time()
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
    public void Of_two_full_sheets_the_newer_one_is_made()
    {
        var shots = Begin();
        shots.Observe([.. Enumerable.Range(0, 13).Select(i => Part(i * 2))]);
        shots.Next()!.SpriteSheet!.Start.TotalSeconds.ShouldBe(10);
        shots.HasNext.ShouldBeFalse();
    }

    [Fact]
    public void The_end_brings_the_last_sheet_as_far_as_it_came_and_a_last_poster()
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
    public void The_slate_is_no_poster_but_has_its_thumbnails()
    {
        var shots = Begin();
        shots.Observe([Part(0)]);
        shots.Next()!.Poster!.Time.TotalSeconds.ShouldBe(0);
        shots.Observe([new TimelineEvent.Discontinuity(2, IsSlate: true), Part(2) with { Segment = 2 }, Part(4) with { Segment = 3 }, Part(14) with { Segment = 8 }]);
        var job = shots.Next()!;
        job.Poster.ShouldBeNull();
        job.SpriteSheet!.Keyframes.Select(item => item.Tile).ShouldBe([0, 1, 2]);

        shots.Observe([new TimelineEvent.Discontinuity(9), Part(16) with { Segment = 9 }]);
        shots.Next()!.Poster!.Time.TotalSeconds.ShouldBe(16);
    }

    [Fact]
    public void A_session_told_as_a_whole_brings_what_is_not_there_yet()
    {
        var shots = Begin();
        shots.Observe(
        [
            .. Enumerable.Range(0, 12).Select(i => Part(i * 2)),
            new TimelineEvent.SpriteSheetReady(new(0, 1000), new(10_000, 1000), new SpriteSheetLayout(5, 1, 240, 180), ObjectName.Parse("a/b"), 1),
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
            new TimelineEvent.SpriteSheetReady(new(0, 1000), new(10_000, 1000), new SpriteSheetLayout(5, 1, 320, 180), ObjectName.Parse("a/b"), 1),
            new TimelineEvent.PosterReady(new(10_000, 1000), 1280, 720, ObjectName.Parse("a/c"), 1),
        ]);
        done.HasNext.ShouldBeFalse();
    }

    [Fact]
    public void What_cannot_be_decoded_alone_and_what_is_sound_makes_no_picture()
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
    public void The_smallest_rendition_that_is_good_enough_is_decoded(int[] heights, int expected)
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
    public void Where_the_configuration_changes_one_process_gets_what_belongs_together()
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
    public void Without_thumbnails_there_are_posters_only()
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
    public void Thumbnails_keep_the_shape_have_even_sides_and_are_never_larger_than_the_picture(int width, int height, int tileWidth, int tileHeight) =>
        ImageSize.OfTile(width, height).ShouldBe((tileWidth, tileHeight));

    [Fact]
    public void Options_out_of_range_are_all_named()
    {
        var options = new ThumbnailOptions
        {
            PosterInterval = TimeSpan.Zero, TileInterval = TimeSpan.FromTicks(1), Columns = 0, Rows = 21, MaxProcesses = 0, Timeout = TimeSpan.FromHours(1),
        };
        var failures = new ThumbnailOptionsValidator().Validate(null, options).Failures!.ToList();
        failures.Count.ShouldBe(7);
        new ThumbnailOptionsValidator().Validate(null, Defaults).Succeeded.ShouldBeTrue();
        new ThumbnailOptionsValidator().Validate(null, new ThumbnailOptions { TileInterval = TimeSpan.Zero }).Succeeded.ShouldBeTrue();
    }

    private static SessionKeyframes Begin(ThumbnailOptions? options = null)
    {
        var shots = new SessionKeyframes(options ?? Defaults);
        shots.Observe([new TimelineEvent.RenditionAdded("source", TrackKind.Video), Init("source", 1, 1080)]);
        return shots;
    }

    private static TimelineEvent.InitReady Init(string rendition, int number, int height) => new(
        rendition, number, new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, height * 16 / 9, height, 30, 0, 0, null), ObjectName.Parse($"live/main/s/{rendition}/init-{number}.mp4"), 700);

    private static TimelineEvent.PartReady Part(double seconds) => new(
        "source", 1, 0, 1, MediaTime.From(TimeSpan.FromSeconds(seconds), 90_000), new(90_000, 90_000), Independent: true, DateTimeOffset.UnixEpoch, ObjectName.Parse("live/main/s/source/1.m4s"), 0, 1000);
}
