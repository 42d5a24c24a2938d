using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class EventApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Event_API_creates_changes_and_cancels_a_series()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var producer = await server.TokenAsync(TokenRole.Producer);

        var (status, series, response) = await server.SendAsync(
            "POST", "/api/v1/events", producer,
            new { title = "Weekly", channel = "demo", start = Day(1) + "T20:00", end = Day(1) + "T21:30:00", timeZone = "Europe/Berlin",
                recurrence = "FREQ=WEEKLY;COUNT=3", record = "off", announced = "off", noShowSeconds = 600 });
        status.ShouldBe(201);
        var id = Text(series, "id");
        response.Headers.Location!.ToString().ShouldBe($"/api/v1/events/{id}");
        (Text(series, "kind"), Text(series, "state"), Text(series, "recurrence"),
            Text(series, "localStart")).ShouldBe(("series", "scheduled", "FREQ=WEEKLY;COUNT=3", Day(1) + "T20:00:00"));
        (Text(series, "record"), Text(series, "ladder"), Text(series, "startMode"), Text(series, "overrun"),
            series.GetProperty("noShowSeconds").GetInt32()).ShouldBe(("off", "channel", "automatic", "end", 600));
        Text(series, "announced").ShouldBe("off");
        series.GetProperty("pageUrl").ValueKind.ShouldBe(JsonValueKind.Null, "its occurrences have pages");

        var occurrences = (await server.SendAsync("GET", $"/api/v1/events/{id}/occurrences", producer)).Body.EnumerateArray().ToList();
        occurrences.ShouldAllBe(o => Text(o, "announced") == "off");
        occurrences.ShouldAllBe(o => Text(o, "pageUrl").StartsWith("http://", StringComparison.Ordinal)
            && Text(o, "pageUrl").EndsWith("/event/" + Text(o, "id"), StringComparison.Ordinal));
        occurrences.Select(o => Text(o, "localStart")).ShouldBe([Day(1) + "T20:00:00", Day(8) + "T20:00:00", Day(15) + "T20:00:00"]);
        var (_, changed, _) = await server.SendAsync("PATCH", $"/api/v1/events/{Text(occurrences[1], "id")}", producer,
            new { start = Day(8) + "T21:00", title = "Later" });
        (Text(changed, "localStart"), changed.GetProperty("isChanged").GetBoolean(),
            Text(changed, "title")).ShouldBe((Day(8) + "T21:00:00", true, "Later"));
        (await server.SendAsync("DELETE", $"/api/v1/events/{Text(occurrences[1], "id")}", producer)).Status.ShouldBe(409);
        (await server.SendAsync("POST", $"/api/v1/events/{id}/go-live", producer)).Status.ShouldBe(409);

        var (_, live, _) = await server.SendAsync("POST", $"/api/v1/events/{Text(occurrences[0], "id")}/go-live", producer);
        (Text(live, "state"), Text(live, "reason").StartsWith("made live by", StringComparison.Ordinal)).ShouldBe(("live", true));
        (await server.SendAsync("GET", "/api/v1/events?channel=demo&state=live&limit=1", producer)).Body.GetArrayLength().ShouldBe(1);
        (await server.SendAsync("POST", $"/api/v1/events/{Text(occurrences[2], "id")}/go-live", producer)).Status.ShouldBe(409);
        (await server.SendAsync("POST", $"/api/v1/events/{Text(occurrences[0], "id")}/end", producer)).Body.GetProperty("state").GetString()
            .ShouldBe("ended");
        (await server.SendAsync("GET", $"/api/v1/events/{Text(occurrences[0], "id")}/history", producer)).Body.EnumerateArray()
            .Select(s => Text(s, "state")).ShouldBe(["live", "ended"]);
        (await server.SendAsync("POST", $"/api/v1/events/{id}/cancel", producer)).Body.GetProperty("state").GetString()
            .ShouldBe("cancelled");
        (await server.SendAsync("PATCH", $"/api/v1/events/{id}", producer, new { title = "x" })).Status.ShouldBe(409);
        (await server.SendAsync("DELETE", $"/api/v1/events/{id}", producer)).Status.ShouldBe(204);
        (await server.SendAsync("GET", $"/api/v1/events/{id}", producer)).Status.ShouldBe(404);
        (await server.SendAsync("GET", "/api/v1/events", producer)).Body.GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Conflicting_event_is_named_in_the_response()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var producer = await server.TokenAsync(TokenRole.Producer);
        object Show(string title) => new { title, channel = "demo", start = Day(1) + "T20:00:00Z", end = Day(1) + "T21:00:00Z" };
        (await server.SendAsync("POST", "/api/v1/events", producer, Show("First"))).Status.ShouldBe(201);

        var (status, problem, _) = await server.SendAsync("POST", "/api/v1/events", producer, Show("Second"));

        status.ShouldBe(409);
        Text(problem, "detail").ShouldContain("'First'");
    }

    [Theory]
    [InlineData("{}", "channel,end,start,title")]
    [InlineData("""{"title":"a","channel":"demo","start":"tomorrow","end":5}""", "end,start")]
    [InlineData(
        """{"title":"a","channel":"demo","start":"2030-01-01T20:00","end":"2030-01-01T21:00","state":"live","previewSeconds":-1,"recurrence":"daily"}""", "previewSeconds,recurrence,state")]
    public async Task Every_invalid_member_of_a_request_body_is_listed(string json, string members)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        using var body = new StringContent(json, System.Text.Encoding.UTF8, "application/json");

        var (status, problem, _) = await server.SendAsync("POST", "/api/v1/events", await server.TokenAsync(TokenRole.Producer), body);

        status.ShouldBe(400);
        string.Join(',', problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal))
            .ShouldBe(members);
    }

    [Theory]
    [InlineData("from=today")]
    [InlineData("from=2030-01-01T20:00")]
    [InlineData("limit=0")]
    [InlineData("limit=201")]
    [InlineData("state=over")]
    [InlineData("after=x")]
    public async Task Invalid_event_query_is_rejected(string query)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        (await server.SendAsync("GET", "/api/v1/events?" + query, await server.TokenAsync(TokenRole.Viewer))).Status.ShouldBe(400);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string Day(int fromNow) => TimeProvider.System.GetUtcNow().AddDays(fromNow).ToString("yyyy-MM-dd");
}
