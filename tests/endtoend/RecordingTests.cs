using System.Globalization;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>All live media are available on demand, with every frame, regardless of later events.</summary>
public sealed class RecordingTests
{
    [Fact]
    public async Task Ended_session_plays_back_every_frame_after_the_next_session_and_a_server_kill()
    {
        // Without a slate, whose frames would be counted.
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Slate__Enabled"] = "false" });
        var channel = await server.AddChannelAsync("main", new { ladder = "passthrough", reconnectWindowSeconds = 0, record = true });
        await PublishAsync(server, channel, seconds: 7);
        var session = (await HlsView.WaitAsync(server, "main", view => view.Ended, "the end of the session")).Session;

        // Available immediately: nothing has to be prepared.
        await ShouldHaveAsync(server, session, frames: 210);

        await PublishAsync(server, channel, seconds: 3);
        var next =
            (await HlsView.WaitAsync(server, "main", view => view.Ended && view.Session != session, "the end of the next session")).Session;
        await server.Kill();
        await server.RestartAsync();
        await HlsView.WaitAsync(server, "main", view => view.Session == next, "the channel's newest session");

        await ShouldHaveAsync(server, session, frames: 210);
        await ShouldHaveAsync(server, next, frames: 90);
        (await FfmpegTool.DecodeAsync(new Uri(server.Http, $"/vod/{session}/index.m3u8").ToString(), 7)).ShouldBeEmpty();
    }

    private static async Task PublishAsync(BroadcastServer server, CreatedChannel channel, double seconds)
    {
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), new TestSource { Seconds = seconds });
        (await encoder.WaitForExitAsync(TimeSpan.FromSeconds(seconds + 30))).ShouldBe(0, encoder.Tail());
    }

    private static async Task ShouldHaveAsync(BroadcastServer server, string recording, int frames)
    {
        foreach (var list in new[] { "index.m3u8", "manifest.mpd" })
        {
            var probed = await FfmpegTool.ProbeAsync(new Uri(server.Http, $"/vod/{recording}/{list}").ToString(), null, "-count_packets");
            var read = probed.GetProperty("streams").EnumerateArray().ToDictionary(
                stream => stream.GetProperty("codec_type").GetString()!,
                stream => int.Parse(stream.GetProperty("nb_read_packets").GetString()!, CultureInfo.InvariantCulture));
            read["video"].ShouldBe(frames, list);
            read["audio"].ShouldBeGreaterThan(frames, list);
        }
    }
}
