using Broadcast.Control.Access;
using Broadcast.Control.Api;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Login over the API, as in a browser.</summary>
public sealed class LoginTests(PostgresFixture postgres)
{
    private const string Password = UserTests.Password;

    [Fact]
    public async Task Login_returns_a_cookie_that_works_until_logout()
    {
        await using var server = await StartAsync();
        var (status, body, response) = await server.SendAsync("POST", "/api/v1/login", null, new { name = "jane", password = Password },
            ("Origin", server.Address), ("User-Agent", "Firefox"));

        status.ShouldBe(200);
        body.GetProperty("name").GetString().ShouldBe("jane");
        var cookies = response.Headers.GetValues("Set-Cookie").ToList();
        cookies.Count.ShouldBe(2);
        var (cookie, device) = (cookies[0], cookies[1]);
        AttributesOf(cookie).ShouldBe(["max-age=604800", "path=/", "samesite=strict", "httponly"], ignoreOrder: true);
        cookie.ShouldStartWith("broadcast-login=");
        AttributesOf(device).ShouldBe(["max-age=7776000", "path=/", "samesite=strict", "httponly"], ignoreOrder: true);
        device.ShouldStartWith("broadcast-device=");
        var login = cookie.Split(';')[0].Split('=')[1];

        var (_, me, _) = await server.SendAsPersonAsync("GET", "/api/v1/me", login);
        (me.GetProperty("kind").GetString(), me.GetProperty("name").GetString(),
            me.GetProperty("role").GetString()).ShouldBe(("user", "jane", "producer"));
        (await server.SendAsPersonAsync("GET", "/api/v1/system", login)).Body.GetProperty("role").GetString().ShouldBe("producer");
        var (_, logins, _) = await server.SendAsPersonAsync("GET", "/api/v1/me/logins", login);
        (logins[0].GetProperty("current").GetBoolean(), logins[0].GetProperty("agent").GetString(),
            logins[0].GetProperty("address").GetString()).ShouldBe((true, "Firefox", "127.0.0.1"));

        var (left, _, farewell) = await server.SendAsPersonAsync("POST", "/api/v1/logout", login, origin: server.Address);
        left.ShouldBe(204);
        var farewellCookie = farewell.Headers.GetValues("Set-Cookie").Single();
        farewellCookie.ShouldStartWith("broadcast-login=;");
        farewellCookie.ShouldContain("expires=Thu, 01 Jan 1970");
        (await server.SendAsPersonAsync("GET", "/api/v1/me", login)).Status.ShouldBe(401);

        var value = device.Split(';')[0];
        (await server.SendAsync("GET", "/api/v1/me", null, null, ("Cookie", $"broadcast-login={value.Split('=')[1]}"))).Status
            .ShouldBe(401, "the device cookie permits nothing");
        var (_, _, again) = await server.SendAsync("POST", "/api/v1/login", null, new { name = "jane", password = Password },
            ("Cookie", value));
        again.Headers.GetValues("Set-Cookie").ShouldContain(c => c.StartsWith(value + ";", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Login_state_is_available_to_every_caller_and_contains_only_the_state()
    {
        await using var server = await StartAsync();
        async Task<string> StateAsync(string? token = null, string? login = null)
        {
            var (status, body, response) = token is null ? await server.SendAsPersonAsync("GET", "/api/v1/login", login)
                : await server.SendAsync("GET", "/api/v1/login", token);
            (status, response.Headers.CacheControl?.NoStore).ShouldBe((200, true));
            return body.GetRawText();
        }

        (await StateAsync()).ShouldBe("""{"authenticated":false}""");
        (await StateAsync(token: "nonsense")).ShouldBe("""{"authenticated":false}""");
        (await StateAsync(login: "nonsense")).ShouldBe("""{"authenticated":false}""");
        var login = await server.LoginAsync("jane", Password);
        (await StateAsync(login: login)).ShouldBe("""{"authenticated":true}""");
        var token = await server.Get<TokenRepository>().CreateAsync(TokenRole.Viewer, limits: new(Scopes: ["audit:read"]));
        (await StateAsync(token: token.Token)).ShouldBe("""{"authenticated":true}""");

        await server.Get<TokenRepository>().RevokeAsync(token.Info.Id);
        (await StateAsync(token: token.Token)).ShouldBe("""{"authenticated":false}""");
        (await server.SendAsPersonAsync("POST", "/api/v1/logout", login, origin: server.Address)).Status.ShouldBe(204);
        (await StateAsync(login: login)).ShouldBe("""{"authenticated":false}""");
    }

    private static IEnumerable<string> AttributesOf(string cookie) => cookie.Split("; ")[1..].Select(a => a.ToLowerInvariant());

    [Fact]
    public async Task Unknown_user_disabled_user_and_wrong_password_get_the_same_response()
    {
        await using var server = await StartAsync();
        await server.Get<UserRepository>().CreateAsync("jim", Password, TokenRole.Viewer);
        await server.Get<UserRepository>().SetAsync("jim", new(IsDisabled: true));
        var answers = new List<string>();
        foreach (var (name, password) in new[] { ("nobody", Password), ("jim", Password), ("jane", "a wrong password"), ("../x", "") })
        {
            var (status, problem, response) = await server.SendAsync("POST", "/api/v1/login", null, new { name, password });
            status.ShouldBe(401);
            response.Headers.Contains("Set-Cookie").ShouldBeFalse();
            answers.Add(problem.GetProperty("detail").GetString()!);
        }

        answers.Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task Login_requires_a_code_if_a_second_factor_is_enabled()
    {
        await using var server = await StartAsync();
        var login = await server.LoginAsync("jane", Password);
        (await server.SendAsPersonAsync("POST", "/api/v1/me/totp", login, new { password = "a wrong password" }, server.Address)).Status
            .ShouldBe(400);
        (await server.SendAsPersonAsync("POST", "/api/v1/me/totp", login, new { password = Password }, server.Address)).Status
            .ShouldBe(200);
        (await server.SendAsPersonAsync("POST", "/api/v1/me/totp/confirm", login, new { code = "nonsense" }, server.Address)).Status
            .ShouldBe(400);
        var (_, confirmed, _) = await server.SendAsPersonAsync("POST", "/api/v1/me/totp/confirm", login,
            new { code = await CodeAsync(server) }, server.Address);
        var spare = confirmed.GetProperty("recoveryCodes")[0].GetString();

        var (status, problem, _) = await server.SendAsync("POST", "/api/v1/login", null, new { name = "jane", password = Password });
        (status, problem.GetProperty("needs").GetString()).ShouldBe((401, "code"));
        (await server.SendAsync("POST", "/api/v1/login", null, new { name = "jane", password = Password, code = "wrong" })).Status
            .ShouldBe(401);
        (await server.SendAsync("POST", "/api/v1/login", null, new { name = "jane", password = Password, code = spare })).Status
            .ShouldBe(200);
        (await server.SendAsPersonAsync("GET", "/api/v1/me", login)).Body.GetProperty("totp").GetBoolean().ShouldBeTrue();
        (await server.SendAsPersonAsync("POST", "/api/v1/me/totp/end", login,
            new { code = confirmed.GetProperty("recoveryCodes")[1].GetString() }, server.Address)).Status.ShouldBe(204);
        (await server.SendAsync("POST", "/api/v1/login", null, new { name = "jane", password = Password })).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Changing_the_own_password_requires_the_old_one_and_ends_other_logins()
    {
        await using var server = await StartAsync();
        var (mine, other) = (await server.LoginAsync("jane", Password), await server.LoginAsync("jane", Password));

        var (wrong, problem, _) = await server.SendAsPersonAsync("PUT", "/api/v1/me/password", mine,
            new { old = "a wrong password", password = "another good password" }, server.Address);
        wrong.ShouldBe(400);
        problem.GetProperty("errors").EnumerateObject().Single().Name.ShouldBe("old");
        (await server.SendAsPersonAsync("PUT", "/api/v1/me/password", mine, new { old = Password, password = "short" },
            server.Address)).Status.ShouldBe(400);
        (await server.SendAsPersonAsync("PUT", "/api/v1/me/password", mine, new { old = Password, password = "another good password" },
            server.Address)).Status.ShouldBe(204);

        (await server.SendAsPersonAsync("GET", "/api/v1/me", mine)).Status.ShouldBe(200);
        (await server.SendAsPersonAsync("GET", "/api/v1/me", other)).Status.ShouldBe(401);
        (await server.SendAsPersonAsync("DELETE", $"/api/v1/me/logins/{mine[..8]}", mine, origin: server.Address)).Status.ShouldBe(204);
        (await server.SendAsPersonAsync("GET", "/api/v1/me", mine)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Password_guessing_is_rate_limited()
    {
        await using var server = await StartAsync();
        for (var i = 0; i < 10; i++)
        {
            (await server.SendAsync("POST", "/api/v1/login", null, new { name = $"nobody{i}", password = "a wrong password" })).Status
                .ShouldBe(401);
        }

        (await server.SendAsync("POST", "/api/v1/login", null, new { name = "jane", password = Password })).Status.ShouldBe(429);
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData("self", null, true)]
    [InlineData(null, "same-origin", true)]
    [InlineData("self", "same-origin", true)]
    [InlineData("self", "cross-site", false)]
    [InlineData("self", "same-site", false)]
    [InlineData(null, "none", false)]
    [InlineData("null", null, false)]
    [InlineData("http://127.0.0.1", null, false)]
    [InlineData("https://evil.example", null, false)]
    [InlineData("https://evil.example", "same-origin", true)]
    public async Task Login_cookie_authorizes_changes_only_from_pages_of_the_server(string? origin, string? site, bool isDone)
    {
        await using var server = await StartAsync();
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var login = await server.LoginAsync("jane", Password);
        origin = origin == "self" ? server.Address : origin;

        (await server.SendAsPersonAsync("GET", "/api/v1/channels", login, null, origin, site)).Status
            .ShouldBe(200, "reading is no change, and pages of others do not see the answer");
        (await server.SendAsPersonAsync("PATCH", "/api/v1/channels/demo", login, new { title = "New" }, origin, site)).Status
            .ShouldBe(isDone ? 200 : 403);

        (await server.Get<ChannelRepository>().GetAsync("demo")).Title.ShouldBe(isDone ? "New" : "");
    }

    [Fact]
    public async Task Cross_origin_pages_can_neither_log_in_nor_read_responses()
    {
        await using var server = await StartAsync();
        var (status, _, response) = await server.SendAsync("POST", "/api/v1/login", null, new { name = "jane", password = Password },
            ("Origin", "https://evil.example"));
        status.ShouldBe(403);
        response.Headers.Contains("Set-Cookie").ShouldBeFalse();

        var (_, _, answer) = await server.SendAsync("GET", "/api/v1/channels", await server.TokenAsync(TokenRole.Viewer), null,
            ("Origin", "https://evil.example"));
        answer.Headers.Contains("Access-Control-Allow-Origin").ShouldBeFalse("CORS is closed");
    }

    [Fact]
    public async Task Token_takes_precedence_over_a_login_and_an_invalid_token_is_rejected()
    {
        await using var server = await StartAsync();
        var login = await server.LoginAsync("jane", Password);
        (await server.SendAsync("GET", "/api/v1/me", await server.TokenAsync(TokenRole.Viewer), null,
            ("Cookie", $"broadcast-login={login}"))).Body.GetProperty("kind").GetString().ShouldBe("token");
        (await server.SendAsync("GET", "/api/v1/me", "nonsense", null, ("Cookie", $"broadcast-login={login}"))).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Changes_by_users_are_audited_with_their_name()
    {
        await using var server = await StartAsync();
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        await server.SendAsPersonAsync("PATCH", "/api/v1/channels/demo", await server.LoginAsync("jane", Password), new { title = "New" },
            server.Address);
        (await server.Get<AuditLog>().ListAsync(new(Action: "channel.change"))).Single()
            .Actor.ShouldBe(new(ActorKind.User, "jane", "", "127.0.0.1"));
    }

    [Fact]
    public async Task Setup_code_creates_the_first_admin_user_with_a_login()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var code = (await server.Get<FirstRun>().Completion).SetupCode!;

        (await server.SendAsync("POST", "/api/v1/setup", null, new { code, name = "jane" })).Body.GetProperty("errors").EnumerateObject()
            .Single().Name.ShouldBe("password");
        (await server.SendAsync("POST", "/api/v1/setup", null, new { code, name = "jane", password = "short" })).Status.ShouldBe(400);
        (await server.SendAsync("POST", "/api/v1/setup", null, new { code = "wrong", name = "jane", password = Password })).Status
            .ShouldBe(403);
        (await server.Get<UserRepository>().ListAsync()).ShouldBeEmpty();
        var (status, issued, _) = await server.SendAsync("POST", "/api/v1/setup", null, new { code, name = "jane", password = Password });

        status.ShouldBe(201);
        (await server.SendAsync("GET", "/api/v1/tokens", issued.GetProperty("token").GetString())).Status.ShouldBe(200);
        (await server.SendAsPersonAsync("GET", "/api/v1/users", await server.LoginAsync("jane", Password))).Body[0].GetProperty("role")
            .GetString().ShouldBe("admin");
        (await server.SendAsync("POST", "/api/v1/setup", null, new { code, name = "jim", password = Password })).Status.ShouldBe(403);
    }

    [Fact]
    public async Task No_setup_code_is_issued_once_an_admin_user_exists()
    {
        await using var database = await postgres.OpenFreshAsync();
        await new UserRepository(database, TimeProvider.System).CreateAsync("jane", Password, TokenRole.Producer);
        var codes = new SetupCodes(database, TimeProvider.System);
        (await codes.IssueAsync()).ShouldNotBeNull();
        await new UserRepository(database, TimeProvider.System).CreateAsync("jim", Password, TokenRole.Admin);
        (await codes.IssueAsync()).ShouldBeNull();
    }

    [Theory]
    [InlineData("https", "live.example.org", null, true)]
    [InlineData("http", "live.example.org", "https://live.example.org", true)]
    [InlineData("http", "live.example.org:443", "https://live.example.org/", true)]
    [InlineData("http", "127.0.0.1:8080", "https://live.example.org", false)]
    [InlineData("http", "live.example.org", "http://live.example.org", false)]
    [InlineData("http", "live.example.org", null, false)]
    public void Login_cookie_is_secure_and_host_bound_with_HTTPS_here_or_at_a_proxy(string scheme, string host, string? pages,
        bool isSecure)
    {
        using var services = Services(pages);
        var http = new DefaultHttpContext { RequestServices = services };
        (http.Request.Scheme, http.Request.Host) = (scheme, new HostString(host));

        LoginCookie.Set(http, "text", TimeSpan.FromDays(1));

        var cookie = http.Response.Headers.SetCookie.ToString();
        cookie.StartsWith("__Host-broadcast-login=text; ", StringComparison.Ordinal).ShouldBe(isSecure);
        cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase).ShouldBe(isSecure);
        cookie.ShouldNotContain("domain", Case.Insensitive);
        http.Request.Headers.Cookie = "broadcast-login=plain; __Host-broadcast-login=bound";
        LoginCookie.Read(http).ShouldBe(isSecure ? "bound" : "plain");
    }

    [Theory]
    [InlineData("https://live.example.org", true)]
    [InlineData("https://LIVE.example.org", true)]
    [InlineData("https://origin:8080", true)]
    [InlineData("http://live.example.org", false)]
    [InlineData("https://live.example.org:8443", false)]
    [InlineData("https://live.example.org.evil.example", false)]
    [InlineData("https://evil.example/live.example.org", false)]
    [InlineData("file://origin:8080", false)]
    [InlineData("null", false)]
    public void Configured_public_origin_counts_as_same_origin_behind_a_proxy(string origin, bool isOurs)
    {
        var http = new DefaultHttpContext();
        http.Request.Host = new HostString("origin:8080");
        http.Request.Headers.Origin = origin;
        SameOrigin.IsSameOrigin(http.Request, new Uri("https://live.example.org")).ShouldBe(isOurs);
        SameOrigin.IsCrossOrigin(http.Request, new Uri("https://live.example.org")).ShouldBe(!isOurs);
    }

    private static ServiceProvider Services(string? pages) =>
        (pages is null ? new ServiceCollection()
            : new ServiceCollection().AddSingleton<IViewerUrls>(new Pages(pages))).BuildServiceProvider();

    private static async Task<string> CodeAsync(Server server)
    {
        await using var command = server.Get<ServerDatabase>().Source.CreateCommand("SELECT totp_secret FROM users");
        return Totp.CodeOf((byte[])(await command.ExecuteScalarAsync())!, Totp.StepOf(TimeProvider.System.GetUtcNow()));
    }

    private async Task<Server> StartAsync()
    {
        var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<UserRepository>().CreateAsync("jane", Password, TokenRole.Producer);
        return server;
    }

    private sealed class Pages(string url) : IViewerUrls
    {
        public ViewerUrls For(string asked) => new(url, url);
    }
}
