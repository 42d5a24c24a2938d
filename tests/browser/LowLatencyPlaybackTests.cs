using System.Text.Json.Serialization;
using System.Xml.Linq;
using Broadcast.Testing;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>Low-latency playback of a channel of profile <c>low</c> with dash.js and Shaka: unfinished segments, no stalls.</summary>
public sealed class LowLatencyPlaybackTests(Chromium chromium, PlayerPages pages, ITestOutputHelper output)
{
    /// <summary>Duration of playback; <c>BROADCAST_TEST_LOW_LATENCY_SECONDS</c> sets a longer one.</summary>
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("BROADCAST_TEST_LOW_LATENCY_SECONDS"),
        out var seconds) ? seconds : 8;

    [Fact]
    public async Task DASH_players_play_incomplete_segments_without_stalling()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("show", new { latency = "low" });
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), new TestSource { Frame = CountingFrame.Filter });
        await Poll.UntilAsync(async () => (await server.Client.GetAsync("/live/show/manifest.mpd")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(20), "the channel is live");

        // A machine too busy at first lists some segments late, until the window has passed them.
        XElement mpd = null!;
        await Poll.UntilAsync(
            async () =>
            {
                mpd = XDocument.Parse(await server.Client.GetStringAsync("/live/show/manifest.mpd")).Root!;
                return mpd.Descendants().Where(element => element.Name.LocalName == "SegmentTemplate")
                    .All(template => template.Attribute("availabilityTimeOffset") is not null);
            },
            TimeSpan.FromSeconds(100), "all segments can be asked for while they are made");
        var begin = ((DateTimeOffset)mpd.Attribute("availabilityStartTime")!).ToUnixTimeMilliseconds() / 1000d;

        var players = new List<(string Kind, IPage Page)>();
        foreach (var kind in new[] { "dash", "shaka" })
        {
            players.Add((kind, await chromium.OpenPlayerAsync(pages.Page(kind, new Uri(server.Http, "/live/show/manifest.mpd")))));
        }

        await Task.WhenAll(players.Select(async player =>
        {
            var (kind, page) = player;
            try
            {
                await WatchAsync(kind, page, begin);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"{kind}: {e.Message}\n{await PlayerReport.OfAsync(page)}\n{await page.EvaluateAsync<string>("() => window.journal()")}", e);
            }

            await page.Context.CloseAsync();
        }));
    }

    private async Task WatchAsync(string kind, IPage page, double begin)
    {
        await Poll.UntilAsync(async () => await PlayerReport.OfAsync(page) is { Time: > 0, Frames: > 60 }, TimeSpan.FromSeconds(30),
            $"{kind} plays");
        var before = await PlayerReport.OfAsync(page);
        var latencies = new List<PlayerLatency>();
        await Poll.UntilAsync(
            async () =>
            {
                latencies.Add(await page.EvaluateAsync<PlayerLatency>("() => window.latency()"));
                return (await PlayerReport.OfAsync(page)).Time >= before.Time + Seconds;
            },
            TimeSpan.FromSeconds((2 * Seconds) + 20), $"{kind} goes on");
        var after = await PlayerReport.OfAsync(page);

        var behind = latencies.Select(latency => latency.Behind - begin).Order().ToList();
        output.WriteLine(FormattableString.Invariant(
            $"{kind}: {behind[0]:0.00} to {behind[^1]:0.00} s behind the encoder, median {behind[behind.Count / 2]:0.00}, at last {latencies[^1].Behind - begin:0.00}; it says {latencies[^1].Said:0.00}, rate {latencies[^1].Rate:0.00}, {latencies.Min(latency => latency.Ahead):0.00} s ahead at least"));
        after.Errors.ShouldBeEmpty();
        after.Stalls.ShouldBe(before.Stalls);
        latencies.ShouldAllBe(latency => latency.IsLow);
        behind[^1].ShouldBeLessThan(6, "with segments that had to be whole it would be more");
    }

    private sealed record PlayerLatency
    {
        [JsonPropertyName("isLow")]
        public bool IsLow { get; init; }

        /// <summary>Latency in seconds, as the player reports it.</summary>
        [JsonPropertyName("said")]
        public double Said { get; init; }

        /// <summary>Difference between system time (since 1970) and the shown time of the presentation, in seconds.</summary>
        [JsonPropertyName("behind")]
        public double Behind { get; init; }

        [JsonPropertyName("rate")]
        public double Rate { get; init; }

        /// <summary>Buffered seconds ahead of the playback position.</summary>
        [JsonPropertyName("ahead")]
        public double Ahead { get; init; }
    }
}
