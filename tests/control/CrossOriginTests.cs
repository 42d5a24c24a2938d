using Broadcast.Control.Api;
using Broadcast.Control.Identity;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class CrossOriginTests(PostgresFixture postgres)
{
    private const string Studio = "https://studio.example.org";

    [Fact]
    public async Task Cross_origin_request_gets_no_CORS_headers_unless_its_origin_is_allowed()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var viewer = await server.TokenAsync(TokenRole.Viewer);

        var (status, _, response) = await server.SendAsync("GET", "/api/v1/me", viewer, null, ("Origin", Studio));

        status.ShouldBe(200, "a program may send what it likes");
        response.Headers.Where(h => h.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase)).ShouldBeEmpty();
        var (preflight, _, refused) = await AskAsync(server, Studio);
        preflight.ShouldNotBe(204);
        refused.Headers.Contains("Access-Control-Allow-Origin").ShouldBeFalse();
    }

    [Fact]
    public async Task Allowed_origin_can_send_a_token_and_read_exposed_headers()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:AllowedOrigins", $"http://localhost:3000, {Studio}"));
        var viewer = await server.TokenAsync(TokenRole.Viewer);

        var (preflight, _, asked) = await AskAsync(server, Studio);
        var (status, _, answer) = await server.SendAsync("GET", "/api/v1/me", viewer, null, ("Origin", Studio));
        var (_, _, unknown) = await server.SendAsync("GET", "/api/v1/me", null, null, ("Origin", Studio));
        var (_, _, other) = await AskAsync(server, "https://studio.example.org.evil.example");

        preflight.ShouldBe(204);
        Header(asked, "Access-Control-Allow-Origin").ShouldBe(Studio);
        Header(asked, "Access-Control-Allow-Methods").ShouldContain("PATCH");
        Header(asked, "Access-Control-Allow-Headers").ShouldContain("Authorization");
        Header(asked, "Access-Control-Allow-Headers").ShouldContain("Idempotency-Key");
        status.ShouldBe(200);
        Header(answer, "Access-Control-Allow-Origin").ShouldBe(Studio);
        Header(answer, "Access-Control-Expose-Headers").ShouldContain("ETag");
        Header(answer, "Vary").ShouldContain("Origin");
        Header(unknown, "Access-Control-Allow-Origin").ShouldBe(Studio, "the page has to see that its token is no good");
        other.Headers.Contains("Access-Control-Allow-Origin").ShouldBeFalse();
        foreach (var response in (HttpResponseMessage[])[asked, answer, unknown])
        {
            response.Headers.Contains("Access-Control-Allow-Credentials").ShouldBeFalse("a login is not for other sites");
        }
    }

    [Theory]
    [InlineData("https://studio.example.org", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("https://studio.example.org/", false)]
    [InlineData("https://studio.example.org/app", false)]
    [InlineData("https://jane@studio.example.org", false)]
    [InlineData("https://studio.example.org:443", false)]
    [InlineData("https://Studio.example.org", false)]
    [InlineData("studio.example.org", false)]
    [InlineData("file:///", false)]
    [InlineData("*", false)]
    [InlineData("null", false)]
    public void Allowed_origins_must_have_the_form_that_browsers_send(string text, bool isOne)
    {
        CrossOrigin.IsOrigin(text).ShouldBe(isOne);
        new ControlOptions { AllowedOrigins = text }.Validate().Count().ShouldBe(isOne ? 0 : 1);
    }

    private static Task<(int Status, System.Text.Json.JsonElement Body, HttpResponseMessage Response)> AskAsync(Server server,
        string origin) => server.SendAsync(
        "OPTIONS", "/api/v1/channels", null, null, ("Origin", origin), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"));

    private static string Header(HttpResponseMessage response, string name) => response.Headers.NonValidated[name].ToString();
}
