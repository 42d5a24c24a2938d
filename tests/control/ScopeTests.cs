using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class ScopeTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("GET", "/api/v1/channels", "channels:read")]
    [InlineData("GET", "api/v1/channels/", "channels:read")]
    [InlineData("PATCH", "/api/v1/channels/{name}", "channels:write")]
    [InlineData("PUT", "/api/v1/channels/{name}/slate", "channels:write")]
    [InlineData("POST", "/api/v1/channels/{name}/keys/rotate", "keys:write")]
    [InlineData("GET", "/api/v1/channels/{name}/viewer-tokens", "viewers:read")]
    [InlineData("POST", "/api/v1/channels/{name}/clips", "recordings:write")]
    [InlineData("DELETE", "/api/v1/recordings/{id}", "recordings:write")]
    [InlineData("GET", "/api/v1/users", "users:read")]
    [InlineData("GET", "/api/v1/stream", "channels:read")]
    [InlineData("GET", "/api/v1/channels/{name}/stream", "channels:read")]
    [InlineData("GET", "/api/v1/me", null)]
    [InlineData("GET", "/api/v1/openapi.json", null)]
    public void Scope_of_an_endpoint_follows_from_method_and_path(string method, string pattern, string? scope) =>
    Scopes.Of(method, pattern).ShouldBe(scope);

    [Theory]
    [InlineData("channels:read", "GET", "/api/v1/channels", true)]
    [InlineData("channels:read", "POST", "/api/v1/channels", false)]
    [InlineData("channels:write", "POST", "/api/v1/channels", true)]
    [InlineData("channels:write", "GET", "/api/v1/channels", true)]
    [InlineData("channels:write", "POST", "/api/v1/channels/{name}/keys", false)]
    [InlineData("channels:write", "POST", "/api/v1/tokens", false)]
    [InlineData("channels:write", "GET", "/api/v1/me", true)]
    [InlineData("channels:write", "GET", "/api/v1/what-comes-one-day", false)]
    public void Write_scope_includes_read_and_operations_without_a_scope_are_denied(string has, string method, string pattern,
        bool isThrough) =>
        (Scopes.DenialReason(new(Scopes: [has]), method, pattern, null) is null).ShouldBe(isThrough);

    [Theory]
    [InlineData("/api/v1/channels/{name}", "demo", true)]
    [InlineData("/api/v1/channels/{name}/keys", "demo", true)]
    [InlineData("/api/v1/channels/{name}", "other", false)]
    [InlineData("/api/v1/channels", null, false)]
    [InlineData("/api/v1/recordings/{id}", null, false)]
    [InlineData("/api/v1/users/{name}", "demo", false)]
    [InlineData("/api/v1/system", null, true)]
    public void Channel_token_grants_access_only_to_its_channel(string pattern, string? channel, bool isThrough) =>
        (Scopes.DenialReason(new(Channels: ["demo"]), "GET", pattern, channel) is null).ShouldBe(isThrough);

    [Fact]
    public async Task Token_keeps_its_restrictions_and_excludes_a_new_channel_with_a_deleted_name()
    {
        await using var database = await postgres.OpenFreshAsync();
        var clock = new ManualTimeProvider();
        var (channels, tokens) = (new ChannelRepository(database, clock), new TokenRepository(database, clock));
        await channels.CreateAsync("demo", new());
        await channels.CreateAsync("other", new());
        var token = await tokens.CreateAsync(TokenRole.Producer, limits: new(["other", "demo", "demo"], ["keys:read", "channels:write"]));
        var free = await tokens.CreateAsync(TokenRole.Producer);

        var limits = (await tokens.VerifyAsync(token.Token))!.Limits;
        limits.Channels.ShouldBe(["demo", "other"]);
        limits.Scopes.ShouldBe(["keys:read", "channels:write"]);
        (await tokens.VerifyAsync(free.Token))!.Limits.ShouldBe(new());

        await channels.DeleteAsync("demo");
        await channels.DeleteAsync("other");
        await channels.CreateAsync("demo", new());
        (await tokens.VerifyAsync(token.Token))!.Limits.Channels.ShouldBeEmpty("not null, which would be all");
    }

    [Fact]
    public async Task Invalid_token_restrictions_are_named()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        foreach (var (body, member) in new (object, string)[]
        {
            (new { role = "viewer", scopes = new[] { "everything" } }, "scopes"), (new { role = "viewer", scopes = Array.Empty<string>() },
                "scopes"), (new { role = "viewer", scopes = "keys:read" }, "scopes"),
            (new { role = "viewer", scopes = new[] { 1 } }, "scopes"),
            (new { role = "viewer", channels = Array.Empty<string>() }, "channels"),
        })
        {
            var (status, problem, _) = await server.SendAsync("POST", "/api/v1/tokens", admin, body);
            status.ShouldBe(400);
            problem.GetProperty("errors").EnumerateObject().Single().Name.ShouldBe(member);
        }

        (await server.SendAsync("POST", "/api/v1/tokens", admin, new { role = "viewer", channels = new[] { "none" } })).Status
            .ShouldBe(404);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var (_, made, _) = await server.SendAsync("POST", "/api/v1/tokens", admin,
            new { role = "viewer", channels = new[] { "demo" }, scopes = new[] { "channels:read" } });
        made.GetProperty("info").GetProperty("scopes")[0].GetString().ShouldBe("channels:read");
        made.GetProperty("info").GetProperty("channels")[0].GetString().ShouldBe("demo");
    }
}
