using Broadcast.Media.Timeline;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

public sealed class ImageProjectionTests
{
    private readonly ImageProjection _pictures = new();

    [Fact]
    public void Only_a_newer_poster_replaces_the_previous_one()
    {
        _pictures.Poster.ShouldBeNull();
        _pictures.SetPoster(RandomTimeline.Poster(2000)).ShouldBeTrue();
        _pictures.SetPoster(RandomTimeline.Poster(2000)).ShouldBeFalse();
        _pictures.SetPoster(RandomTimeline.Poster(1000)).ShouldBeFalse();
        _pictures.SetPoster(RandomTimeline.Poster(2001)).ShouldBeTrue();
        _pictures.Poster!.Time.Ticks.ShouldBe(2001);
    }

    [Fact]
    public void Sprite_sheet_that_overlaps_the_previous_one_is_ignored()
    {
        _pictures.Add(RandomTimeline.Sheet(0, 4000)).ShouldBeTrue();
        _pictures.Add(RandomTimeline.Sheet(3999)).ShouldBeFalse();
        _pictures.Add(RandomTimeline.Sheet(4000)).ShouldBeTrue();
        _pictures.SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([0, 4000]);
    }

    [Fact]
    public void Sprite_sheets_before_the_window_are_removed_except_the_newest()
    {
        _pictures.EndingBefore(new(0, 1000)).ShouldBeEmpty();
        foreach (var start in new[] { 0, 10_000, 20_000 })
        {
            _pictures.Add(RandomTimeline.Sheet(start));
        }

        _pictures.EndingBefore(null).ShouldBeEmpty("a window without a segment takes nothing away");
        _pictures.EndingBefore(new(9999, 1000)).ShouldBeEmpty();
        _pictures.EndingBefore(new(10_000, 1000)).Select(sheet => sheet.Start.Ticks).ShouldBe([0]);
        _pictures.EndingBefore(new(90_000, 1000)).Select(sheet => sheet.Start.Ticks).ShouldBe([0, 10_000]);

        _pictures.Drop(_pictures.EndingBefore(new(10_000, 1000)));
        _pictures.SpriteSheets.Select(sheet => sheet.Start.Ticks).ShouldBe([10_000, 20_000]);
    }
}
