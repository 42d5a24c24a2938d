using Broadcast.Control.Access;
using Broadcast.Control.Api;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class PagingTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(null, 50)]
    [InlineData("7", 7)]
    [InlineData("-1", 0)]
    [InlineData("many", 0)]
    [InlineData("99999999999", 0)]
    public void Page_limit_is_parsed_and_invalid_limits_are_rejected(string? text, int limit) => Paging.Limit(text).ShouldBe(limit);

    [Fact]
    public void Next_page_URL_keeps_the_query_and_replaces_the_cursor()
    {
        var request = new DefaultHttpContext().Request;
        (request.PathBase, request.Path) = ("/tv", "/api/v1/audit");
        request.QueryString = new("?actor=user%2Fjane%20doe&before=90&limit=2");

        Paging.NextUrl(request, "before", "88>").ShouldBe("/tv/api/v1/audit?actor=user%2Fjane%20doe&limit=2&before=88%3E");
    }

    [Fact]
    public void Event_cursor_is_an_id_with_or_without_its_start()
    {
        var start = new DateTimeOffset(2030, 1, 31, 18, 0, 0, TimeSpan.Zero).AddTicks(10);
        var e = new EventInfo("01ARZ3NDEKTSV4RRFFQ69G5FAV", EventKind.Single, "demo", "Show", EventState.Scheduled, start, start,
            "UTC") { Policy = new(false, TimeSpan.Zero, TimeSpan.Zero, false, null) };

        EventCursor.Parse(EventCursor.Of(e)).ShouldBe((e.Id, (DateTimeOffset?)start));
        EventCursor.Parse(e.Id).ShouldBe((e.Id, null));
        EventCursor.Parse(null).ShouldBe((null, null));
        EventCursor.Parse(e.Id + "~-1").ShouldBe((e.Id + "~-1", null));
        EventCursor.Parse(e.Id + "~9223372036854775807").ShouldBe((e.Id + "~9223372036854775807", null));
    }

    [Fact]
    public async Task Lists_link_to_their_next_page_until_the_last()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var admin = await server.TokenAsync(TokenRole.Admin);
        for (var i = 0; i < 5; i++)
        {
            await server.Get<ChannelRepository>().CreateAsync($"c{i}", new());
        }

        var (subjects, pages) = await ReadAsync(server, "/api/v1/audit?action=channel.create&limit=2", admin, "subject");

        subjects.ShouldBe(["channel/c4", "channel/c3", "channel/c2", "channel/c1", "channel/c0"]);
        pages.ShouldBe(3);
        (await server.SendAsync("GET", "/api/v1/audit?action=channel.create", admin)).Response.Headers.Contains("Link")
            .ShouldBeFalse("that page is not full");
    }

    [Fact]
    public async Task Viewer_tokens_are_paged_on_request()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var producer = await server.TokenAsync(TokenRole.Producer);
        var made = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            made.Add((await server.Get<ViewerTokens>().CreateAsync("demo")).Info.Id);
        }

        var (ids, _) = await ReadAsync(server, "/api/v1/channels/demo/viewer-tokens?limit=2", producer, "id");

        ids.ShouldBe(made, ignoreOrder: true);
        ids.Distinct(StringComparer.Ordinal).Count().ShouldBe(5);
        (await server.SendAsync("GET", "/api/v1/channels/demo/viewer-tokens", producer)).Body.GetArrayLength().ShouldBe(5);
        (await server.SendAsync("GET", "/api/v1/channels/demo/viewer-tokens?limit=501", producer)).Status.ShouldBe(400);
        (await server.SendAsync("GET", "/api/v1/channels/demo/viewer-tokens?before=%00", producer)).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Viewer_token_pages_continue_even_if_the_last_token_was_deleted()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var producer = await server.TokenAsync(TokenRole.Producer);
        var made = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            made.Insert(0, (await server.Get<ViewerTokens>().CreateAsync("demo")).Info.Id);
        }

        // All except the oldest have the same time, so the id decides.
        await using (var same = server.Get<ServerDatabase>().Source.CreateCommand(
            "UPDATE viewer_tokens SET created_at = (SELECT max(created_at) FROM viewer_tokens) WHERE created_at > (SELECT min(created_at) "
            + "FROM viewer_tokens)"))
        {
            await same.ExecuteNonQueryAsync();
        }

        var all = (await server.Get<ViewerTokens>().ListAsync("demo")).Select(t => t.Id).ToList();
        var (_, first, response) = await server.SendAsync("GET", "/api/v1/channels/demo/viewer-tokens?limit=2", producer);
        await using (var clear = server.Get<ServerDatabase>().Source.CreateCommand("DELETE FROM viewer_tokens WHERE id = $1"))
        {
            clear.Parameters.Add(new() { Value = first[1].GetProperty("id").GetString() });
            (await clear.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        var (_, second, _) = await server.SendAsync("GET", NextOf(response)!, producer);

        all[3].ShouldBe(made[3]);
        second.EnumerateArray().Select(t => t.GetProperty("id").GetString()).ShouldBe(all[2..]);
        (await server.SendAsync("GET", $"/api/v1/channels/demo/viewer-tokens?before={all[0]}", producer)).Body.GetArrayLength()
            .ShouldBe(2, "an id alone is a place as long as there is that token");
        (await server.SendAsync("GET", $"/api/v1/channels/demo/viewer-tokens?before={all[1]}", producer)).Body.GetArrayLength()
            .ShouldBe(0, "and none afterwards");
    }

    [Fact]
    public async Task Event_pages_continue_even_if_the_last_event_was_deleted()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var producer = await server.TokenAsync(TokenRole.Producer);
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 1; i <= 4; i++)
        {
            await server.Get<EventRepository>().CreateAsync(new()
            {
                Title = $"Show {i}", Channel = "demo", Start = EventTime.At(now.AddDays(i)), End = EventTime.At(now.AddDays(i).AddHours(1)),
            });
        }

        var (_, first, response) = await server.SendAsync("GET", "/api/v1/events?limit=2", producer);
        (await server.SendAsync("DELETE", $"/api/v1/events/{first[1].GetProperty("id").GetString()}", producer)).Status.ShouldBe(204);
        var (_, second, _) = await server.SendAsync("GET", NextOf(response)!, producer);

        second.EnumerateArray().Select(e => e.GetProperty("title").GetString()).ShouldBe(["Show 3", "Show 4"]);
    }

    [Fact]
    public async Task Document_describes_the_links_of_paged_lists()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, document, _) = await server.SendAsync("GET", "/api/v1/openapi.json", await server.TokenAsync(TokenRole.Viewer));

        foreach (var path in (string[])["/audit", "/events", "/events/{id}/occurrences", "/recordings", "/channels/{name}/recordings",
            "/channels/{name}/sessions", "/channels/{name}/viewer-tokens", "/webhooks/{id}/deliveries"])
        {
            document.GetProperty("paths").GetProperty("/api/v1" + path).GetProperty("get").GetProperty("responses").GetProperty("200")
                .GetProperty("headers").TryGetProperty("Link", out _).ShouldBeTrue(path);
        }
    }

    private static async Task<(List<string> Values, int Pages)> ReadAsync(Server server, string path, string token, string member)
    {
        var values = new List<string>();
        var pages = 0;
        for (string? next = path; next is not null && pages < 10; pages++)
        {
            var (status, page, response) = await server.SendAsync("GET", next, token);
            status.ShouldBe(200);
            values.AddRange(page.EnumerateArray().Select(e => e.GetProperty(member).GetString()!));
            next = NextOf(response);
        }

        return (values, pages);
    }

    private static string? NextOf(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Link", out var links))
        {
            return null;
        }

        var link = links.Single();
        link.ShouldStartWith("</api/v1/");
        link.ShouldEndWith(">; rel=\"next\"");
        return link[1..link.IndexOf('>', StringComparison.Ordinal)];
    }
}
