using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A channel that is published to another server.</summary>
[LongRunning]
public sealed class TargetTests
{
    private const string Target = "/api/v1/channels/main/targets/Other%20server";

    [Fact]
    public async Task Other_server_gets_one_publication_across_the_loss_of_the_encoder_and_the_target_is_switched_while_live()
    {
        await using var platform = await BroadcastServer.StartAsync();
        var there = await platform.AddChannelAsync("there");
        var calm = await platform.AddChannelAsync("calm");
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?>
            {
                ["BROADCAST__Control__AllowedWebhookTargets"] = "127.0.0.1",
                ["BROADCAST__Steady__Width"] = "320",
                ["BROADCAST__Steady__Height"] = "180",

                // Servers that share a database need the same.
                ["BROADCAST__Control__SecretKeys"] = Convert.ToBase64String(new byte[32]),
            });
        var channel = await server.AddChannelAsync("main");
        (await server.CommandAsync("target", "add", "main", "Other server", "--url", $"{platform.Rtmp}/live", "--key", there.StreamKey))
            .EnsureSuccess();
        (await server.CommandAsync("target", "add", "main", "Steady", "--url", $"{platform.Rtmp}/live", "--key", calm.StreamKey, "--mode",
            "steady")).EnsureSuccess();
        (await StateAsync(server)).State.ShouldBe("off");

        var source = new TestSource();
        var encoder = FfmpegTool.Publish(server.PublishUrl(channel), source);
        await Poll.UntilAsync(async () => (await StateAsync(server)).State == "live", TimeSpan.FromSeconds(30), "the target is live");
        var before = await HlsView.WaitAsync(platform, "there", v => v.Segments.Count >= 2, "two segments at the other server");

        encoder.Kill();
        await encoder.DisposeAsync();
        await HlsView.WaitAsync(platform, "there", v => v.Segments.Any(segment => segment.Discontinuity), "the slate at the other server");
        await using var next = FfmpegTool.Publish(server.PublishUrl(channel), source);
        var after = await HlsView.WaitAsync(platform, "there", v => v.Segments.Count(segment => segment.Discontinuity) == 2
            && v.Segments.Reverse().TakeWhile(segment => !segment.Discontinuity).Count() >= 2, "the encoder at the other server");
        after.Session.ShouldBe(before.Session);
        (await FfmpegTool.DecodeAsync(platform.Hls("there").ToString(), 3)).ShouldBeEmpty();
        (await PublicationsAsync(platform)).ShouldBe(["publish.started"], "the platform sees one publication");
        (await StateAsync(server)).Connections.ShouldBe(1);

        // The steady target got the same without any change of its parameters.
        var steady = await HlsView.WaitAsync(platform, "calm", v => v.Segments.Count >= after.Segments.Count - 2, "the steady publication");
        steady.Segments.ShouldAllBe(segment => !segment.Discontinuity);
        (await FfmpegTool.DecodeAsync(platform.Hls("calm").ToString(), 3)).ShouldBeEmpty();

        using var off = await server.Api.PatchAsJsonAsync(Target, new { enabled = false });
        off.EnsureSuccessStatusCode();
        await Poll.UntilAsync(async () => (await PublicationsAsync(platform)).Count == 2, TimeSpan.FromSeconds(10), "the publication ends");
        using var test = await server.Api.PostAsync(new Uri($"{Target}/test", UriKind.Relative), null);
        (await test.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("accepted").GetBoolean().ShouldBeTrue();
        using var on = await server.Api.PatchAsJsonAsync(Target, new { enabled = true });
        on.EnsureSuccessStatusCode();
        await Poll.UntilAsync(async () => (await StateAsync(server)).State == "live", TimeSpan.FromSeconds(30), "the target is live again");

        // A killed server publishes again.
        await server.Kill();
        await server.RestartAsync();
        await using var last = FfmpegTool.Publish(server.PublishUrl(channel), source);
        await Poll.UntilAsync(async () => (await StateAsync(server)).State == "live", TimeSpan.FromSeconds(60),
            "the target is live after the restart");
        File.ReadAllText(Directory.GetFiles(Path.Combine(server.Data, "logs")).Single()).ShouldNotContain(there.StreamKey);
    }

    private static async Task<(string State, long Connections)> StateAsync(BroadcastServer server)
    {
        var target = await server.Api.GetFromJsonAsync<JsonElement>(Target);
        return (target.GetProperty("state").GetString()!, target.GetProperty("connections").GetInt64());
    }

    private static async Task<List<string>> PublicationsAsync(BroadcastServer platform) =>
        [.. (await platform.Api.GetFromJsonAsync<JsonElement>("/api/v1/channels/there/activity")).EnumerateArray()
            .Select(row => row.GetProperty("type").GetString()!).Where(type => type.StartsWith("publish.", StringComparison.Ordinal))];
}
