using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcast.Control.Tests;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>An event from its preview to its recording, for broadcasters and viewers.</summary>
public sealed class EventTests
{
    [Fact]
    public async Task Series_event_is_hidden_in_preview_goes_live_ends_by_itself_and_is_recorded()
    {
        await using var server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Slate__Enabled"] = "false", ["BROADCAST__Control__AllowedWebhookTargets"] = "127.0.0.1",
        });
        await using var service = await FakeAuthCallback.StartAsync();
        var channel = await server.AddChannelAsync("main", new { ladder = "passthrough" });
        using var api = new HttpClient { BaseAddress = server.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.AdminToken);

        using var subscribed = await api.PostAsJsonAsync("/api/v1/webhooks",
            new { url = service.Address + "/told", channels = new[] { "main" } });
        subscribed.StatusCode.ShouldBe(HttpStatusCode.Created, await subscribed.Content.ReadAsStringAsync());
        var secret = (await subscribed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("secret").GetString()!;

        // Its start is in the past and it is started manually, so the preview begins immediately; its end is near.
        var now = TimeProvider.System.GetUtcNow();
        using var planned = await api.PostAsJsonAsync("/api/v1/events", new
        {
            title = "The gala", channel = "main", start = now.AddSeconds(-30), end = now.AddSeconds(32), recurrence = "FREQ=DAILY;COUNT=2",
            timeZone = "Europe/Berlin", startMode = "manual", graceSeconds = 0,
        });
        planned.StatusCode.ShouldBe(HttpStatusCode.Created, await planned.Content.ReadAsStringAsync());
        var series = (await planned.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();
        var occurrences = (await api.GetFromJsonAsync<JsonElement>($"/api/v1/events/{series}/occurrences")).EnumerateArray().ToList();
        occurrences.Count.ShouldBe(2);
        var id = occurrences[0].GetProperty("id").GetString()!;
        await UntilAsync(api, id, "preview");

        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        using var issued = await api.PostAsJsonAsync("/api/v1/channels/main/viewer-tokens", new { preview = true, label = "the director" });
        var token = (await issued.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
        var backstage = new Uri(server.Http, $"/t/{token}/live/main/index.m3u8");
        await Poll.UntilAsync(async () => (await server.Client.GetAsync(backstage)).IsSuccessStatusCode, TimeSpan.FromSeconds(40),
            "the preview can be watched");
        (await FfmpegTool.DecodeAsync(backstage.ToString(), 1)).ShouldBeEmpty();
        using (var hidden = await server.Client.GetAsync(server.Hls("main")))
        {
            (hidden.StatusCode, hidden.Headers.CacheControl!.MaxAge).ShouldBe((HttpStatusCode.NotFound, TimeSpan.FromSeconds(1)));
        }

        (await server.Client.GetAsync(server.Dash("main"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var pressed = await api.PostAsync($"/api/v1/events/{id}/go-live", null);
        pressed.EnsureSuccessStatusCode();
        var live = (await pressed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("wentLiveAt").GetDateTimeOffset();
        var shown = await HlsView.WaitAsync(server, "main", view => view.Segments.Count >= 2, "viewers have two segments");
        shown.Segments[0].WallClock.ShouldBeGreaterThanOrEqualTo(live.AddMilliseconds(-1));
        shown.Sequence.ShouldBeGreaterThan(1, "numbers are those of the whole session");
        (await FfmpegTool.DecodeAsync(server.Dash("main").ToString(), 1)).ShouldBeEmpty();
        var status = await server.Client.GetAsync($"/live/main/{shown.Session}/source/1.m4s");
        status.StatusCode.ShouldBe(HttpStatusCode.NotFound, "the preview is hidden");

        await UntilAsync(api, id, "ended");
        (await HlsView.WaitAsync(server, "main", view => view.Ended, "the playlist has its end")).Session.ShouldBe(shown.Session);
        await Poll.UntilAsync(() => encoder.HasExited, TimeSpan.FromSeconds(20), "the encoder is disconnected");
        var recording = (await api.GetFromJsonAsync<JsonElement>($"/api/v1/recordings/{shown.Session}"));
        recording.GetProperty("title").GetString().ShouldBe("The gala");
        var replay = new Uri(server.Http, $"/vod/{shown.Session}/index.m3u8").ToString();
        (await FfmpegTool.DecodeAsync(replay, 60)).ShouldBeEmpty();
        var length = double.Parse((await FfmpegTool.ProbeAsync(replay)).GetProperty("format").GetProperty("duration").GetString()!,
            System.Globalization.CultureInfo.InvariantCulture);
        length.ShouldBeInRange(2, (now.AddSeconds(32) - live).TotalSeconds + 4);
        (await UntilAsync(api, occurrences[1].GetProperty("id").GetString()!, "scheduled")).GetProperty("startsAt").GetDateTimeOffset()
            .ShouldBe(occurrences[0].GetProperty("startsAt").GetDateTimeOffset().AddDays(1), TimeSpan.FromHours(1.1));
        await ShouldHaveNotifiedAsync(service, secret, shown.Session);
    }

    /// <summary>Checks the webhook's deliveries: each once, in order, signed, and of the session that viewers saw.</summary>
    private static async Task ShouldHaveNotifiedAsync(FakeAuthCallback service, string secret, string session)
    {
        await Poll.UntilAsync(() => Types(service).Contains("recording.ready"), TimeSpan.FromSeconds(90),
            $"recording.ready is delivered; so far: {string.Join(", ", Types(service))}");
        foreach (var asked in service.Asked)
        {
            var signed = HMACSHA256.HashData(
                Convert.FromBase64String(secret["whsec_".Length..]),
                Encoding.UTF8.GetBytes($"{asked.Headers["webhook-id"]}.{asked.Headers["webhook-timestamp"]}.{asked.Text}"));
            asked.Headers["webhook-signature"].ToString().ShouldBe("v1," + Convert.ToBase64String(signed));
        }

        var told = Types(service);
        string[] story = ["event.preview", "publish.started", "event.live", "event.ended", "recording.ready"];
        told.Where(story.Contains).ShouldBe(story);
        told.Count(t => t == "publish.stopped").ShouldBe(1);
        foreach (var asked in service.Asked.Where(a => a.Json.GetProperty("data").TryGetProperty("session", out var of)
            && of.ValueKind == JsonValueKind.String))
        {
            asked.Json.GetProperty("data").GetProperty("session").GetString().ShouldBe(session);
        }
    }

    private static List<string> Types(FakeAuthCallback service) => [.. service.Asked.Select(a => a.Json.GetProperty("type").GetString()!)];

    private static async Task<JsonElement> UntilAsync(HttpClient api, string id, string state)
    {
        JsonElement seen = default;
        await Poll.UntilAsync(
            async () => (seen = await api.GetFromJsonAsync<JsonElement>($"/api/v1/events/{id}")).GetProperty("state").GetString() == state,
            TimeSpan.FromSeconds(60), $"the event is {state}");
        return seen;
    }
}
