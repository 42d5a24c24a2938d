using System.Text.Json.Serialization;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>Players find the thumbnails in the manifests, and each thumbnail shows its own time.</summary>
public sealed class ThumbnailTests(Chromium chromium, PlayerPages pages, LiveChannel live) : IClassFixture<LiveChannel>
{
    [Theory]
    [InlineData("dash", "manifest.mpd")]
    [InlineData("shaka", "manifest.mpd")]
    [InlineData("shaka", "index.m3u8")]
    public async Task Player_shows_thumbnails_of_the_live_window_at_the_right_times(string kind, string manifest)
    {
        await Poll.UntilAsync(
            async () => (await live.Server.Client.GetAsync($"/live/{live.Channel.Name}/thumbnails.vtt")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(40), "the first sheet");
        var page = await chromium.OpenPlayerAsync(pages.Page(kind, new Uri(live.Server.Http, $"/live/{live.Channel.Name}/{manifest}")));
        await Poll.UntilAsync(async () => (await PlayerReport.OfAsync(page)) is { Time: > 0, Frames: > 30 }, TimeSpan.FromSeconds(30),
            $"{kind} plays");
        var asked = (await PlayerReport.OfAsync(page)).Time;
        Thumbnail? found = null;
        await Poll.UntilAsync(
            async () => (found = await page.EvaluateAsync<Thumbnail?>("time => window.thumbnail(time)", asked)) is not null,
            TimeSpan.FromSeconds(40), $"{kind} has a thumbnail of what it has played");

        (found!.Width, found.Height).ShouldBe((320, 180));
        var now = await PlayerReport.OfAsync(page);

        // Seconds, of which the frame shows the last 8 bits; a thumbnail can be newer.
        var age = ((now.Code - found.Code + 256 + 128) % 256) - 128;

        // A tile shows the first keyframe of its two seconds, or the last one before it.
        (age - (now.Time - asked)).ShouldBeInRange(-2.5, 4.5);
        now.Errors.ShouldBeEmpty();
        await page.Context.CloseAsync();
    }

    private sealed record Thumbnail
    {
        [JsonPropertyName("code")]
        public int Code { get; init; }

        [JsonPropertyName("width")]
        public int Width { get; init; }

        [JsonPropertyName("height")]
        public int Height { get; init; }
    }
}
