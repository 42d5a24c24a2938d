using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Secrets;
using Broadcast.Control.Targets;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Targets over the API of a complete control module.</summary>
public sealed class TargetApiTests(PostgresFixture postgres)
{
    private const string Path = "/api/v1/channels/demo/targets";
    private const string Secret = "abcd-efgh-ijkl";
    private static readonly string Key = Convert.ToBase64String(new byte[32]);
    private readonly Dictionary<SessionId, PublishGrant> _grants = [];

    [Fact]
    public async Task Target_API_adds_shows_changes_switches_and_deletes_a_target_and_never_shows_its_stream_key()
    {
        await using var server = await StartAsync();
        var producer = await server.TokenAsync(TokenRole.Producer);

        var (status, added, response) = await server.SendAsync("POST", Path, producer,
            new { name = "My YouTube", url = "rtmps://a.rtmps.youtube.com:443/live2/", streamKey = Secret });
        status.ShouldBe(201);
        response.Headers.Location!.ToString().ShouldBe($"{Path}/My%20YouTube");
        Text(added, "url").ShouldBe("rtmps://a.rtmps.youtube.com/live2", "in its shortest form");
        (Text(added, "state"), Text(added, "reason"), Text(added, "rendition")).ShouldBe(("off", "The channel is not on air.", "source"));

        var (_, list, _) = await server.SendAsync("GET", Path, producer);
        list.GetArrayLength().ShouldBe(1);
        var (_, one, tagged) = await server.SendAsync("GET", $"{Path}/my%20youtube", producer);
        Text(one, "name").ShouldBe("My YouTube");

        (await server.SendAsync("PATCH", $"{Path}/My%20YouTube", producer, new { enabled = false })).Status.ShouldBe(200);
        (await server.SendAsync("PATCH", $"{Path}/My%20YouTube", producer, new { enabled = true }, ("If-Match", tagged.Headers.ETag!.Tag)))
            .Status.ShouldBe(412, "it is disabled since");
        var (_, changed, _) = await server.SendAsync("PATCH", $"{Path}/My%20YouTube", producer,
            new { name = "Other", url = "rtmp://example.org/app", streamKey = "next", rendition = "720p" });
        (Text(changed, "name"), Text(changed, "url"), Text(changed, "rendition"), Text(changed, "state"))
            .ShouldBe(("Other", "rtmp://example.org/app", "720p", "off"));
        Text(changed, "mode").ShouldBe("copy");
        var (_, steady, _) = await server.SendAsync("PATCH", $"{Path}/other", producer, new { mode = "steady" });
        Text(steady, "mode").ShouldBe("steady");

        (await server.SendAsync("DELETE", $"{Path}/other", producer)).Status.ShouldBe(204);
        (await server.SendAsync("GET", $"{Path}/other", producer)).Status.ShouldBe(404);
        (await server.SendAsync("DELETE", $"{Path}/other", producer)).Status.ShouldBe(404);
        await using var connection = await server.Get<ServerDatabase>().Source.OpenConnectionAsync();
        var audit = string.Join('\n', await connection.QueryAsync<string>(
            "SELECT action || ' ' || subject || ' ' || detail FROM audit_log"));
        audit.ShouldContain("target.create target/demo/My YouTube");
        audit.ShouldContain("target.delete target/demo/Other");
        new[] { audit, added.GetRawText(), list.GetRawText(), one.GetRawText(), changed.GetRawText() }
            .ShouldAllBe(text => !text.Contains(Secret, StringComparison.Ordinal) && !text.Contains("next\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{}""", "name", "url", "streamKey")]
    [InlineData("""{"name":"","url":"https://example.org/live","streamKey":"x"}""", "name", "url")]
    [InlineData("""{"name":" A","url":"rtmp://example.org","streamKey":"x"}""", "name", "url")]
    [InlineData("""{"name":"A/B","url":"rtmp://user:pass@example.org/live","streamKey":"x"}""", "name", "url")]
    [InlineData("""{"name":"A","url":"rtmp://10.1.2.3/live","streamKey":"x"}""", "url")]
    [InlineData("""{"name":"A","url":"rtmp://localhost/live","streamKey":"x"}""", "url")]
    [InlineData("""{"name":"A","url":"rtmp://[::1]/live","streamKey":"x"}""", "url")]
    [InlineData("""{"name":"A","url":"rtmp://example.org/live","streamKey":""}""", "streamKey")]
    [InlineData("""{"name":"A","url":"rtmp://example.org/live","streamKey":"a b"}""", "streamKey")]
    [InlineData("""{"name":"A","url":"rtmp://example.org/live","streamKey":"x","rendition":"../a"}""", "rendition")]
    [InlineData("""{"name":"A","url":"rtmp://example.org/live","streamKey":"x","mode":"fast"}""", "mode")]
    [InlineData("""{"name":"A","url":"rtmp://example.org/live","streamKey":"x","mode":"steady","rendition":"720p"}""", "rendition")]
    public async Task Invalid_target_is_rejected_with_all_errors(string body, params string[] members)
    {
        await using var server = await StartAsync();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        var (status, problem, _) = await server.SendAsync("POST", Path, await server.TokenAsync(TokenRole.Producer), content);
        status.ShouldBe(400);
        problem.GetProperty("errors").EnumerateObject().Select(error => error.Name).ShouldBe(members, ignoreOrder: true);
    }

    [Fact]
    public async Task Changed_address_requires_the_stream_key_so_that_nobody_can_read_it()
    {
        await using var server = await StartAsync();
        var producer = await server.TokenAsync(TokenRole.Producer);
        await server.Get<TargetRepository>().AddAsync("demo", new("A", "rtmps://example.org/live", Secret));

        var (status, problem, _) = await server.SendAsync("PATCH", $"{Path}/A", producer, new { url = "rtmp://attacker.example.net/live" });
        (status, problem.GetProperty("errors").EnumerateObject().Single().Name).ShouldBe((400, "streamKey"));
        (status, _, _) = await server.SendAsync("PATCH", $"{Path}/A", producer,
            new { url = "rtmp://example.org/" + string.Concat(Enumerable.Repeat("中", 200)), streamKey = "x" });
        status.ShouldBe(400, "its escaped form is too long");

        await ExecuteAsync(server, "UPDATE targets SET url = 'rtmp://attacker.example.net/live'");
        (await server.SendAsync("POST", $"{Path}/A/test", producer)).Status.ShouldBe(503, "nor in the database");
    }

    [Fact]
    public async Task Number_of_targets_is_limited_and_names_are_unique()
    {
        await using var server = await StartAsync();
        var producer = await server.TokenAsync(TokenRole.Producer);
        var repository = server.Get<TargetRepository>();
        for (var i = 0; i < TargetRules.MaxPerChannel; i++)
        {
            await repository.AddAsync("demo", new($"T{i}", "rtmp://example.org/live", "x"));
        }

        (await server.SendAsync("POST", Path, producer, new { name = "More", url = "rtmp://example.org/live", streamKey = "x" }))
            .Status.ShouldBe(409);
        await repository.DeleteAsync("demo", "T0");
        (await server.SendAsync("POST", Path, producer, new { name = "t1", url = "rtmp://example.org/live", streamKey = "x" }))
            .Status.ShouldBe(409);
        (await server.SendAsync("PATCH", $"{Path}/T2", producer, new { name = "t1" })).Status.ShouldBe(409);
        (await server.SendAsync("PATCH", $"{Path}/T2", producer, new { name = "t2" })).Status.ShouldBe(200);
        (await server.SendAsync("POST", Path, producer,
            new { name = "More", url = "rtmp://example.org/live", streamKey = "x", eventId = "01KAS2M8Y1N4P7R0S3T6V9W2XZ" }))
            .Status.ShouldBe(404);
    }

    [Fact]
    public async Task Roles_and_scopes_decide_who_manages_targets()
    {
        await using var server = await StartAsync();
        (await server.SendAsync("GET", Path, await server.TokenAsync(TokenRole.Moderator))).Status.ShouldBe(403);
        (await server.SendAsync("GET", Path)).Status.ShouldBe(401);
        var scoped = (await server.Get<TokenRepository>().CreateAsync(TokenRole.Producer, limits: new(Scopes: ["targets:read"]))).Token;
        (await server.SendAsync("GET", Path, scoped)).Status.ShouldBe(200);
        (await server.SendAsync("DELETE", $"{Path}/A", scoped)).Status.ShouldBe(403);
        var (_, presets, _) = await server.SendAsync("GET", "/api/v1/target-presets", scoped);
        presets.EnumerateArray().Select(preset => Text(preset, "id")).ShouldContain("youtube");
        TargetPresets.All.Where(preset => preset.Url.Length > 0)
            .ShouldAllBe(preset => TargetRules.Validate(new(preset.Name, preset.Url, "x", null, null, null), true, null).Any() == false);
    }

    [Fact]
    public async Task Test_connects_with_the_stream_key_unless_the_target_is_connected()
    {
        var legs = new FakeLegs();
        await using var server = await StartAsync(legs);
        var producer = await server.TokenAsync(TokenRole.Producer);
        await server.Get<TargetRepository>().AddAsync("demo", new("A", "rtmps://example.org/live", Secret));

        var (_, result, _) = await server.SendAsync("POST", $"{Path}/A/test", producer);
        (result.GetProperty("accepted").GetBoolean(), result.GetProperty("seconds").GetDouble()).ShouldBe((true, 0.5));
        legs.Tested.ShouldHaveSingleItem().StreamKey.ShouldBe(Secret);
        legs.TestFailure = "The platform rejects the stream key.";
        (_, result, _) = await server.SendAsync("POST", $"{Path}/A/test", producer);
        (result.GetProperty("accepted").GetBoolean(), Text(result, "reason")).ShouldBe((false, legs.TestFailure));

        (await server.AskAsync(server.StreamKey)).ShouldBeOfType<PublishDecision.Granted>();
        await Poll.UntilAsync(() => legs.Targets.Any());
        legs.Set(TargetState.Live);
        await Poll.UntilAsync(async () => (await server.Get<TargetRepository>().GetAsync("demo", "A")).Status.State == TargetState.Live);
        (await server.SendAsync("POST", $"{Path}/A/test", producer)).Status.ShouldBe(409);
        var (_, live, _) = await server.SendAsync("GET", $"{Path}/A", producer);
        (Text(live, "state"), live.GetProperty("bitsPerSecond").GetInt64()).ShouldBe(("live", 1000));

        // Switched off and on while live.
        await server.SendAsync("PATCH", $"{Path}/A", producer, new { enabled = false });
        await Poll.UntilAsync(() => !legs.Targets.Any());
        await server.SendAsync("PATCH", $"{Path}/A", producer, new { enabled = true });
        await Poll.UntilAsync(() => legs.Targets.Any());
    }

    [Fact]
    public async Task Target_that_leads_to_its_own_channel_is_rejected()
    {
        await using var server = await StartAsync();
        var session = (await server.AskAsync(server.StreamKey)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session.Id;
        var backup = (await server.Get<StreamKeys>().CreateAsync("demo", StreamKeyRole.Backup)).StreamKey;
        var other = (await server.Get<ChannelRepository>().CreateAsync("other", new())).Key.StreamKey;
        var authorizer = server.Get<IPublishAuthorizer>();

        (await authorizer.AuthorizeAsync(new(backup, null, TargetAgent.Format(session)), default))
            .ShouldBeOfType<PublishDecision.Rejected>().Message.ShouldContain("publish the channel to itself");
        (await authorizer.AuthorizeAsync(new(other, null, TargetAgent.Format(session)), default)).ShouldBeOfType<PublishDecision.Granted>();
        (await authorizer.AuthorizeAsync(new(backup, null, TargetAgent.Format(SessionId.New(session.CreatedAt))), default))
            .ShouldBeOfType<PublishDecision.Granted>("the session is not of this channel");
    }

    [Fact]
    public async Task Chain_of_targets_that_leads_back_to_its_first_channel_is_rejected()
    {
        var legs = new FakeLegs();
        await using var server = await StartAsync(legs);
        var (second, third) = (await AddAsync("second"), await AddAsync("third"));
        await server.Get<TargetRepository>().AddAsync("third", new("Back", "rtmps://example.org/live", Secret));
        var first = Granted(await AskAsync(server.StreamKey, "ffmpeg"));

        // Another server is between the second and the third channel.
        var elsewhere = SessionId.New(DateTimeOffset.UnixEpoch.AddYears(60));
        var middle = Granted(await AskAsync(second, TargetAgent.Format(first)));
        var last = Granted(await AskAsync(third, TargetAgent.Format(elsewhere, [middle])));

        await Poll.UntilAsync(() => legs.Targets.Any());
        legs.Targets.Single().Upstream.ShouldBe([elsewhere, middle, first]);
        var backup = (await server.Get<StreamKeys>().CreateAsync("demo", StreamKeyRole.Backup)).StreamKey;
        foreach (var agent in new[]
        {
            TargetAgent.Format(last, legs.Targets.Single().Upstream), TargetAgent.Format(last), TargetAgent.Format(elsewhere, [middle]),
        })
        {
            (await AskAsync(backup, agent)).ShouldBeOfType<PublishDecision.Rejected>().Message.ShouldContain("through other channels");
        }

        // A path that is cut is no loop.
        await server.Get<IPublishAuthorizer>().ReportEndAsync(_grants[middle], "test", default);
        Granted(await AskAsync(backup, TargetAgent.Format(last)));

        async Task<string> AddAsync(string name) => (await server.Get<ChannelRepository>().CreateAsync(name, new())).Key.StreamKey;

        async Task<PublishDecision> AskAsync(string key, string agent) =>
            await server.Get<IPublishAuthorizer>().AuthorizeAsync(new(key, null, agent), default);
    }

    [Fact]
    public async Task Media_that_have_passed_through_too_many_channels_are_rejected()
    {
        await using var server = await StartAsync();
        var sessions = Enumerable.Range(0, TargetAgent.MaxSessions)
            .Select(i => SessionId.New(DateTimeOffset.UnixEpoch.AddYears(60).AddSeconds(i))).ToList();
        TargetAgent.Format(sessions[0], sessions).Length.ShouldBeLessThanOrEqualTo(PublishRequest.MaxEncoder);

        (await AskAsync(sessions.Count)).ShouldBeOfType<PublishDecision.Rejected>().Message.ShouldContain("passed through 8 channels");
        (await AskAsync(sessions.Count - 1)).ShouldBeOfType<PublishDecision.Granted>();

        async Task<PublishDecision> AskAsync(int count) => await server.Get<IPublishAuthorizer>()
            .AuthorizeAsync(new(server.StreamKey, null, TargetAgent.Format(sessions[0], sessions[1..count])), default);
    }

    private SessionId Granted(PublishDecision decision)
    {
        var grant = decision.ShouldBeOfType<PublishDecision.Granted>().Grant;
        _grants[grant.Session.Id] = grant;
        return grant.Session.Id;
    }

    [Fact]
    public async Task Rotation_encrypts_all_stream_keys_with_the_new_key()
    {
        await using var server = await StartAsync();
        var repository = server.Get<TargetRepository>();
        await repository.AddAsync("demo", new("A", "rtmps://example.org/live", Secret));
        await repository.AddAsync("demo", new("B", "rtmps://example.org/live", Secret));
        await ExecuteAsync(server, "UPDATE targets SET stream_key = decode(repeat('01', 40), 'hex') WHERE name = 'B'");
        var next = Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray());

        var rotating = new TargetRepository(server.Get<ServerDatabase>(),
            new SecretProtector(new DataFolder("/nonexistent"), () => [next, Key]), TimeProvider.System);
        var (encrypted, unreadable) = await rotating.RotateAsync();

        encrypted.ShouldBe(1);
        unreadable.ShouldBe(["demo/B"], "it cannot be decrypted, and stays");
        var after = new TargetRepository(server.Get<ServerDatabase>(), new SecretProtector(new DataFolder("/nonexistent"), () => [next]),
            TimeProvider.System);
        (await after.GetWithKeyAsync("demo", "A", default)).StreamKey.ShouldBe(Secret);
        await Should.ThrowAsync<OperationException>(repository.GetWithKeyAsync("demo", "A", default));
    }

    private static string? Text(JsonElement element, string member) => element.GetProperty(member).GetString();

    private async Task<TargetServer> StartAsync(FakeLegs? legs = null)
    {
        var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, legs: legs,
            settings: ("Control:SecretKeys", Key));
        return new(server, (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey);
    }

    private sealed record TargetServer(Server Inner, string StreamKey) : IAsyncDisposable
    {
        public static implicit operator Server(TargetServer server) => server.Inner;

        public T Get<T>()
            where T : notnull => Inner.Get<T>();

        public Task<string> TokenAsync(TokenRole role) => Inner.TokenAsync(role);

        public ValueTask<PublishDecision> AskAsync(string key) => Inner.AskAsync(key);

        public Task<(int Status, JsonElement Body, HttpResponseMessage Response)> SendAsync(string method, string path,
            string? token = null, object? body = null, params (string Name, string? Value)[] headers) =>
            Inner.SendAsync(method, path, token, body, headers);

        public ValueTask DisposeAsync() => Inner.DisposeAsync();
    }
}
