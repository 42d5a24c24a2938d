using System.Text;
using System.Text.Json;
using Broadcast.Control.Api;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class IdempotencyTests(PostgresFixture postgres)
{
    private const string Json = "application/json";

    [Fact]
    public async Task Idempotency_key_belongs_to_one_caller_for_a_day_and_stores_the_result()
    {
        await using var database = await postgres.OpenFreshAsync();
        var clock = new ManualTimeProvider();
        var keys = new IdempotencyKeys(database, clock);
        var (one, other) = (IdempotencyHandler.ComputeHash("POST", "/a", "{}"u8), IdempotencyHandler.ComputeHash("POST", "/b", "{}"u8));
        one.ShouldNotBe(other);

        (await keys.ReserveAsync("token/a", "k", one, default)).ShouldBeNull();
        var running = (await keys.ReserveAsync("token/a", "k", other, default)).ShouldNotBeNull();
        (await keys.ReserveAsync("token/b", "k", other, default)).ShouldBeNull("that is somebody else's");
        await keys.StoreAsync("token/a", "k", 201, "/api/v1/x", "{\"a\":1}", default);
        var done = (await keys.ReserveAsync("token/a", "k", one, default)).ShouldNotBeNull();
        await keys.ReleaseAsync("token/a", "k", default);
        await keys.ReleaseAsync("token/b", "k", default);

        running.Status.ShouldBeNull();
        running.Request.ShouldBe(one);
        (done.Status, done.Location, done.Body, done.CreatedAt).ShouldBe(((int?)201, "/api/v1/x", "{\"a\":1}", clock.GetUtcNow()));
        (await keys.ReserveAsync("token/b", "k", one, default)).ShouldBeNull("it was given back");
        (await keys.ReserveAsync("token/a", "k", one, default)).ShouldNotBeNull("what has an answer is not given back");

        clock.Advance(IdempotencyKeys.Retention + TimeSpan.FromSeconds(1));
        (await keys.ReserveAsync("token/a", "k", other, default)).ShouldBeNull("a day is over");
        await using var count = database.Source.CreateCommand("SELECT count(*) FROM idempotency_keys");
        (await count.ExecuteScalarAsync()).ShouldBe(1L, "what is older is gone");
    }

    [Fact]
    public async Task Repeated_request_creates_nothing_and_gets_the_first_response()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var producer = await server.TokenAsync(TokenRole.Producer);

        var (first, made, response) = await PostAsync(server, producer, "/api/v1/events", Show("Show", 1), "one");
        var (again, replayed, second) = await PostAsync(server, producer, "/api/v1/events", Show("Show", 1), "one");

        (first, again).ShouldBe((201, 201));
        JsonSerializer.Serialize(replayed).ShouldBe(JsonSerializer.Serialize(made));
        second.Headers.Location.ShouldBe(response.Headers.Location);
        (response.Headers.Contains("Idempotency-Replayed"),
            second.Headers.GetValues("Idempotency-Replayed").Single()).ShouldBe((false, "true"));
        (await server.Get<EventRepository>().ListAsync(new())).Count.ShouldBe(1);

        var (refused, problem, _) = await PostAsync(server, producer, "/api/v1/events", Show("Another", 2), "one");
        (refused, problem.GetProperty("status").GetInt32()).ShouldBe((422, 422));
        (await PostAsync(server, await server.TokenAsync(TokenRole.Producer), "/api/v1/events", Show("Another", 2), "one")).Status
            .ShouldBe(201, "another caller's key is another");
        (await PostAsync(server, producer, "/api/v1/events", Show("Third", 3), "two")).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Repeated_request_gets_the_location_of_the_created_object_without_its_secret()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);

        var (_, made, _) = await PostAsync(server, admin, "/api/v1/tokens", """{"role":"viewer"}""", "k");
        var (status, problem, _) = await PostAsync(server, admin, "/api/v1/tokens", """{"role":"viewer"}""", "k");

        var secret = made.GetProperty("token").GetString()![9..];
        status.ShouldBe(409);
        problem.GetProperty("location").GetString().ShouldBe($"/api/v1/tokens/{made.GetProperty("info").GetProperty("id").GetString()}");
        problem.GetRawText().ShouldNotContain(secret);
        (await server.Get<TokenRepository>().ListAsync()).Count.ShouldBe(2, "the admin's and one more");
        await using var kept = server.Get<ServerDatabase>()
            .Source.CreateCommand("SELECT count(*) FROM idempotency_keys WHERE body IS NULL AND answered_at IS NOT NULL");
        (await kept.ExecuteScalarAsync()).ShouldBe(1L);
    }

    [Fact]
    public async Task Failed_request_releases_its_idempotency_key()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var producer = await server.TokenAsync(TokenRole.Producer);

        (await PostAsync(server, producer, "/api/v1/events", Show("Show", 1), "k")).Status.ShouldBe(404);
        (await PostAsync(server, producer, "/api/v1/events", "{}", "k")).Status.ShouldBe(400);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        (await PostAsync(server, producer, "/api/v1/events", Show("Show", 1), "k")).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Repeated_request_has_to_wait_while_the_first_is_running()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        const string Body = """{"name":"demo"}""";
        await server.Get<IdempotencyKeys>().ReserveAsync($"token/{admin[..8]}", "k",
            IdempotencyHandler.ComputeHash("POST", "/api/v1/channels", Encoding.UTF8.GetBytes(Body)), default);

        var (status, _, response) = await PostAsync(server, admin, "/api/v1/channels", Body, "k");

        (status, response.Headers.RetryAfter!.ToString()).ShouldBe((409, "1"));
        (await server.Get<ChannelRepository>().ListAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("201")]
    public async Task Long_or_nonprintable_idempotency_key_is_rejected(string key)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var sent = key == "201" ? new string('k', 201) : key;

        var (status, problem, _) = await PostAsync(server, await server.TokenAsync(TokenRole.Admin), "/api/v1/channels",
            """{"name":"demo"}""", sent);

        status.ShouldBe(400);
        problem.GetProperty("errors").TryGetProperty("Idempotency-Key", out _).ShouldBeTrue();
    }

    [Fact]
    public async Task Document_lists_operations_that_accept_idempotency_keys()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, document, _) = await server.SendAsync("GET", "/api/v1/openapi.json", await server.TokenAsync(TokenRole.Viewer));

        var keyed = document.GetProperty("paths").EnumerateObject()
            .Where(p => p.Value.TryGetProperty("post", out var post) && post.TryGetProperty("parameters", out var parameters)
                && parameters.EnumerateArray().Any(o => o.GetProperty("name").GetString() == "Idempotency-Key"))
            .Select(p => p.Name["/api/v1".Length..]).Order(StringComparer.Ordinal);

        keyed.ShouldBe(
        [
            "/calendar-feeds", "/channels", "/channels/{name}/chat/actions", "/channels/{name}/chat/polls", "/channels/{name}/clips",
            "/channels/{name}/keys", "/channels/{name}/keys/rotate",
            "/channels/{name}/targets", "/channels/{name}/viewer-keys", "/channels/{name}/viewer-tokens",
            "/events", "/recordings/{id}/clips", "/tokens", "/webhooks",
        ]);
    }

    private static string Show(string title, int day)
    {
        var start = TimeProvider.System.GetUtcNow().Date.AddDays(day + 1);
        return $$"""{"title":"{{title}}","channel":"demo","start":"{{start:yyyy-MM-dd}}T20:00:00Z","end":"{{start:yyyy-MM-dd}}T21:00:00Z"}""";
    }

    private static async Task<(int Status, JsonElement Body, HttpResponseMessage Response)> PostAsync(Server server, string token,
        string path, string json, string key)
    {
        using var body = new StringContent(json, Encoding.UTF8, Json);
        return await server.SendAsync("POST", path, token, body, ("Idempotency-Key", key));
    }
}
