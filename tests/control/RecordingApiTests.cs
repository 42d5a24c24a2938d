using System.Text;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class RecordingApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Recording_API_lists_clips_changes_and_deletes_a_recording()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, media: new SaidMedia());
        var admin = await server.TokenAsync(TokenRole.Admin);
        var (_, made, _) = await server.SendAsync("POST", "/api/v1/channels", admin,
            new { name = "demo", title = "Demo", retention = "30d" });
        (made.GetProperty("channel").GetProperty("record").GetBoolean(),
            made.GetProperty("channel").GetProperty("retention").GetString()).ShouldBe((true, "30d"));
        var session = ((PublishDecision.Granted)await server.AskAsync(made.GetProperty("streamKey").GetString()!)).Grant.Session;
        await server.Get<SessionWriter>().FlushAsync(default);

        var (_, list, _) = await server.SendAsync("GET", "/api/v1/recordings?channel=demo&kind=session&visibility=public&limit=1", admin);
        var recording = list.EnumerateArray().Single();
        var id = recording.GetProperty("id").GetString()!;
        (id, recording.GetProperty("state").GetString(),
            recording.GetProperty("title").GetString()).ShouldBe((session.Id.Value, "recording", "Demo"));
        recording.GetProperty("durationSeconds").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        recording.GetProperty("urls").EnumerateObject().Select(a => a.Value.GetString()).ShouldBe(
            new[] { "index.m3u8", "manifest.mpd", "download.mp4", "poster.jpg",
                "thumbnails.vtt" }.Select(f => $"{server.Address}/vod/{id}/{f}"));

        var started = session.StartedAt;
        await Poll.UntilAsync(() => TimeProvider.System.GetUtcNow() > started.AddSeconds(1.5));
        var (status, clip, response) = await server.SendAsync("POST", $"/api/v1/recordings/{id}/clips", admin,
            new { start = 0.25, end = "0:01.25", title = "Clip" });
        status.ShouldBe(201);
        response.Headers.Location!.ToString().ShouldBe($"/api/v1/recordings/{clip.GetProperty("id").GetString()}");
        (clip.GetProperty("state").GetString(), clip.GetProperty("durationSeconds").GetDouble()).ShouldBe(("ready", 1.0));
        clip.GetProperty("startsAt").GetDateTimeOffset().ShouldBe(started.AddSeconds(0.25));
        (await server.Get<IRecordingCatalog>().FindAsync(RecordingId.Parse(clip.GetProperty("id").GetString()!), default)).ShouldNotBeNull(
            "it can be played when the answer is there");
        (await server.SendAsync("POST", "/api/v1/channels/demo/clips", admin, new { start = -1.25 })).Status.ShouldBe(201);

        var (_, changed, _) = await server.SendAsync("PATCH", $"/api/v1/recordings/{id}", admin,
            new { title = "Kept", visibility = "private", retention = "forever", start = 0.5 });
        (changed.GetProperty("title").GetString(), changed.GetProperty("retention").GetString(),
            changed.GetProperty("startsAt").GetDateTimeOffset()).ShouldBe(("Kept", "forever", started.AddSeconds(0.5)));
        (await server.Get<IRecordingCatalog>().FindAsync(RecordingId.Parse(id), default)).ShouldBeNull();

        (await server.SendAsync("POST", "/api/v1/channels/demo/end", admin)).Status.ShouldBe(200);
        var (_, plan, _) = await server.SendAsync("DELETE", $"/api/v1/recordings/{id}?dryRun=true&clips=true", admin);
        plan.GetProperty("recordings").GetArrayLength().ShouldBe(3);
        (plan.GetProperty("deletesMedia").GetBoolean(), plan.GetProperty("objects").GetInt64(),
            plan.GetProperty("bytes").GetInt64()).ShouldBe((true, 12, 3456));
        (await server.SendAsync("GET", "/api/v1/channels/demo/recordings", admin)).Body.GetArrayLength().ShouldBe(3);

        (await server.SendAsync("DELETE", $"/api/v1/recordings/{id}?clips=true", admin)).Status.ShouldBe(204);
        (await server.SendAsync("GET", $"/api/v1/recordings/{id}", admin)).Status.ShouldBe(404);
        await Poll.UntilAsync(() => server.Lifecycle.Forgotten.Contains(session.Id));
    }

    [Fact]
    public async Task Shorter_retention_of_existing_recordings_needs_an_admin_or_the_scope_and_a_confirmation()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new() { Retention = "30d" })).Key.StreamKey;
        var session = ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session.Id;
        await server.Get<SessionWriter>().FlushAsync(default);
        var tokens = server.Get<TokenRepository>();
        var scoped = await tokens.CreateAsync(TokenRole.Producer, limits: new(Scopes: ["channels:write"]));
        var producer = await tokens.CreateAsync(TokenRole.Producer, limits: new(Scopes: ["channels:write", "recordings:write"]));
        var scopedAdmin = await tokens.CreateAsync(TokenRole.Admin, limits: new(Scopes: ["channels:write"]));
        var admin = await server.TokenAsync(TokenRole.Admin);
        const string Channel = "/api/v1/channels/demo";
        var recording = $"/api/v1/recordings/{session}";

        await AnswersAsync(scoped.Token, Channel, new { retention = "1h", expireRecordings = true }, 403, "recordings:write");
        await AnswersAsync(scopedAdmin.Token, Channel, new { retention = "1h", expireRecordings = true }, 403, "recordings:write");
        await AnswersAsync(producer.Token, Channel, new { retention = "1h" }, 409, "1 existing recording expires earlier");
        await AnswersAsync(producer.Token, recording, new { retention = "1h" }, 409, "\"expireRecordings\": true");
        (await server.SendAsync("PATCH", Channel, producer.Token, new { retention = "1h" })).Body.GetProperty("needs").GetString()
            .ShouldBe("expireRecordings");
        await AnswersAsync(scoped.Token, Channel, new { retention = "forever", title = "Longer" }, 200);
        await AnswersAsync(producer.Token, recording, new { retention = "30d", expireRecordings = true }, 200);
        await AnswersAsync(producer.Token, recording, new { retention = "forever" }, 200);
        await AnswersAsync(producer.Token, Channel, new { retention = "2h" }, 200, null, "the recording has its own retention");
        await AnswersAsync(admin, recording, new { retention = "channel" }, 200);
        await AnswersAsync(admin, Channel, new { retention = "1h" }, 200);

        var change = (await server.Get<AuditLog>().ListAsync(new(Action: "channel.change")))[0];
        (change.Actor.Kind, change.Detail["retention"], change.Detail["expiringRecordings"]).ShouldBe((ActorKind.Token, "1h", "1"));

        async Task AnswersAsync(string token, string path, object body, int expected, string? message = null, string? because = null)
        {
            var (status, answer, _) = await server.SendAsync("PATCH", path, token, body);
            status.ShouldBe(expected, because ?? answer.ToString());
            if (message is not null)
            {
                answer.GetProperty("detail").GetString()!.ShouldContain(message);
            }
        }
    }

    [Fact]
    public async Task Access_change_of_an_ended_session_applies_at_once_to_its_recording_and_clips()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var producer = await server.TokenAsync(TokenRole.Producer);
        var demo = ChannelName.Parse("demo");
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
        var session = ((PublishDecision.Granted)await server.AskAsync(key)).Grant.Session;
        await server.Get<SessionWriter>().FlushAsync(default);
        await Poll.UntilAsync(() => TimeProvider.System.GetUtcNow() > session.StartedAt.AddSeconds(1.5));
        var clip = (await server.SendAsync("POST", $"/api/v1/recordings/{session.Id}/clips", producer, new { start = 0, end = 1 })).Body
            .GetProperty("id").GetString()!;
        var onAir = await server.SendAsync("PATCH", $"/api/v1/recordings/{session.Id}", producer, new { access = "token" });
        (onAir.Status, onAir.Body.GetRawText().Contains("is live", StringComparison.Ordinal)).ShouldBe((409, true));
        (await server.SendAsync("POST", "/api/v1/channels/demo/end", producer)).Status.ShouldBe(200);
        await server.Get<SessionWriter>().FlushAsync(default);
        (await server.SendAsync("GET", $"/api/v1/recordings/{clip}", producer)).Body.GetProperty("access").GetString().ShouldBe("channel");
        foreach (var wrong in (string[])["friends", "webhook"])
        {
            (await server.SendAsync("PATCH", $"/api/v1/recordings/{clip}", producer, new { access = wrong })).Status.ShouldBe(400, wrong);
        }

        (await server.SendAsync("PATCH", $"/api/v1/recordings/{clip}", producer,
            new { access = "channel", title = "As it was read" })).Status.ShouldBe(200, "it is what it has");

        var (status, changed, _) = await server.SendAsync("PATCH", $"/api/v1/recordings/{clip}", producer, new { access = "token" });

        (status, changed.GetProperty("access").GetString()).ShouldBe((200, "token"));
        (await server.SendAsync("GET", $"/api/v1/recordings/{session.Id}", producer)).Body.GetProperty("access").GetString()
            .ShouldBe("token", "their media are the same");
        (await server.SendAsync("PATCH", $"/api/v1/recordings/{clip}", producer, new { access = "channel" })).Status
            .ShouldBe(400, "it has its own");
        var authority = server.Get<IViewerAuthorizer>();
        (authority.AccessOf(demo, session.Id), authority.AccessOf(demo)).ShouldBe((ViewerAccess.Token, ViewerAccess.Public));
        foreach (var id in (string[])[session.Id.Value, clip])
        {
            (await server.Get<IRecordingCatalog>().FindAsync(RecordingId.Parse(id), default))!.Access.ShouldBe(ViewerAccess.Token);
        }

        (await authority.AuthorizeAsync(new(demo, null, null) { Session = session.Id }, default)).DenialReason
            .ShouldBe(ViewerDenialReason.NoToken);
        (await server.SendAsync("PATCH", $"/api/v1/recordings/{session.Id}", producer, new { access = "public" })).Status.ShouldBe(200);
        (await authority.AuthorizeAsync(new(demo, null, null) { Session = session.Id, StoredAccess = ViewerAccess.Token },
            default)).IsAllowed.ShouldBeTrue("what was noted when it began does not count any more");
        (await server.SendAsync("GET", "/api/v1/audit?action=recording.change", await server.TokenAsync(TokenRole.Admin))).Body.GetRawText()
            .ShouldContain("access");
    }

    [Theory]
    [InlineData("q=final", "Grand FINAL")]
    [InlineData("q=SPORT", "Grand FINAL,50% off_")]
    [InlineData("q=50%25", "50% off_")]
    [InlineData("q=%25", "50% off_")]
    [InlineData("q=_", "50% off_")]
    [InlineData("q=%5C", "")]
    [InlineData("q=%20%20", "Grand FINAL,50% off_,Evening")]
    [InlineData("q=nothing", "")]
    [InlineData("q=final&channel=news", "")]
    [InlineData("from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z", "")]
    [InlineData("from=2001-01-01T00:00:00Z&q=evening", "Evening")]
    [InlineData("to=2001-01-01T00:00:00Z", "")]
    public async Task Recordings_are_searched_by_title_channel_and_start(string query, string found)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var viewer = await server.TokenAsync(TokenRole.Viewer);
        foreach (var (channel, title, name) in ((string, string, string)[])[("news", "News", "Evening"),
            ("sport", "Sports of the day", "50% off_"), ("sport-2", "More", "Grand FINAL")])
        {
            var made = await server.Get<ChannelRepository>().CreateAsync(channel, new(Title: title));
            var session = ((PublishDecision.Granted)await server.AskAsync(made.Key.StreamKey)).Grant.Session.Id;
            await server.Get<SessionWriter>().FlushAsync(default);
            await server.Get<RecordingRepository>().SetAsync(session.Value, new(Title: name));
        }

        var (status, list, _) = await server.SendAsync("GET", $"/api/v1/recordings?{query}", viewer);

        status.ShouldBe(200);
        string.Join(',', list.EnumerateArray().Select(r => r.GetProperty("title").GetString())).ShouldBe(found);
    }

    [Fact]
    public async Task Storage_usage_is_returned_per_recording_and_in_total()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, media: new SaidMedia());
        var viewer = await server.TokenAsync(TokenRole.Viewer);
        var made = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        await server.AskAsync(made.Key.StreamKey);
        await server.Get<SessionWriter>().FlushAsync(default);

        (await server.SendAsync("GET", "/api/v1/recordings", viewer)).Body[0].GetProperty("bytes")
            .ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null, "nobody asked");
        await Poll.UntilAsync(async () => (await server.SendAsync("GET", "/api/v1/recordings?sizes=true", viewer)).Body[0]
            .GetProperty("bytes") is { ValueKind: System.Text.Json.JsonValueKind.Number } bytes && bytes.GetInt64() == 3456);
        await Poll.UntilAsync(async () => (await server.SendAsync("GET", "/api/v1/recordings/usage", viewer)).Body.GetProperty("isComplete")
            .GetBoolean());
        var (_, usage, _) = await server.SendAsync("GET", "/api/v1/recordings/usage", viewer);
        (usage.GetProperty("sessions").GetInt32(), usage.GetProperty("counted").GetInt32(), usage.GetProperty("objects").GetInt64(),
            usage.GetProperty("bytes").GetInt64()).ShouldBe((1, 1, 12, 3456));
    }

    [Fact]
    public async Task Recordings_are_listed_without_sizes_during_a_store_outage()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            media: new SaidMedia { IsAway = true });
        var viewer = await server.TokenAsync(TokenRole.Viewer);
        var made = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        await server.AskAsync(made.Key.StreamKey);
        await server.Get<SessionWriter>().FlushAsync(default);

        (await server.SendAsync("GET", "/api/v1/recordings?sizes=true", viewer)).Body[0].GetProperty("bytes")
            .ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        var (_, usage, _) = await server.SendAsync("GET", "/api/v1/recordings/usage", viewer);
        (usage.GetProperty("sessions").GetInt32(), usage.GetProperty("counted").GetInt32(),
            usage.GetProperty("isComplete").GetBoolean()).ShouldBe((1, 0, false));
    }

    [Theory]
    [InlineData("PATCH", "", """{"title":7,"visibility":"secret","start":"soon","end":true,"retention":"1w","color":"red"}""",
        "color,end,retention,start,title,visibility")]
    [InlineData("POST", "/clips", """{"end":10}""", "start")]
    [InlineData("POST", "/clips", """{"start":"\ud800"}""", "start")]
    [InlineData("POST", "/clips", """{"start":1e300}""", "start")]
    [InlineData("POST", "/clips", """{"start":"2001-01-01T00:00:00Z","end":"9998-01-01T00:00:00Z"}""", "end,start")]
    [InlineData("DELETE", "?dryRun=yes&clips=1", null, "clips,dryRun")]
    public async Task Every_invalid_member_is_listed(string method, string path, string? json, string members)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var created = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var session = ((PublishDecision.Granted)await server.AskAsync(created.Key.StreamKey)).Grant.Session.Id;
        await server.Get<SessionWriter>().FlushAsync(default);

        var (status, problem, _) = await server.SendAsync(
            method, $"/api/v1/recordings/{session}{path}", await server.TokenAsync(TokenRole.Admin),
            json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"));

        status.ShouldBe(400);
        string.Join(',', problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal))
            .ShouldBe(members);
    }

    [Theory]
    [InlineData("kind=x&visibility=y&limit=z&before=1&session=2&q=%01&from=soon&to=2030&sizes=1", 400)]
    [InlineData("channel=nobody", 404)]
    [InlineData("channel=%00", 404)]
    public async Task Invalid_recording_filters_are_rejected(string query, int expected)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);

        var (status, problem, _) = await server.SendAsync("GET", $"/api/v1/recordings?{query}", await server.TokenAsync(TokenRole.Viewer));

        status.ShouldBe(expected);
        if (expected == 400)
        {
            problem.GetProperty("errors").EnumerateObject().Count().ShouldBe(9);
        }
    }

    [Fact]
    public async Task Deletion_plan_omits_object_counts_during_a_store_outage()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            media: new SaidMedia { IsAway = true });
        var created = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var session = ((PublishDecision.Granted)await server.AskAsync(created.Key.StreamKey)).Grant.Session.Id;
        await server.Get<SessionWriter>().FlushAsync(default);

        var (status, plan, _) = await server.SendAsync("DELETE", $"/api/v1/recordings/{session}?dryRun=true",
            await server.TokenAsync(TokenRole.Admin));

        (status, plan.GetProperty("deletesMedia").GetBoolean()).ShouldBe((200, true));
        plan.GetProperty("objects").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
    }
}
