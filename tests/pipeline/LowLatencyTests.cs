using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Pipeline.Tests;

/// <summary>Low-latency HLS through every stage, for a player that reloads the playlist (draft-pantos-hls-rfc8216bis).</summary>
public sealed partial class LowLatencyTests : PipelineTest
{
    [Theory]
    [InlineData(30, 2)]
    [InlineData(24, 2)]
    [InlineData(15, 2.4)]
    [InlineData(50, 1)]
    public async Task Hinted_parts_appear_within_the_target_duration_and_concatenate_to_the_segment(int rate, double keyframes)
    {
        var session = PipelineHarness.Session(_time, latency: LatencyProfile.Low);
        var camera = _line.Attach(new FlvEncoder(_time) { VideoRate = rate, KeyframeSeconds = keyframes }, session);
        var seen = new Dictionary<string, List<Part>> { ["source"] = [], ["audio"] = [] };
        var hints = new Dictionary<string, string?>();
        for (var i = 0; i < 120; i++)
        {
            await camera.SendAsync(0.1);
            foreach (var rendition in seen.Keys)
            {
                await LookAsync(session, rendition, seen[rendition], hints);
            }
        }

        await camera.GoneAsync();
        foreach (var (rendition, parts) in seen)
        {
            await LookAsync(session, rendition, parts, hints);
            // A third of a second each; the last one of a segment contains the remainder.
            parts.Count.ShouldBeGreaterThan(25);
            parts.ShouldAllBe(part => part.Duration <= 0.35);
            foreach (var segment in parts.GroupBy(part => part.Segment).SkipLast(1))
            {
                segment.SkipLast(1).ShouldAllBe(part => part.Duration >= 0.85 * 0.35, $"{rendition} {segment.Key}");
                var bytes = new List<byte>();
                foreach (var part in segment)
                {
                    bytes.AddRange(await _line.MediaAsync(session, part.Uri));
                }

                bytes.ToArray().ShouldBe(await _line.MediaAsync(session, $"{rendition}/{segment.Key}.m4s"));
            }
        }
    }

    [Fact]
    public async Task Request_for_the_hinted_part_is_answered_once_the_part_exists()
    {
        var session = PipelineHarness.Session(_time, latency: LatencyProfile.Low);
        var camera = _line.Connect(session);
        await camera.SendAsync(3);
        await _line.ReachAsync(session, 1);
        for (var i = 0; i < 12; i++)
        {
            var now = await TextAsync(session, "source", "");
            var next = Number().Match(Hint().Match(now).Groups[1].Value);
            var held = TextAsync(session, "source", $"?_HLS_msn={next.Groups[1].Value}&_HLS_part={next.Groups[2].Value}");
            await camera.SendAsync(0.5);
            (await held).ShouldContain($"URI=\"{Hint().Match(now).Groups[1].Value}\"");
        }
    }

    private async Task LookAsync(BroadcastSession session, string rendition, List<Part> seen, Dictionary<string, string?> hints)
    {
        if ((await _line.Client.GetAsync($"/live/{session.Channel}/{session.Id}/{rendition}.m3u8"))
            is not { IsSuccessStatusCode: true } response)
        {
            return;
        }

        var text = await response.Content.ReadAsStringAsync();
        var listed = PartTag().Matches(text).Select(match => new Part(
            match.Groups[2].Value, long.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture),
            double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))).ToList();
        var fresh = listed.Except(seen).ToList();
        if (fresh.Count > 0 && hints.GetValueOrDefault(rendition) is { } hint)
        {
            fresh[0].Uri.ShouldBe(hint);
        }

        seen.AddRange(fresh);
        hints[rendition] = Hint().Match(text).Groups[1].Value;
    }

    private Task<string> TextAsync(BroadcastSession session, string rendition, string query) =>
        _line.Client.GetStringAsync($"/live/{session.Channel}/{session.Id}/{rendition}.m3u8{query}");

    [GeneratedRegex("#EXT-X-PART:DURATION=([0-9.]+),URI=\"([a-z]+/([0-9]+)[^\"]+)\"")]
    private static partial Regex PartTag();

    [GeneratedRegex("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"([^\"]+)\"")]
    private static partial Regex Hint();

    [GeneratedRegex("([0-9]+)\\.([0-9]+)\\.m4s")]
    private static partial Regex Number();

    private sealed record Part(string Uri, long Segment, double Duration);
}
