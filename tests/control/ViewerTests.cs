using System.Net;
using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Viewer access: channels' policies, tokens, signing keys, and their effect on a running server.</summary>
public sealed class ViewerTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Fact]
    public async Task Channel_with_token_access_denies_viewers_without_a_valid_token()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        (await server.SendAsync("POST", "/api/v1/channels", admin, new { name = "demo", access = "token" })).Body.GetProperty("channel")
            .GetProperty("access").GetString().ShouldBe("token");
        await server.SendAsync("POST", "/api/v1/channels", admin, new { name = "other", access = "token" });

        var (status, made, _) = await server.SendAsync("POST", "/api/v1/channels/demo/viewer-tokens", admin, new { label = "Jane" });
        var token = made.GetProperty("token").GetString()!;
        var id = made.GetProperty("info").GetProperty("id").GetString();

        status.ShouldBe(201);
        (await AskAsync(server, token)).DenialReason.ShouldBeNull("it counts once the answer is there");
        (await AskAsync(server, token)).CacheDuration.ShouldBe(ViewerAuthorizer.AllowedLifetime);
        (await AskAsync(server, null)).DenialReason.ShouldBe(ViewerDenialReason.NoToken);
        (await AskAsync(server, token, "other")).DenialReason.ShouldBe(ViewerDenialReason.InvalidToken);
        (await AskAsync(server, token, "nobody")).DenialReason.ShouldBe(ViewerDenialReason.NoChannel);
        made.GetProperty("urls").GetProperty("hls").GetString().ShouldBe($"{server.Address}/t/{token}/live/demo/index.m3u8");
        made.GetProperty("urls").GetProperty("watch").GetString().ShouldBe($"{server.Address}/watch/demo?token={token}");

        var listed = (await server.SendAsync("GET", "/api/v1/channels/demo/viewer-tokens", admin)).Body;
        (listed[0].GetProperty("id").GetString(), listed[0].GetProperty("label").GetString()).ShouldBe((id, "Jane"));
        listed.ToString().ShouldNotContain(token[^20..]);
        (await server.SendAsync("DELETE", $"/api/v1/channels/demo/viewer-tokens/{id}", admin)).Body.GetProperty("issuedByServer")
            .GetBoolean().ShouldBeTrue();
        (await AskAsync(server, token)).DenialReason.ShouldBe(ViewerDenialReason.Revoked);

        await server.SendAsync("PATCH", "/api/v1/channels/demo", admin, new { access = "public" });
        await Poll.UntilAsync(async () => (await AskAsync(server, null)).IsAllowed, description: "the channel is public");
        (await AskAsync(server, token)).IsAllowed.ShouldBeTrue("links go on when their channel becomes public");
    }

    [Fact]
    public async Task Revocation_by_another_process_applies_once_the_server_is_notified()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        await using var command = await postgres.OpenAsync(options);
        await new ChannelRepository(command, TimeProvider.System).CreateAsync("demo", new() { Access = "token" });
        var keys = new ViewerKeys(command, TimeProvider.System);
        var tokens = new ViewerTokens(command, keys, TimeProvider.System);
        var (first, second) = (await tokens.CreateAsync("demo"), await tokens.CreateAsync("demo"));
        var own = await keys.CreateAsync("demo", "shop");
        var signed = Sign(own, "jane");
        await Poll.UntilAsync(async () => (await AskAsync(server, signed)).IsAllowed, description: "its key is known");
        (await AskAsync(server, first.Token)).IsAllowed.ShouldBeTrue();

        (await tokens.RevokeAsync("demo", first.Info.Id)).ShouldBeTrue();
        (await tokens.RevokeAsync("demo", "jane")).ShouldBeFalse("nobody here made it");

        await Poll.UntilAsync(async () => (await AskAsync(server, first.Token)).DenialReason == ViewerDenialReason.Revoked,
            description: "a token of the server's");
        await Poll.UntilAsync(async () => (await AskAsync(server, signed)).DenialReason == ViewerDenialReason.Revoked,
            description: "a token of somebody else's");
        (await AskAsync(server, second.Token)).IsAllowed.ShouldBeTrue();
        (await AskAsync(server, Sign(own, "john"))).IsAllowed.ShouldBeTrue();
    }

    [Fact]
    public async Task Viewer_keys_are_rotated_by_creation_and_revocation_and_revocation_invalidates_their_tokens()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        await server.SendAsync("POST", "/api/v1/channels", admin, new { name = "demo", access = "token" });
        var servers = (await server.SendAsync("POST", "/api/v1/channels/demo/viewer-tokens", admin, new { })).Body.GetProperty("token")
            .GetString()!;
        var old = await KeyAsync();
        var next = await KeyAsync();
        (await AskAsync(server, Sign(old, "a"))).IsAllowed.ShouldBeTrue();
        (await AskAsync(server, Sign(next, "a"))).IsAllowed.ShouldBeTrue();

        (await server.SendAsync("DELETE", $"/api/v1/channels/demo/viewer-keys/{old.Key.Id}", admin)).Status.ShouldBe(204);
        (await AskAsync(server, Sign(old, "a"))).DenialReason.ShouldBe(ViewerDenialReason.InvalidToken);
        (await AskAsync(server, Sign(next, "a"))).IsAllowed.ShouldBeTrue();
        (await AskAsync(server, servers)).IsAllowed.ShouldBeTrue();

        var listed = (await server.SendAsync("GET", "/api/v1/channels/demo/viewer-keys", admin)).Body;
        listed.ToString().ShouldNotContain(next.Secret);
        var serverKey = listed.EnumerateArray().Single(k => k.GetProperty("serverManaged").GetBoolean()).GetProperty("id").GetString();
        await server.SendAsync("DELETE", $"/api/v1/channels/demo/viewer-keys/{serverKey}", admin);
        (await AskAsync(server, servers)).DenialReason.ShouldBe(ViewerDenialReason.InvalidToken);
        var again = (await server.SendAsync("POST", "/api/v1/channels/demo/viewer-tokens", admin, new { })).Body.GetProperty("token")
            .GetString()!;
        (await AskAsync(server, again)).IsAllowed.ShouldBeTrue("the server made itself another key");

        async Task<IssuedViewerKey> KeyAsync()
        {
            var (_, body, _) = await server.SendAsync("POST", "/api/v1/channels/demo/viewer-keys", admin, new { label = "shop" });
            var key = new IssuedViewerKey(new(body.GetProperty("key").GetProperty("id").GetString()!, "demo", "shop", false, default, null),
                body.GetProperty("secret").GetString()!);
            key.ToString().ShouldNotContain(key.Secret);
            return key;
        }
    }

    [Fact]
    public async Task Known_viewer_policy_applies_during_a_database_outage()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new() { Access = "token" });
        var token = (await server.Get<ViewerTokens>().CreateAsync("demo", network: "203.0.113.0/24")).Token;
        var home = IPAddress.Parse("203.0.113.9");
        await Poll.UntilAsync(async () => (await AskAsync(server, token, at: home)).IsAllowed, description: "the key is known");

        await server.Get<ServerDatabase>().DisposeAsync();

        (await AskAsync(server, token, at: home)).IsAllowed.ShouldBeTrue();
        (await AskAsync(server, token)).DenialReason.ShouldBe(ViewerDenialReason.AddressMismatch);
        (await AskAsync(server, null)).DenialReason.ShouldBe(ViewerDenialReason.NoToken);
    }

    [Fact]
    public async Task Viewers_are_denied_until_the_policy_is_loaded()
    {
        using var register = new ViewerPolicyCache(TimeProvider.System);
        var verdict = await new ViewerAuthorizer(register, null!, TimeProvider.System).AuthorizeAsync(new(Demo, null, null), default);
        (verdict.DenialReason, verdict.CacheDuration).ShouldBe((ViewerDenialReason.Unavailable, TimeSpan.Zero));
    }

    [Fact]
    public async Task Notified_change_reads_only_the_policies_of_its_channel()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, TimeProvider.System);
        await channels.CreateAsync("demo", new());
        await channels.CreateAsync("other", new());
        using var register = new ViewerPolicyCache(TimeProvider.System);
        await using var connection = await database.Source.OpenConnectionAsync();
        await register.RefreshAsync(connection, default);
        var before = register.Find(ChannelName.Parse("other"));
        await channels.SetAsync("demo", new() { Access = "token" });
        await channels.SetAsync("other", new() { Access = "token" });

        await register.RefreshAsync(connection, [new("channels", await IdAsync("demo"))], default);
        register.Find(Demo)!.AccessOf(null, null).ShouldBe(ViewerAccess.Token);
        register.Find(ChannelName.Parse("other")).ShouldBeSameAs(before);

        var key = await new ViewerKeys(database, TimeProvider.System).CreateAsync("other");
        await register.RefreshAsync(connection, [new("viewer_keys", key.Key.Id)], default);
        register.Find(ChannelName.Parse("other"))!.Keys.Keys.ShouldContain(key.Key.Id);

        var id = await IdAsync("demo");
        await channels.DeleteAsync("demo");
        await register.RefreshAsync(connection, [new("channels", id)], default);
        register.Find(Demo).ShouldBeNull();
        register.Find(ChannelName.Parse("other")).ShouldNotBeNull();

        async Task<string> IdAsync(string name)
        {
            await using var command = database.Source.CreateCommand($"SELECT id::text FROM channels WHERE name = '{name}'");
            return (string)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task Viewer_decision_is_not_cached_beyond_the_expiry_of_its_token()
    {
        await using var database = await postgres.OpenFreshAsync();
        var clock = new ManualTimeProvider();
        await new ChannelRepository(database, clock).CreateAsync("demo", new() { Access = "token" });
        var tokens = new ViewerTokens(database, new ViewerKeys(database, clock), clock);
        var token = (await tokens.CreateAsync("demo", clock.GetUtcNow().AddSeconds(60))).Token;
        using var register = new ViewerPolicyCache(clock);
        await using (var connection = await database.Source.OpenConnectionAsync())
        {
            await register.RefreshAsync(connection, default);
        }

        var authority = new ViewerAuthorizer(register, null!, clock);
        (await authority.AuthorizeAsync(new(Demo, token, null), default)).ShouldBe(new(null, TimeSpan.FromSeconds(5)));
        clock.Advance(TimeSpan.FromSeconds(57));
        var late = await authority.AuthorizeAsync(new(Demo, token, null), default);
        late.IsAllowed.ShouldBeTrue();
        late.CacheDuration.ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(3));
        clock.Advance(TimeSpan.FromSeconds(4));
        (await authority.AuthorizeAsync(new(Demo, token, null), default)).DenialReason.ShouldBe(ViewerDenialReason.Expired);

        clock.Advance(TimeSpan.FromDays(8));
        await tokens.CreateAsync("demo");
        (await tokens.ListAsync("demo")).Count.ShouldBe(1, "what expired a week ago is forgotten");
    }

    [Fact]
    public async Task Documented_shell_commands_create_a_valid_viewer_token()
    {
        var text = await File.ReadAllTextAsync(Repository.PathOf("docs", "authorization.md"));
        var lines = text[text.IndexOf("# KEY and SECRET", StringComparison.Ordinal)..];
        lines = lines[..lines.IndexOf("```", StringComparison.Ordinal)];
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("concert", new() { Access = "token" });
        var key = await server.Get<ViewerKeys>().CreateAsync("concert", "shop");

        var run = await ChildProcess.RunAsync("/bin/sh", ["-c", lines],
            environment: new Dictionary<string, string?> { ["KEY"] = key.Key.Id, ["SECRET"] = key.Secret });

        var address = new Uri(run.EnsureSuccess().Output.Trim());
        address.AbsolutePath.ShouldEndWith("/live/concert/index.m3u8");
        await Poll.UntilAsync(async () => (await AskAsync(server, address.Segments[2].Trim('/'), "concert")).IsAllowed,
            description: "the server knows the key");
    }

    [Theory]
    [InlineData("""{"expiresAt":"2001-01-01T00:00:00Z","network":"home","label":"\u0007","note":1}""", "expiresAt,label,network,note")]
    [InlineData("""{"expiresAt":"2999-01-01T00:00:00Z","network":"203.0.113.0/25"}""", "expiresAt,network")]
    public async Task Every_invalid_member_of_a_viewer_token_request_is_listed(string json, string members)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        using var body = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        var (status, problem, _) = await server.SendAsync("POST", "/api/v1/channels/demo/viewer-tokens",
            await server.TokenAsync(TokenRole.Producer), body);
        status.ShouldBe(400);
        string.Join(',', problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal))
            .ShouldBe(members);
    }

    [Fact]
    public async Task Unknown_access_policy_is_rejected_with_the_valid_values()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (status, problem, _) = await server.SendAsync("POST", "/api/v1/channels", await server.TokenAsync(TokenRole.Admin),
            new { name = "demo", access = "friends" });
        status.ShouldBe(400);
        problem.GetProperty("errors").GetProperty("access")[0].GetString()!.ShouldContain("public, token");
    }

    [Fact]
    public async Task Webhook_access_policy_requires_a_configured_callback()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        await using var without = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await using var server = await Server.StartAsync(
            (await postgres.FreshAsync()).ConnectionString,
            settings: [("Authorization:ViewerUrl", webhook.Address), ("Authorization:Secret", "a-secret-of-the-webhook-32-chars")]);
        var refused = await without.SendAsync("POST", "/api/v1/channels", await without.TokenAsync(TokenRole.Admin),
            new { name = "demo", access = "webhook" });
        refused.Body.GetProperty("errors").GetProperty("access")[0].GetString()!.ShouldContain("Authorization:ViewerUrl");
        (await without.SendAsync("GET", "/api/v1/system", await without.TokenAsync(TokenRole.Viewer))).Body.GetProperty("accesses")
            .GetArrayLength().ShouldBe(2);

        (await server.SendAsync("POST", "/api/v1/channels", await server.TokenAsync(TokenRole.Admin),
            new { name = "demo", access = "webhook" })).Status.ShouldBe(201);
        webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        await Poll.UntilAsync(async () => (await AskAsync(server, "ticket")).IsAllowed,
            description: "the channel is known, and the webhook says yes");
        webhook.Answer = FakeAuthCallback.Says("", 403);
        (await AskAsync(server, "another")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
    }

    private static ValueTask<ViewerDecision> AskAsync(Server server, string? token, string channel = "demo", IPAddress? at = null) =>
        server.Get<IViewerAuthorizer>().AuthorizeAsync(new(ChannelName.Parse(channel), token, at), default);

    private static string Sign(IssuedViewerKey key, string id) =>
        ViewerToken.Sign(key.Key.Id, ViewerKeys.GetBytes(key.Secret), Demo, TimeProvider.System.GetUtcNow().AddHours(1), id, null);
}
