using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>The command line in scripts, with and without a running server.</summary>
public sealed class CommandTests(SharedServer shared)
{
    private readonly BroadcastServer _server = shared.Server;

    [Fact]
    public async Task Channels_and_keys_created_offline_work_on_the_running_server_and_vice_versa()
    {
        await using var server = await BroadcastServer.StartAsync();
        var running = await server.CreateChannelAsync("made-running");
        (await server.StopAsync()).ShouldBe(0);
        var resting = await server.CreateChannelAsync("made-resting", "--ladder", "passthrough", "--latency", "safe");
        await server.RestartAsync();

        foreach (var channel in new[] { running, resting })
        {
            await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel));
            var view = await HlsView.WaitAsync(server, channel.Name, v => v.Segments.Count >= 1, $"{channel.Name} plays");
            view.TargetDuration.ShouldBe(channel == resting ? 10 : 3);
        }

        (await server.CommandAsync("channel", "list", "--json")).EnsureSuccess().Output.ShouldContain("made-resting");
    }

    [Fact]
    public async Task Incomplete_request_does_not_delay_the_server_stop()
    {
        await using var server = await BroadcastServer.StartAsync();
        using var half = new System.Net.Sockets.TcpClient();
        await half.ConnectAsync(IPAddress.Loopback, server.Http.Port);
        await half.GetStream().WriteAsync("GET /live/main/index.m3u8 HTTP/1.1\r\nHost: a\r\n"u8.ToArray());
        (await server.Client.GetAsync("/time")).EnsureSuccessStatusCode();

        (await server.Front.StopAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Rotating_a_key_disconnects_the_encoder_and_the_new_key_works()
    {
        var channel = await _server.AddChannelAsync("rotated");
        await using var encoder = FfmpegTool.Publish(_server.PublishUrl(channel));
        await HlsView.WaitAsync(_server, "rotated", v => v.Segments.Count >= 1, "a segment");

        var rotated = (await _server.CommandAsync("key", "rotate", "rotated", "--json")).EnsureSuccess().Json().GetProperty("streamKey")
            .GetString()!;

        await encoder.WaitForExitAsync(TimeSpan.FromSeconds(20));
        await using var refused = FfmpegTool.Publish(_server.PublishUrl(channel), new TestSource { Seconds = 5 });
        (await refused.WaitForExitAsync(TimeSpan.FromSeconds(20))).ShouldNotBe(0);
        var before = (await HlsView.ReadAsync(_server, "rotated"))!;
        await using var welcome = FfmpegTool.Publish($"{_server.Rtmp}/live/{rotated}");
        await HlsView.WaitAsync(_server, "rotated", v => v.Last > before.Last, "the new key works");
    }

    [Fact]
    public async Task API_denies_requests_without_a_token_and_accepts_requests_with_one()
    {
        (await _server.Client.GetAsync("/api/v1/channels")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        using var admin = new HttpClient { BaseAddress = _server.Http };
        admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await _server.CreateTokenAsync());

        (await admin.GetAsync("/api/v1/channels")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await admin.GetStringAsync("/api/v1/openapi.json")).ShouldContain("/api/v1/channels");
    }

    [Fact]
    public async Task Demo_publishes_video_and_a_beep_and_exits_by_itself()
    {
        await _server.AddChannelAsync("shown");
        await using var demo = ChildProcess.Start("dotnet",
            [Repository.ServerProgram(), "demo", "--channel", "shown", "--seconds", "12", "--data", _server.Data]);
        await HlsView.WaitAsync(_server, "shown", v => v.Segments.Count >= 2, "two segments; " + demo.Tail());

        var streams = (await FfmpegTool.ProbeAsync(_server.Hls("shown").ToString())).GetProperty("streams").EnumerateArray()
            .Select(s => s.GetProperty("codec_type").GetString()).ToList();

        streams.ShouldBe(["video", "audio"], ignoreOrder: true);
        (await demo.WaitForExitAsync(TimeSpan.FromSeconds(30))).ShouldBe(0);
    }

    [Fact]
    public async Task Session_is_recorded_clipped_while_live_and_deleted_with_its_media()
    {
        var channel = await _server.AddChannelAsync("kept", new { reconnectWindowSeconds = 0, retention = "30d", title = "Evening" });
        string id, hls, clipHls;
        await using (FfmpegTool.Publish(_server.PublishUrl(channel), Signals.Small))
        {
            await HlsView.WaitAsync(_server, "kept", v => v.Segments.Count >= 2, "two segments");
            var recording = (await _server.CommandAsync("recording", "list", "kept", "--json")).EnsureSuccess().Json()[0];
            id = recording.GetProperty("id").GetString()!;
            hls = recording.GetProperty("urls").GetProperty("hls").GetString()!;
            (recording.GetProperty("state").GetString(), recording.GetProperty("title").GetString()).ShouldBe(("recording", "Evening"));
            var clip = (await _server.CommandAsync("recording", "clip", "kept", "--start", "-2", "--title", "Encore",
                "--json")).EnsureSuccess().Json();
            (clip.GetProperty("durationSeconds").GetDouble(), clip.GetProperty("session").GetString()).ShouldBe((2.0, id));
            clipHls = clip.GetProperty("urls").GetProperty("hls").GetString()!;
            (await _server.Client.GetAsync(hls)).StatusCode.ShouldBe(HttpStatusCode.OK, "an unfinished recording is playable");
            var plan = (await _server.CommandAsync("recording", "delete", id, "--dry-run", "--json")).EnsureSuccess().Json();
            plan.GetProperty("mediaRetainedBy")[0].GetString().ShouldBe(clip.GetProperty("id").GetString());
        }

        (await _server.CommandAsync("recording", "set", id, "--start", "0:01", "--visibility", "unlisted")).EnsureSuccess()
            .Output.ShouldContain("unlisted");
        (await FfmpegTool.DecodeAsync(hls, 2)).ShouldBeEmpty();
        (await FfmpegTool.DecodeAsync(clipHls, 2)).ShouldBeEmpty();
        (await _server.CommandAsync("recording", "set", id, "--visibility", "private")).EnsureSuccess();
        await Poll.UntilAsync(async () => (await _server.Client.GetAsync(hls)).StatusCode == HttpStatusCode.NotFound,
            description: "it is hidden");
        (await _server.Client.GetAsync(clipHls)).StatusCode.ShouldBe(HttpStatusCode.OK, "the clip is not");
        (await _server.CommandAsync("recording", "lifecycle")).EnsureSuccess().Output.ShouldContain("live/kept/");
        (await _server.CommandAsync("recording", "delete", id, "--clips")).EnsureSuccess();

        await Poll.UntilAsync(() => !Files(id).Any(), TimeSpan.FromSeconds(30), "its media are gone, spool and store");
        (await _server.CommandAsync("recording", "show", id)).ExitCode.ShouldBe(1);
        (await _server.Client.GetAsync(clipHls)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Viewers_write_in_the_chat_of_a_channel_that_is_switched_on_while_live()
    {
        var channel = await _server.AddChannelAsync("talk");
        await using var encoder = FfmpegTool.Publish(_server.PublishUrl(channel), Signals.Small);
        await HlsView.WaitAsync(_server, "talk", v => v.Segments.Count >= 1, "a segment");
        (await _server.Client.GetAsync("/live/talk/chat.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _server.CommandAsync("channel", "set", "talk", "--chat", "on", "--json")).EnsureSuccess().Json().GetProperty("chat")
            .GetBoolean().ShouldBeTrue();
        await Poll.UntilAsync(async () => (await _server.Client.GetAsync("/live/talk/chat.json")).IsSuccessStatusCode,
            description: "the running server has the chat");

        using var joined = await _server.Client.PostAsJsonAsync("/chat/talk/join", new { name = "Ada" });
        var token = (await joined.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString();

        // The change of the settings has a number of its own.
        var before = (await _server.Client.GetFromJsonAsync<JsonElement>("/live/talk/chat.json")).GetProperty("last").GetInt64();
        var waiting = _server.Client.GetFromJsonAsync<JsonElement>($"/live/talk/chat.json?after={before}");
        (await SendAsync(token, "Hello")).StatusCode.ShouldBe(HttpStatusCode.Created);
        var list = await waiting;
        (list.GetProperty("first").GetInt64(), list.GetProperty("last").GetInt64()).ShouldBe((1, before + 1));
        var batch = await _server.Client.GetFromJsonAsync<JsonElement>(
            $"/live/talk/{list.GetProperty("session").GetString()}/chat/{before + 1}.json");
        var message = batch.GetProperty("messages")[0];
        (message.GetProperty("name").GetString(), message.GetProperty("text").GetString()).ShouldBe(("Ada", "Hello"));

        (await SendAsync("forged", "Hello")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await _server.CommandAsync("channel", "set", "talk", "--chat", "off")).EnsureSuccess();
        await Poll.UntilAsync(async () => (await SendAsync(token, "Hello")).StatusCode == HttpStatusCode.Forbidden,
            description: "the chat is off");
        (await _server.CommandAsync("channel", "set", "talk", "--chat", "maybe")).ExitCode.ShouldBe(1);

        async Task<HttpResponseMessage> SendAsync(string? token, string text)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/chat/talk/messages");
            request.Content = JsonContent.Create(new { text });
            request.Headers.Authorization = new("Bearer", token);
            return await _server.Client.SendAsync(request);
        }
    }

    private IEnumerable<string> Files(string session) => new[] { "spool", "objects" }.Select(f => Path.Combine(_server.Data, f))
        .Where(Directory.Exists)
        .SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories))
        .Where(f => f.Contains($"/{session}/", StringComparison.Ordinal));

    [Fact]
    public async Task Doctor_reports_every_check_as_newline_delimited_JSON()
    {
        var report = await _server.CommandAsync("doctor", "--json");

        foreach (var check in new[] { "ffmpeg", "encoder libx264", "disk", "clock", "database", "secret keys", "storage" })
        {
            report.Output.ShouldContain($"\"check\":\"{check}\"");
        }
    }

    [Fact]
    public async Task Health_readiness_and_metrics_are_served_only_on_the_internal_port()
    {
        using var inside = new HttpClient { BaseAddress = _server.Internal };

        (await inside.GetStringAsync("/healthz")).ShouldBe("ok\n");
        (await inside.GetAsync("/readyz")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await inside.GetAsync("/metrics")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _server.Client.GetAsync("/metrics")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        foreach (var path in new[] { "/api/v1/openapi.json", "/time" })
        {
            (await _server.Client.GetAsync(path)).StatusCode.ShouldNotBe(HttpStatusCode.NotFound, path);
            (await inside.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }
    }
}
