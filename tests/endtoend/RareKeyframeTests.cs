using System.Text.Json;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>An encoder with a keyframe every ten seconds (row F18 of the edge cases), and the result for players.</summary>
public sealed class RareKeyframeTests(LadderServer shared) : IClassFixture<LadderServer>
{
    private readonly BroadcastServer _server = shared.Server;

    [Theory]
    [InlineData(25, 250, 0)]
    [InlineData(30, 300, 2)]
    public async Task F18_source_with_rare_keyframes_is_re_encoded_with_a_keyframe_at_every_segment_start(int rate, int group, int bFrames)
    {
        var name = $"rare-{bFrames}";
        var channel = await _server.AddChannelAsync(name, new { ladder = "auto", reconnectWindowSeconds = 0 });
        var token = _server.AdminToken;
        var encoder = FfmpegTool.Publish(_server.PublishUrl(channel),
            new TestSource { FrameRate = rate, KeyframeSeconds = (double)group / rate, BFrames = bFrames });
        await using (encoder)
        {
            await HlsView.WaitAsync(_server, name, v => v.Segments.Count >= 8, "eight segments", "240p");
            await EncodingTellsAsync(name, token);
            foreach (var address in new[] { _server.Hls(name), _server.Dash(name) })
            {
                (await FfmpegTool.DecodeAsync(address.ToString(), 3)).ShouldBeEmpty(address.ToString());
            }
        }

        var source = await HlsView.WaitAsync(_server, name, v => v.Ended, "the end of the session");
        var rung = (await HlsView.ReadAsync(_server, name, "240p"))!;
        var audio = (await HlsView.ReadAsync(_server, name, "audio"))!;
        foreach (var view in new[] { source, rung, audio })
        {
            view.TargetDuration.ShouldBe(3);
            (view.Sequence, view.Segments.Count).ShouldBe((source.Sequence, source.Segments.Count));
            view.Segments.ShouldAllBe(s => s.Duration <= 3.05);

            // A stopped encoder can have sent its last frames without their audio.
            view.Segments.SkipLast(1).ShouldAllBe(s => !s.Gap);
            view.Segments.Select(s => s.Discontinuity).ShouldBe(source.Segments.Select(s => s.Discontinuity));
        }

        // The beginning of the source, then its re-encoded version, as if the encoder had been configured to a keyframe every two seconds.
        source.Segments.Count(s => s.Discontinuity).ShouldBe(1);
        source.Segments[1].Discontinuity.ShouldBeTrue();
        source.Segments[0].Duration.ShouldBe(2.5, 0.1);
        source.Segments.Skip(1).SkipLast(1).ShouldAllBe(s => Math.Abs(s.Duration - 2) < 0.05);
        rung.Segments.Skip(1).SkipLast(1).Select(s => s.Duration).ShouldBe(source.Segments.Skip(1).SkipLast(1).Select(s => s.Duration));

        foreach (var (view, rendition) in new[] { (source, "source"), (rung, "240p") })
        {
            await EverySegmentBeginsWithAKeyframeAsync(view, name, rendition, rate);
        }

        (await _server.Client.GetStringAsync(_server.Hls(name))).ShouldContain("#EXT-X-INDEPENDENT-SEGMENTS");

        // Reads through the change from the source to its re-encoded version. FFmpeg's HLS reader skips every second initialization; it
        // finds the parameter sets in the keyframes.
        (await FfmpegTool.DecodeAsync(_server.Hls(name).ToString(), 60)).ShouldBeEmpty();
        _server.Logged(2024).Count.ShouldBeGreaterThan(0);
    }

    private async Task EncodingTellsAsync(string channel, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/channels/{channel}");
        request.Headers.Authorization = new("Bearer", token);
        using var response = await _server.Client.SendAsync(request);
        var encoding = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("encoding");
        encoding.GetProperty("rungs").EnumerateArray().Select(r => r.GetProperty("name").GetString()).ShouldBe(["source", "240p"]);
        encoding.GetProperty("reencodeReason").GetString()!.ShouldContain("keyframe interval exceeds 3 s");
    }

    private async Task EverySegmentBeginsWithAKeyframeAsync(HlsView view, string channel, string rendition, int rate)
    {
        using var folder = TempFolder.Create();
        var playlist = new Uri(_server.Http, $"/live/{channel}/{view.Session}/{rendition}.m3u8");
        foreach (var segment in view.Segments)
        {
            var init = await _server.Client.GetByteArrayAsync(new Uri(playlist, segment.Map!.Split('"')[1]));
            var file = Path.Combine(folder.Path, "segment.mp4");
            await File.WriteAllBytesAsync(file, [.. init, .. await _server.Client.GetByteArrayAsync(new Uri(playlist, segment.Address))]);
            var packets = (await FfmpegTool.ProbeAsync(file, null, "-show_packets")).GetProperty("packets").EnumerateArray().ToList();
            packets[0].GetProperty("flags").GetString()!.ShouldStartWith("K", Case.Sensitive, $"{rendition} {segment.Address}");

            // No frame is missing according to the playlist. But a stopped encoder can have sent a frame without those that are shown
            // before it.
            if (segment != view.Segments[^1])
            {
                ((double)packets.Count).ShouldBe(segment.Duration * rate, 0.5, $"{rendition} {segment.Address}");
            }
        }
    }
}
