using System.Text.Json;
using Broadcast.Control.Api;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media.IngestToControl;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class ETagTests(PostgresFixture postgres)
{
    private const string Password = "a long password";

    [Theory]
    [InlineData("\"a\"", false)]
    [InlineData("*", false)]
    [InlineData("\"x\", \"a\"", false)]
    [InlineData("W/\"a\"", true)]
    [InlineData("\"x\"", true)]
    [InlineData("a", true)]
    [InlineData("\"a", true)]
    public void If_Match_accepts_a_change_only_for_the_current_ETag(string header, bool isRefused)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.IfMatch = header;

        var check = ETags.PreconditionOf<string>(http, _ => "\"a\"").ShouldNotBeNull();

        if (isRefused)
        {
            Should.Throw<OperationException>(() => check("")).Code.ShouldBe(OperationErrorCode.Stale);
        }
        else
        {
            check("");
        }
    }

    [Fact]
    public void No_precondition_is_checked_without_If_Match() => ETags.PreconditionOf<string>(new DefaultHttpContext(), _ => "\"a\"")
    .ShouldBeNull();

    [Fact]
    public void ETag_of_a_channel_covers_its_settings_and_ETag_of_a_user_ignores_logins()
    {
        var channel = new ChannelInfo("demo", "", "auto", "standard", TimeSpan.FromSeconds(60), "public", DateTimeOffset.UnixEpoch);
        ETags.Of(channel with { Title = "x" }).ShouldNotBe(ETags.Of(channel));
        ETags.Of(channel with { Record = !channel.Record }).ShouldNotBe(ETags.Of(channel));
        var user = new UserInfo("jane", "", TokenRole.Admin, false, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, null, null);
        ETags.Of(user with { LastLoginAt = DateTimeOffset.UnixEpoch }).ShouldBe(ETags.Of(user));
        ETags.Of(user with { Role = TokenRole.Viewer }).ShouldNotBe(ETags.Of(user));
        ETags.Of(user).ShouldMatch("^\"[0-9a-f]{32}\"$");
    }

    [Theory]
    [InlineData("channels")]
    [InlineData("events")]
    [InlineData("recordings")]
    [InlineData("webhooks")]
    [InlineData("users")]
    public async Task Change_with_a_stale_ETag_is_rejected_and_overwrites_nothing(string kind)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        var (path, member) = await MadeAsync(server, kind);
        var (_, _, read) = await server.SendAsync("GET", path, admin);
        var tag = TagOf(read);
        TagOf((await server.SendAsync("GET", path, admin)).Response).ShouldBe(tag, "nothing was changed");

        var (first, changed, answer) = await server.SendAsync("PATCH", path, admin, Change(member, "First"), ("If-Match", tag));
        var (second, problem, _) = await server.SendAsync("PATCH", path, admin, Change(member, "Second"), ("If-Match", tag));

        (first, changed.GetProperty(member).GetString()).ShouldBe((200, "First"));
        (second, problem.GetProperty("status").GetInt32()).ShouldBe((412, 412));
        (await server.SendAsync("DELETE", path, admin, null, ("If-Match", tag))).Status.ShouldBe(412);
        var (_, now, again) = await server.SendAsync("GET", path, admin);
        now.GetProperty(member).GetString().ShouldBe("First");
        TagOf(again).ShouldBe(TagOf(answer), "who changed it has its tag already");
        (await server.Get<AuditLog>().ListAsync(new(Actor: "token"))).Count.ShouldBe(1, "what was refused left nothing");

        (await server.SendAsync("PATCH", path, admin, Change(member, "Third"), ("If-Match", "*"))).Status.ShouldBe(200);
        (await server.SendAsync("PATCH", path, admin, Change(member, "Fourth"))).Status.ShouldBe(200);
        var last = TagOf((await server.SendAsync("GET", path, admin)).Response);
        (await server.SendAsync("DELETE", path, admin, null, ("If-Match", last))).Status.ShouldBe(204);
        (await server.SendAsync("PATCH", path, admin, Change(member, "Fifth"), ("If-Match", last))).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("events")]
    [InlineData("recordings")]
    public async Task Request_with_the_current_ETag_gets_304_without_a_body(string kind)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var viewer = await server.TokenAsync(TokenRole.Viewer);
        var (path, _) = await MadeAsync(server, kind);
        var tag = TagOf((await server.SendAsync("GET", path, viewer)).Response);

        var (status, body, response) = await server.SendAsync("GET", path, viewer, null, ("If-None-Match", "W/" + tag));

        (status, body.ValueKind).ShouldBe((304, JsonValueKind.Undefined));
        TagOf(response).ShouldBe(tag);
        (await server.SendAsync("GET", path, viewer, null, ("If-None-Match", "\"other\""))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Document_lists_operations_with_ETag_preconditions()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, document, _) = await server.SendAsync("GET", "/api/v1/openapi.json", await server.TokenAsync(TokenRole.Viewer));

        foreach (var path in (string[])["/channels/{name}", "/events/{id}", "/recordings/{id}", "/webhooks/{id}", "/users/{name}"])
        {
            var operations = document.GetProperty("paths").GetProperty("/api/v1" + path);
            operations.GetProperty("get").GetProperty("responses").GetProperty("200").GetProperty("headers").TryGetProperty("ETag", out _)
                .ShouldBeTrue(path);
            foreach (var method in (string[])["patch", "delete"])
            {
                operations.GetProperty(method).GetProperty("responses").TryGetProperty("412", out _).ShouldBeTrue(path);
                operations.GetProperty(method).GetProperty("parameters").EnumerateArray()
                    .ShouldContain(p => p.GetProperty("name").GetString() == "If-Match", path);
            }
        }
    }

    private static Dictionary<string, string> Change(string member, string value) => new(StringComparer.Ordinal) { [member] = value };

    private static string TagOf(HttpResponseMessage response) => response.Headers.NonValidated["ETag"].ToString();

    private static async Task<(string Path, string Member)> MadeAsync(Server server, string kind)
    {
        var channel = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var now = TimeProvider.System.GetUtcNow();
        switch (kind)
        {
            case "channels":
                return ("/api/v1/channels/demo", "title");

            case "events":
                var planned = await server.Get<EventRepository>()
                    .CreateAsync(new() { Title = "Planned", Channel = "demo", Start = EventTime.At(now.AddDays(1)),
                        End = EventTime.At(now.AddDays(1).AddHours(1)) });
                return ($"/api/v1/events/{planned.Id}", "title");

            case "recordings":
                var session = ((PublishDecision.Granted)await server.AskAsync(channel.Key.StreamKey)).Grant.Session.Id;
                await server.Get<SessionWriter>().FlushAsync(default);
                return ($"/api/v1/recordings/{session.Value}", "title");

            case "webhooks":
                return ($"/api/v1/webhooks/{(await server.Get<WebhookRepository>().CreateAsync(new("http://127.0.0.1:1/"))).Info.Id}",
                    "label");

            default:
                await server.Get<UserRepository>().CreateAsync("jane", Password, TokenRole.Viewer);
                return ("/api/v1/users/jane", "displayName");
        }
    }
}
