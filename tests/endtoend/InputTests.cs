using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// Two real encoders on one channel, one of which hangs or dies (rows H08, F33 and F34 of the edge cases). The first sends red frames, the
/// second blue ones.
/// </summary>
[LongRunning]
public sealed class InputTests
{
    private const string SupersededEvent = "Another encoder took over";

    [Fact]
    public async Task Encoder_with_the_same_key_replaces_a_hung_one_and_playlists_continue_H08_F33()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main");
        await using var red = FfmpegTool.Publish(server.PublishUrl(channel), Source("red"));
        var before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
        (await ColorAsync(server, before)).ShouldBe("red");

        await using (var refused = FfmpegTool.Publish(server.PublishUrl(channel), Source("blue")))
        {
            (await refused.WaitForExitAsync(TimeSpan.FromSeconds(20))).ShouldNotBe(0);
        }

        red.Signal(UnixSignal.Stop);
        await using var blue = await PublishUntilTakenAsync(server, channel, Source("blue"));
        var after = await HlsView.WaitAsync(server, "main", v => v.Last >= before.Last + 4, "four more segments");

        after.Session.ShouldBe(before.Session);
        ShouldGoOn(before, after);
        (await ColorAsync(server, after)).ShouldBe("blue");
        server.Logged(5036).ShouldHaveSingleItem().ShouldContain("replaced by");
        await Poll.UntilAsync(() => server.Logged(1002).Any(l => l.Contains(SupersededEvent, StringComparison.Ordinal)));
        red.Signal(UnixSignal.Continue);
        await red.WaitForExitAsync(TimeSpan.FromSeconds(20));
        var still = await HlsView.WaitAsync(server, "main", v => v.Last >= after.Last + 1, "and so it stays");
        (await ColorAsync(server, still)).ShouldBe("blue");
        server.Logged(1002).Count.ShouldBe(1, "one end is reported");
    }

    [Theory]
    [InlineData(UnixSignal.Stop)]
    [InlineData(UnixSignal.Kill)]
    public async Task Backup_replaces_a_hung_or_dead_primary_and_the_recovered_primary_returns_F34(UnixSignal signal)
    {
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Failover__RecoveryTime"] = "00:00:03" });
        var channel = await server.AddChannelAsync("main");
        using var created = await server.Api.PostAsJsonAsync("/api/v1/channels/main/keys", new { role = "backup" });
        var key = (await created.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("streamKey").GetString()!;
        var token = server.AdminToken;
        await using var red = FfmpegTool.Publish(server.PublishUrl(channel), Source("red"));
        await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 1, "a segment");
        await using var blue = FfmpegTool.Publish($"{server.Rtmp}/live/{key}", Source("blue"));
        await Poll.UntilAsync(async () => await InputsAsync(server, token) is "primary on air good, backup good",
            description: "both are good");
        var before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 3, "three segments");
        (await ColorAsync(server, before)).ShouldBe("red");

        red.Signal(signal);
        var seen = before;
        await Poll.UntilAsync(
            async () =>
            {
                var now = (await HlsView.ReadAsync(server, "main"))!;
                ShouldGoOn(seen, now);
                seen = now;
                return now.Last >= before.Last + 4;
            },
            TimeSpan.FromSeconds(40),
            "four more segments");
        (await ColorAsync(server, seen)).ShouldBe("blue");
        Gaps(seen).Max().ShouldBeLessThan(1.5, "the backup's keyframes are a second apart");
        (await InputsAsync(server, token)).ShouldEndWith("backup on air good");
        server.Logged(2011).ShouldHaveSingleItem();
        foreach (var rendition in new[] { "source", "audio" })
        {
            var listed = (await HlsView.ReadAsync(server, "main", rendition))!;
            listed.Segments.ShouldAllBe(s => !s.Gap && s.Duration <= listed.TargetDuration + 0.5);
        }

        (await FfmpegTool.DecodeAsync(server.Dash("main").ToString(), 2)).ShouldBeEmpty();
        red.Signal(UnixSignal.Continue);
        await using var again = signal == UnixSignal.Kill ? await PublishUntilTakenAsync(server, channel, Source("red")) : null;
        await Poll.UntilAsync(async () => (await InputsAsync(server, token)).StartsWith("primary on air", StringComparison.Ordinal),
            TimeSpan.FromSeconds(40), "the primary is back");
        var last = await HlsView.WaitAsync(server, "main", v => v.Last >= seen.Last + 4, "and its frames");
        last = await HlsView.WaitAsync(server, "main", v => v.Last >= last.Last + 2, "some more of them");
        ShouldGoOn(seen, last);
        (await ColorAsync(server, last)).ShouldBe("red");
        Gaps(last).Max().ShouldBeLessThan(1.5);
    }

    private static TestSource Source(string color) => new()
    {
        Width = 160, Height = 90, FrameRate = 15, VideoBitRate = 100_000, KeyframeSeconds = 1, Frame = $"color={color}:s=160x90:r=15",
    };

    /// <summary>Retries until the server accepts, as users do.</summary>
    private static async Task<ChildProcess> PublishUntilTakenAsync(BroadcastServer server, CreatedChannel channel, TestSource source)
    {
        var taken = server.Logged(1001).Count;
        ChildProcess? encoder = null;
        await Poll.UntilAsync(
            async () =>
            {
                if (encoder is { HasExited: true })
                {
                    await encoder.DisposeAsync();
                    encoder = null;
                }

                encoder ??= FfmpegTool.Publish(server.PublishUrl(channel), source);
                return server.Logged(1001).Count > taken;
            },
            TimeSpan.FromSeconds(30),
            "the encoder is let in");
        return encoder!;
    }

    /// <summary>Color of a segment's first frame.</summary>
    private static async Task<string> ColorAsync(BroadcastServer server, HlsView view)
    {
        var playlist = new Uri(server.Http, $"/live/main/{view.Session}/source.m3u8");
        var segment = view.Segments[^1];
        byte[] bytes = [.. await server.Client.GetByteArrayAsync(new Uri(playlist, segment.Map!.Split('"')[1])),
            .. await server.Client.GetByteArrayAsync(new Uri(playlist, segment.Address))];
        await using var folder = TempFolder.Create();
        var file = Path.Combine(folder.Path, "segment.mp4");
        await File.WriteAllBytesAsync(file, bytes);
        var pixel = Path.Combine(folder.Path, "pixel.rgb");
        (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-i", file, "-frames:v", "1", "-vf", "scale=1:1", "-pix_fmt",
            "rgb24", "-f", "rawvideo", pixel])).EnsureSuccess();
        var rgb = await File.ReadAllBytesAsync(pixel);
        return rgb[0] > rgb[2] ? "red" : "blue";
    }

    private static async Task<string> InputsAsync(BroadcastServer server, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/channels/main");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await server.Client.SendAsync(request);
        using var channel = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return string.Join(", ", channel.RootElement.GetProperty("inputs").EnumerateArray().Select(i =>
            $"{i.GetProperty("role").GetString()}{(i.GetProperty("onAir").GetBoolean() ? " on air" : "")} {i.GetProperty("state").GetString()}"));
    }

    private static void ShouldGoOn(HlsView before, HlsView after)
    {
        after.Session.ShouldBe(before.Session);
        after.Sequence.ShouldBeGreaterThanOrEqualTo(before.Sequence);
        after.Last.ShouldBeGreaterThanOrEqualTo(before.Last);
        after.DiscontinuitySequence.ShouldBeGreaterThanOrEqualTo(before.DiscontinuitySequence);
        var common = (int)Math.Max(0, after.Sequence - before.Sequence);
        foreach (var (earlier, later) in before.Segments.Skip(common).Zip(after.Segments))
        {
            (later.Address, later.WallClock).ShouldBe((earlier.Address, earlier.WallClock));
        }

        Gaps(after).ShouldAllBe(gap => gap > -0.1);
    }

    /// <summary>Seconds between each segment's end and the start of the next one.</summary>
    private static IEnumerable<double> Gaps(HlsView view) =>
        view.Segments.Zip(view.Segments.Skip(1), (one, next) => (next.WallClock - one.WallClock).TotalSeconds - one.Duration);
}
