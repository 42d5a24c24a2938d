using System.Text;
using System.Text.Json;
using Broadcast.Control.Access;
using Broadcast.Control.Calendars;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Control.Slates;
using Broadcast.Control.Targets;
using Broadcast.Control.Webhooks;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

[LongRunning]
public sealed class ApiTests(PostgresFixture postgres)
{
    private const string Password = "a long password";

    /// <summary>Endpoints that require neither token nor login, with the reason.</summary>
    public static IReadOnlyDictionary<string, string> Open { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["POST /api/v1/setup"] = "a set-up code is what it asks for",
        ["GET /api/v1/login"] = "it returns only the login state",
        ["POST /api/v1/login"] = "a name and password are what it asks for",
        ["GET /api/v1/calendars/{feed}/events.ics"] = "the address is the secret: calendars send no token",
        ["GET /api/v1/openapi.json"] = "it describes the API, and nothing of this server",
        ["POST /api/v1/obs/multitrack"] = "a stream key is what it asks for, in the form that OBS sends",
    };

    /// <summary>Every endpoint: required role, a valid body, status of a successful response.</summary>
    public static TheoryData<string, string, string, string?, int> Endpoints { get; } = new()
    {
        { "GET", "/api/v1/channels", "viewer", null, 200 },
        { "POST", "/api/v1/channels", "admin", """{"name":"fresh","title":"Fresh","reconnectWindowSeconds":0}""", 201 },
        { "GET", "/api/v1/channels/{name}", "viewer", null, 200 },
        { "PATCH", "/api/v1/channels/{name}", "producer", """{"latency":"low"}""", 200 },
        { "DELETE", "/api/v1/channels/{name}", "admin", null, 204 },
        { "POST", "/api/v1/channels/{name}/end", "producer", null, 200 },
        { "POST", "/api/v1/channels/{name}/kick", "producer", null, 200 },
        { "GET", "/api/v1/channels/{name}/sessions", "viewer", null, 200 },
        { "GET", "/api/v1/channels/{name}/keys", "producer", null, 200 },
        { "POST", "/api/v1/channels/{name}/keys", "producer", """{"role":"backup","label":"b","expiresAt":"2999-01-01T00:00:00Z"}""", 201 },
        { "POST", "/api/v1/channels/{name}/keys/rotate", "producer", """{"overlapSeconds":60}""", 201 },
        { "DELETE", "/api/v1/channels/{name}/keys/{id}", "producer", null, 204 },
        { "GET", "/api/v1/tokens", "admin", null, 200 },
        { "POST", "/api/v1/tokens", "admin", """{"role":"viewer","label":"screen"}""", 201 },
        { "DELETE", "/api/v1/tokens/{id}", "admin", null, 204 },
        { "GET", "/api/v1/channels/{name}/slate", "viewer", null, 404 },
        { "PUT", "/api/v1/channels/{name}/slate", "producer", null, 400 },
        { "DELETE", "/api/v1/channels/{name}/slate", "producer", null, 204 },
        { "GET", "/api/v1/channels/{name}/viewer-tokens", "producer", null, 200 },
        { "POST", "/api/v1/channels/{name}/viewer-tokens", "producer", """{"label":"Jane","network":"203.0.113.0/24"}""", 201 },
        { "DELETE", "/api/v1/channels/{name}/viewer-tokens/{id}", "producer", null, 200 },
        { "GET", "/api/v1/channels/{name}/viewer-keys", "producer", null, 200 },
        { "POST", "/api/v1/channels/{name}/viewer-keys", "producer", """{"label":"shop"}""", 201 },
        { "DELETE", "/api/v1/channels/{name}/viewer-keys/{id}", "producer", null, 404 },
        { "GET", "/api/v1/channels/{name}/health", "viewer", null, 200 },
        { "GET", "/api/v1/channels/{name}/measurements", "viewer", null, 200 },
        { "GET", "/api/v1/channels/{name}/activity", "producer", null, 200 },
        { "GET", "/api/v1/channels/{name}/stream", "viewer", null, 200 },
        { "GET", "/api/v1/stream", "viewer", null, 200 },
        { "GET", "/api/v1/recordings", "viewer", null, 200 },
        { "GET", "/api/v1/channels/{name}/recordings", "viewer", null, 200 },
        { "GET", "/api/v1/recordings/usage", "viewer", null, 200 },
        { "GET", "/api/v1/recordings/{id}", "viewer", null, 200 },
        { "PATCH", "/api/v1/recordings/{id}", "producer", """{"title":"Better","visibility":"private","retention":"30d","expireRecordings":true}""", 200 },
        { "DELETE", "/api/v1/recordings/{id}", "admin", null, 204 },
        { "POST", "/api/v1/recordings/{id}/clips", "producer", """{"start":"2001-01-01T00:00:00Z"}""", 400 },
        { "POST", "/api/v1/channels/{name}/clips", "producer", """{"start":"2001-01-01T00:00:00Z"}""", 404 },
        { "GET", "/api/v1/target-presets", "producer", null, 200 },
        { "GET", "/api/v1/channels/{name}/targets", "producer", null, 200 },
        { "POST", "/api/v1/channels/{name}/targets", "producer",
            """{"name":"Twitch","url":"rtmps://example.org/app","streamKey":"abc","rendition":"720p","enabled":false}""", 201 },
        { "GET", "/api/v1/channels/{name}/targets/{target}", "producer", null, 200 },
        { "PATCH", "/api/v1/channels/{name}/targets/{target}", "producer", """{"name":"Other","enabled":false}""", 200 },
        { "DELETE", "/api/v1/channels/{name}/targets/{target}", "producer", null, 204 },

        // The channel is on air, so that the target is not tested; TargetApiTests test one.
        { "POST", "/api/v1/channels/{name}/targets/{target}/test", "producer", null, 409 },
        { "GET", "/api/v1/channels/{name}/chat", "moderator", null, 200 },
        { "PATCH", "/api/v1/channels/{name}/chat", "moderator", """{"slowSeconds":5,"frozen":false}""", 200 },
        { "GET", "/api/v1/channels/{name}/chat/filters", "moderator", null, 200 },
        { "PUT", "/api/v1/channels/{name}/chat/filters", "moderator", """{"words":{"held":["bad*"]}}""", 200 },
        { "GET", "/api/v1/channels/{name}/chat/messages", "moderator", null, 200 },
        { "GET", "/api/v1/channels/{name}/chat/actions", "moderator", null, 200 },
        { "POST", "/api/v1/channels/{name}/chat/actions", "moderator", """{"action":"announce","text":"Welcome"}""", 201 },
        { "POST", "/api/v1/channels/{name}/chat/actions/{id}/undo", "moderator", """{"reason":"a mistake"}""", 404 },
        { "DELETE", "/api/v1/channels/{name}/chat/participants/{id}/messages", "producer", null, 200 },
        { "GET", "/api/v1/channels/{name}/chat/participants/{id}/export", "producer", null, 404 },
        { "GET", "/api/v1/channels/{name}/chat/statistics", "moderator", null, 200 },
        { "POST", "/api/v1/channels/{name}/chat/token", "viewer", null, 200 },
        { "GET", "/api/v1/channels/{name}/chat/polls", "moderator", null, 200 },
        { "POST", "/api/v1/channels/{name}/chat/polls", "moderator",
            """{"question":"Encore?","options":["Yes","No"],"seconds":60}""", 201 },
        { "POST", "/api/v1/channels/{name}/chat/polls/{id}/end", "moderator", null, 404 },
        { "POST", "/api/v1/channels/{name}/chat/polls/{id}/hide", "moderator", null, 404 },
        { "GET", "/api/v1/channels/{name}/chat/questions", "moderator", null, 200 },
        { "PATCH", "/api/v1/channels/{name}/chat/questions/{id}", "moderator", """{"state":"picked"}""", 404 },
        { "GET", "/api/v1/webhooks", "admin", null, 200 },
        { "POST", "/api/v1/webhooks", "admin", """{"url":"https://example.org/hook","types":["event.live"],"channels":["demo"]}""", 201 },
        { "GET", "/api/v1/webhooks/{id}", "admin", null, 200 },
        { "PATCH", "/api/v1/webhooks/{id}", "admin", """{"label":"Shop","enabled":false}""", 200 },
        { "DELETE", "/api/v1/webhooks/{id}", "admin", null, 204 },
        { "POST", "/api/v1/webhooks/{id}/rotate", "admin", """{"overlapSeconds":60}""", 200 },
        { "POST", "/api/v1/webhooks/{id}/test", "admin", null, 200 },
        { "GET", "/api/v1/webhooks/{id}/deliveries", "admin", null, 200 },
        { "POST", "/api/v1/webhooks/{id}/deliveries/{delivery}/replay", "admin", null, 404 },
        { "GET", "/api/v1/events", "viewer", null, 200 },
        { "POST", "/api/v1/events", "producer",
            """{"title":"Show","channel":"demo","start":"2030-06-01T20:00","end":"2030-06-01T21:00","timeZone":"Europe/Berlin"}""", 201 },
        { "GET", "/api/v1/events/{id}", "viewer", null, 200 },
        { "PATCH", "/api/v1/events/{id}", "producer", """{"title":"Better","graceSeconds":60}""", 200 },
        { "DELETE", "/api/v1/events/{id}", "producer", null, 204 },
        { "POST", "/api/v1/events/{id}/cancel", "producer", null, 200 },
        { "POST", "/api/v1/events/{id}/go-live", "producer", null, 200 },
        { "POST", "/api/v1/events/{id}/end", "producer", null, 409 },
        { "GET", "/api/v1/events/{id}/occurrences", "viewer", null, 404 },
        { "GET", "/api/v1/events/{id}/history", "viewer", null, 200 },
        { "GET", "/api/v1/events.ics", "viewer", null, 200 },
        { "GET", "/api/v1/calendar-feeds", "producer", null, 200 },
        { "POST", "/api/v1/calendar-feeds", "producer", """{"channel":"demo","label":"Jane"}""", 201 },
        { "DELETE", "/api/v1/calendar-feeds/{id}", "producer", null, 204 },
        { "GET", "/api/v1/system", "viewer", null, 200 },
        { "GET", "/api/v1/encoders", "admin", null, 200 },
        { "POST", "/api/v1/encoders/probe", "admin", null, 200 },

        // No store exists here; StorageApiTests cover these with a store.
        { "GET", "/api/v1/storage", "admin", null, 404 },
        { "POST", "/api/v1/storage/test", "admin", null, 404 },
        { "GET", "/api/v1/audit", "admin", null, 200 },
        { "GET", "/api/v1/servers", "admin", null, 200 },
        { "POST", "/api/v1/servers/{number}/drain", "admin", null, 204 },
        { "POST", "/api/v1/servers/{number}/undrain", "admin", null, 204 },
        { "GET", "/api/v1/users", "admin", null, 200 },
        { "POST", "/api/v1/users", "admin", """{"name":"jane","password":"correct horse battery","role":"producer","displayName":"Jane"}""",
            201 },
        { "GET", "/api/v1/users/{name}", "admin", null, 200 },
        { "PATCH", "/api/v1/users/{name}", "admin", """{"disabled":true}""", 200 },
        { "DELETE", "/api/v1/users/{name}", "admin", null, 204 },
        { "PUT", "/api/v1/users/{name}/password", "admin", """{"password":"correct horse battery"}""", 204 },
        { "DELETE", "/api/v1/users/{name}/totp", "admin", null, 204 },
        { "GET", "/api/v1/users/{name}/logins", "admin", null, 200 },
        { "DELETE", "/api/v1/users/{name}/logins", "admin", null, 204 },
        { "DELETE", "/api/v1/users/{name}/logins/{id}", "admin", null, 204 },
        { "GET", "/api/v1/me", "viewer", null, 200 },

        // A token has no login; LoginTests cover these with a user.
        { "POST", "/api/v1/logout", "viewer", null, 403 },
        { "GET", "/api/v1/me/logins", "viewer", null, 403 },
        { "DELETE", "/api/v1/me/logins/{id}", "viewer", null, 403 },
        { "PUT", "/api/v1/me/password", "viewer", """{"old":"x","password":"correct horse battery"}""", 403 },
        { "POST", "/api/v1/me/totp", "viewer", """{"password":"x"}""", 403 },
        { "POST", "/api/v1/me/totp/confirm", "viewer", """{"code":"123456"}""", 403 },
        { "POST", "/api/v1/me/totp/end", "viewer", """{"code":"123456"}""", 403 },
    };

    /// <summary>Operations other than GET that change no state worth auditing, with the reason.</summary>
    private static readonly Dictionary<string, string> NotAudited = new(StringComparer.Ordinal)
    {
        ["POST /api/v1/channels/{name}/chat/token"] = "it creates a token of 10 minutes, and stores nothing",
        ["POST /api/v1/encoders/probe"] = "it measures; what it finds out is in the log",
        ["DELETE /api/v1/users/{name}/totp"] = "the user has none; SecondFactorTests takes one away",
    };

    [Theory]
    [InlineData("\\u0000")]
    [InlineData("nosuchid")]
    [InlineData("' OR true --")]
    public async Task Malformed_key_id_is_not_found_instead_of_a_server_error(string id)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        using var body = new StringContent($$"""{"keyId":"{{id}}"}""", Encoding.UTF8, "application/json");
        (await server.SendAsync("POST", "/api/v1/channels/demo/keys/rotate", await server.TokenAsync(TokenRole.Producer), body)).Status
            .ShouldBe(404);
    }

    [Theory, MemberData(nameof(Endpoints))]
    public async Task Endpoint_requires_its_role_and_executes_with_it(string method, string pattern, string role, string? json, int status)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:SecretKeys", Convert.ToBase64String(new byte[32])));
        var created = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        TokenRoles.TryParse(role, out var least).ShouldBeTrue();
        var good = await server.TokenAsync(least);
        var recorded = ((PublishDecision.Granted)await server.AskAsync(created.Key.StreamKey)).Grant.Session.Id;
        await server.Get<SessionWriter>().FlushAsync(default);
        if (method == "DELETE" && pattern.EndsWith("/slate", StringComparison.Ordinal))
        {
            await server.Get<ChannelSlates>().SetAsync("demo", new byte[] { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A });
        }

        var planned = await server.Get<EventRepository>().CreateAsync(new()
        {
            Title = "Planned", Channel = "demo", Start = EventTime.At(TimeProvider.System.GetUtcNow().AddHours(1)),
            End = EventTime.At(TimeProvider.System.GetUtcNow().AddHours(2)),
        });
        var feed = (await server.Get<CalendarFeeds>().CreateAsync()).Info.Id;
        var spare = (await server.Get<TokenRepository>().CreateAsync(TokenRole.Viewer)).Info.Id;
        var webhook = (await server.Get<WebhookRepository>().CreateAsync(new("http://127.0.0.1:1/"))).Info.Id;
        if (pattern.Contains("{target}", StringComparison.Ordinal))
        {
            await server.Get<TargetRepository>().AddAsync("demo", new("YouTube", "rtmps://example.org/live", "abc"));
        }

        if (pattern.Contains("/users/", StringComparison.Ordinal))
        {
            await server.Get<UserRepository>().CreateAsync("demo", Password, TokenRole.Viewer);
        }

        var login = pattern.EndsWith("/{name}/logins/{id}", StringComparison.Ordinal) ? await server.LoginAsync("demo", Password) : "none";
        var path = pattern.Replace("{name}", "demo", StringComparison.Ordinal).Replace("{delivery}", "1", StringComparison.Ordinal)
            .Replace("{number}", "1", StringComparison.Ordinal).Replace("{target}", "YouTube", StringComparison.Ordinal)
            .Replace("{id}", pattern.Contains("/logins", StringComparison.Ordinal) ? login.Split('_')[0]
                : pattern.Contains("/webhooks", StringComparison.Ordinal) ? webhook
                : pattern.Contains("/keys", StringComparison.Ordinal) ? created.Key.Key.Id
                : pattern.Contains("/recordings", StringComparison.Ordinal) ? recorded.Value
                : pattern.Contains("/events", StringComparison.Ordinal) ? planned.Id
                : pattern.Contains("/calendar-feeds", StringComparison.Ordinal) ? feed : spare, StringComparison.Ordinal);
        HttpContent? Body() => json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");

        foreach (var token in (string?[])[null, "", "nonsense", created.Key.StreamKey])
        {
            var (refused, problem, response) = await server.SendAsync(method, path, token, Body());
            refused.ShouldBe(401);
            response.Headers.WwwAuthenticate.ToString().ShouldStartWith("Bearer");
            problem.GetProperty("status").GetInt32().ShouldBe(401);
        }

        if (least > TokenRole.Viewer)
        {
            (await server.SendAsync(method, path, await server.TokenAsync(least - 1), Body())).Status.ShouldBe(403);
        }

        if (pattern.EndsWith(".ics", StringComparison.Ordinal))
        {
            return;   // no JSON; CalendarTests reads it
        }

        var answer = await server.SendAsync(method, path, good, Body());
        answer.Status.ShouldBe(status);
        answer.Response.Headers.CacheControl!.NoStore.ShouldBeTrue();

        // Only this token has changed anything over the API: the rejected requests above left no row.
        var rows = await server.Get<AuditLog>().ListAsync(new(Actor: "token"));
        if (method == "GET" || status >= 400 || NotAudited.ContainsKey($"{method} {pattern}"))
        {
            rows.ShouldBeEmpty();
        }
        else
        {
            var row = rows.ShouldHaveSingleItem();
            (row.Actor.Id, row.Actor.Address).ShouldBe((good[..8], "127.0.0.1"));
        }
    }

    [Fact]
    public async Task Document_needs_no_token()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (status, document, _) = await server.SendAsync("GET", "/api/v1/openapi.json", token: null);
        status.ShouldBe(200);
        document.GetProperty("openapi").GetString().ShouldStartWith("3.1");
        document.GetProperty("servers").EnumerateArray().ShouldHaveSingleItem().GetProperty("url").GetString().ShouldBe("/");
    }

    [Fact]
    public async Task Document_lists_every_endpoint_with_its_security_and_responses()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, document, _) = await server.SendAsync("GET", "/api/v1/openapi.json", await server.TokenAsync(TokenRole.Viewer));
        var mapped = server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
                .Select(m => (Method: m, Path: "/" + e.RoutePattern.RawText!.Trim('/'))))
            .Where(e => e.Path != "/api/v1/openapi.json").ToList();

        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(p => p.Value.EnumerateObject().Select(o => (Method: o.Name.ToUpperInvariant(), Path: p.Name))).ToList();
        described.Order().ShouldBe(mapped.Order());
        described.Order()
            .ShouldBe(Endpoints.Select(e => e.Data).Select(d => (d.Item1, d.Item2))
            .Concat(Open.Keys.Select(o => (o.Split(' ')[0], o.Split(' ')[1]))).Where(e => e.Item2 != "/api/v1/openapi.json").Order());
        document.GetProperty("components").GetProperty("securitySchemes").GetProperty("bearer").GetProperty("scheme").GetString()
            .ShouldBe("bearer");
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var open = Open.ContainsKey($"{operation.Name.ToUpperInvariant()} {path.Name}");
                operation.Value.TryGetProperty("security", out var security).ShouldBe(!open, path.Name);
                if (!open)
                {
                    security[0].TryGetProperty("bearer", out _).ShouldBeTrue(path.Name);
                    security[1].TryGetProperty("login", out _).ShouldBeTrue(path.Name);
                    operation.Value.GetProperty("responses").TryGetProperty("401", out _).ShouldBeTrue();
                }

                operation.Value.GetProperty("summary").GetString().ShouldNotBeNullOrEmpty();
                operation.Value.GetProperty("operationId").GetString().ShouldNotBeNullOrEmpty();
            }
        }

        document.GetProperty("paths").GetProperty("/api/v1/channels").GetProperty("post").GetProperty("requestBody").GetProperty("content")
            .TryGetProperty("application/json", out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{"name":"Bad Name","title":3,"ladder":"8k","reconnectWindowSeconds":"x","colour":"red"}""",
        "colour,ladder,name,reconnectWindowSeconds,title")]
    [InlineData("""{}""", "name")]
    [InlineData("""{"name":null}""", "name")]
    [InlineData("""{"name":"a","ladder":"720p@1k"}""", "ladder")]
    [InlineData("""{"name":"a","reconnectWindowSeconds":1.5}""", "reconnectWindowSeconds")]
    [InlineData("""{"name":"a","reconnectWindowSeconds":-1}""", "reconnectWindowSeconds")]
    [InlineData("""{"name":"a","dvrWindow":"1w"}""", "dvrWindow")]
    [InlineData("""{"name":"a","record":"on","retention":"1w"}""", "record,retention")]
    [InlineData("""{"name":"a","title":"\ud800"}""", "title")]
    [InlineData("""{"name":"a","name":"b"}""", "body")]
    [InlineData("""["name"]""", "body")]
    [InlineData("""{"name":""", "body")]
    [InlineData("", "body")]
    public async Task Every_invalid_member_of_a_request_body_is_listed(string json, string members)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (status, problem, response) = await server.SendAsync(
            "POST", "/api/v1/channels", await server.TokenAsync(TokenRole.Admin),
            new StringContent(json, Encoding.UTF8, "application/json"));

        status.ShouldBe(400);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        string.Join(',', problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal))
            .ShouldBe(members);
        (await server.Get<ChannelRepository>().ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Oversized_and_non_JSON_bodies_are_rejected()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);

        (await server.SendAsync("POST", "/api/v1/channels", admin,
            new StringContent("{\"title\":\"" + new string('x', 70_000), Encoding.UTF8, "application/json"))).Status.ShouldBe(413);
        (await server.SendAsync("POST", "/api/v1/channels", admin,
            new StringContent("name=a", Encoding.UTF8, "application/x-www-form-urlencoded"))).Status.ShouldBe(415);
    }

    [Fact]
    public async Task Setup_code_can_be_exchanged_for_an_admin_token_once()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var code = (await server.Get<FirstRun>().Completion).SetupCode!;

        (await server.SendAsync("POST", "/api/v1/setup", null, new { code = "wrong" })).Status.ShouldBe(403);
        var (status, issued, _) = await server.SendAsync("POST", "/api/v1/setup", null, new { code });

        status.ShouldBe(201);
        (await server.SendAsync("GET", "/api/v1/tokens", issued.GetProperty("token").GetString())).Status.ShouldBe(200);
        (await server.SendAsync("POST", "/api/v1/setup", null, new { code })).Status.ShouldBe(403);
        for (var i = 0; i < 8; i++)
        {
            (await server.SendAsync("POST", "/api/v1/setup", null, new { code = "wrong" })).Status.ShouldBe(403);
        }

        (await server.SendAsync("POST", "/api/v1/setup", null, new { code })).Status.ShouldBe(429);
    }

    [Theory]
    [InlineData("https://live.example.org")]
    [InlineData(null)]
    public async Task System_endpoint_returns_the_configured_public_URL(string? configured)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, pages: new Pages(configured));

        (await server.SendAsync("GET", "/api/v1/system", await server.TokenAsync(TokenRole.Viewer))).Body.GetProperty("publicUrl")
            .GetString().ShouldBe(configured);
    }

    [Fact]
    public async Task Revoked_token_is_rejected_from_the_next_request()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        var (_, issued, _) = await server.SendAsync("POST", "/api/v1/tokens", admin, new { role = "viewer" });
        var token = issued.GetProperty("token").GetString()!;
        (await server.SendAsync("GET", "/api/v1/system", token)).Body.GetProperty("role").GetString().ShouldBe("viewer");

        await server.SendAsync("DELETE", $"/api/v1/tokens/{issued.GetProperty("info").GetProperty("id").GetString()}", admin);

        (await server.SendAsync("GET", "/api/v1/system", token)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Only_the_creation_response_contains_a_secret()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        var (_, created, _) = await server.SendAsync("POST", "/api/v1/channels", admin, new { name = "demo" });
        var secret = created.GetProperty("streamKey").GetString()![9..];

        foreach (var path in (string[])["channels", "channels/demo", "channels/demo/keys", "tokens"])
        {
            var text = JsonSerializer.Serialize((await server.SendAsync("GET", "/api/v1/" + path, admin)).Body);
            text.ShouldNotContain(secret);
            text.ShouldNotContain(admin[9..]);
            text.ShouldNotContain("hash", Case.Insensitive);
        }
    }

    private sealed class Pages(string? configured) : IViewerUrls
    {
        public ViewerUrls For(string asked) => new(configured ?? asked, configured ?? asked);
    }
}
