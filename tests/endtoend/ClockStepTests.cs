using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A system clock step during playback (row F35).</summary>
public sealed class ClockStepTests
{
    [Fact]
    public async Task Clock_step_of_half_a_minute_in_either_direction_does_not_affect_viewers_F35()
    {
        await using var folder = TempFolder.Create();
        var clock = folder.Sub("clock");
        Set(clock, 0);
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["LD_PRELOAD"] = FakeTime.Library,
            ["FAKETIME_TIMESTAMP_FILE"] = clock,
            ["FAKETIME_CACHE_DURATION"] = "1",
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        });
        var channel = await server.AddChannelAsync("main");
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        var before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 3, "three segments");
        var behind = await BehindAsync(server, before);

        foreach (var step in (int[])[30, -30])
        {
            Set(clock, step);
            await Poll.UntilAsync(() => server.Logged(7031).Count > 0, description: "the step is logged");
            var last = (await HlsView.ReadAsync(server, "main"))!.Last;
            var after = await HlsView.WaitAsync(server, "main", v => v.Last >= last + 2, "two more segments");
            after.Session.ShouldBe(before.Session);
            after.Segments.ShouldAllBe(s => !s.Gap && !s.Discontinuity);
            after.Segments.Zip(after.Segments.Skip(1))
                .ShouldAllBe(pair => Math.Abs((pair.Second.WallClock - pair.First.WallClock).TotalSeconds - pair.First.Duration) < 0.1);
            (await BehindAsync(server, after)).ShouldBe(behind, 3, "the time that players receive matches the media");
            (await FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 2)).ShouldBeEmpty();
            (await ControlTimeAsync(server) - TimeProvider.System.GetUtcNow()).TotalSeconds
                .ShouldBe(step, 10, "tokens, events and codes follow the system clock at once");
        }
    }

    /// <summary>Seconds from the end of a playlist to the server time that players receive.</summary>
    private static async Task<double> BehindAsync(BroadcastServer server, HlsView view)
    {
        var now = DateTimeOffset.Parse(await server.Client.GetStringAsync("/time"), CultureInfo.InvariantCulture);
        return (now - view.Segments[^1].WallClock).TotalSeconds - view.Segments[^1].Duration;
    }

    /// <summary>Time at which the server says that it created a token.</summary>
    private static async Task<DateTimeOffset> ControlTimeAsync(BroadcastServer server)
    {
        using var made = await server.Api.PostAsJsonAsync("/api/v1/tokens", new { role = "viewer" });
        made.EnsureSuccessStatusCode();
        var id = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!.Split('_')[0];
        return (await server.Api.GetFromJsonAsync<JsonElement>("/api/v1/tokens")).EnumerateArray()
            .Single(token => token.GetProperty("id").GetString() == id).GetProperty("createdAt").GetDateTimeOffset();
    }

    /// <summary>Sets the server's clock in one write, so that the server never reads half of it.</summary>
    private static void Set(string file, int seconds)
    {
        File.WriteAllText(file + ".new", seconds.ToString("+0;-0", CultureInfo.InvariantCulture) + "\n");
        File.Move(file + ".new", file, overwrite: true);
    }
}
