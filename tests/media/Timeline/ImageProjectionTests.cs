using Broadcast.Media.Timeline;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

public sealed class ImageProjectionTests
{
    private readonly ImageProjection _frames = new();

    [Fact]
    public void Only_a_newer_poster_replaces_the_previous_one()
    {
        _frames.Poster.ShouldBeNull();
        _frames.SetPoster(RandomTimeline.Poster(2000)).ShouldBeTrue();
        _frames.SetPoster(RandomTimeline.Poster(2000)).ShouldBeFalse();
        _frames.SetPoster(RandomTimeline.Poster(1000)).ShouldBeFalse();
        _frames.SetPoster(RandomTimeline.Poster(2001)).ShouldBeTrue();
        _frames.Poster!.Time.Ticks.ShouldBe(2001);
    }

    [Fact]
    public void Sprite_sheet_that_overlaps_the_previous_one_is_ignored()
    {
        _frames.Add(RandomTimeline.Sheet(0, 4000)).ShouldBeTrue();
        _frames.Add(RandomTimeline.Sheet(3999)).ShouldBeFalse();
        _frames.Add(RandomTimeline.Sheet(4000)).ShouldBeTrue();
        _frames.SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([0, 4000]);
    }

    [Fact]
    public void Sprite_sheets_before_the_window_are_removed_except_the_newest()
    {
        _frames.EndingBefore(new(0, 1000)).ShouldBeEmpty();
        foreach (var start in new[] { 0, 10_000, 20_000 })
        {
            _frames.Add(RandomTimeline.Sheet(start));
        }

        _frames.EndingBefore(null).ShouldBeEmpty("a window without a segment takes nothing away");
        _frames.EndingBefore(new(9999, 1000)).ShouldBeEmpty();
        _frames.EndingBefore(new(10_000, 1000)).Select(sheet => sheet.Start.Ticks).ShouldBe([0]);
        _frames.EndingBefore(new(90_000, 1000)).Select(sheet => sheet.Start.Ticks).ShouldBe([0, 10_000]);

        _frames.Drop(_frames.EndingBefore(new(10_000, 1000)));
        _frames.SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([10_000, 20_000]);
    }
}
