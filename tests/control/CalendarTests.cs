using System.Globalization;
using System.Net;
using System.Text;
using Broadcast.Control.Calendars;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class CalendarTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Calendar_lines_are_folded_at_75_bytes_between_characters_and_unfold_losslessly()
    {
        var title = string.Concat(Enumerable.Repeat("Größe 🎬, ", 30));

        var text = new CalendarText().Text("SUMMARY", title).ToString();

        text.ShouldEndWith("\r\n");
        var lines = text.Split("\r\n")[..^1];
        lines.ShouldAllBe(l => Encoding.UTF8.GetByteCount(l) <= 75);
        lines.Length.ShouldBeGreaterThan(4);
        lines.Skip(1).ShouldAllBe(l => l[0] == ' ');
        text.Replace("\r\n ", "", StringComparison.Ordinal).ShouldBe($"SUMMARY:{title.Replace(",", "\\,", StringComparison.Ordinal)}\r\n");
    }

    [Fact]
    public void Calendar_text_is_escaped_and_cannot_inject_lines() =>
        new CalendarText().Text("DESCRIPTION", "a;b,c\\d\r\nEND:VEVENT\u0007\n").ToString()
        .ShouldBe("DESCRIPTION:a\\;b\\,c\\\\d\\nEND:VEVENT \\n\r\n");

    [Fact]
    public void Calendar_event_uses_its_time_zone_and_includes_the_zone_rules()
    {
        var text = Write(Event("01JGFJJZ00SHOW000000000000", "2030-06-01T20:00", "Europe/Berlin"));

        text.ShouldStartWith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:");
        Lines(text).ShouldContain("UID:01JGFJJZ00SHOW000000000000@broadcast");
        Lines(text).ShouldContain("DTSTART;TZID=Europe/Berlin:20300601T200000");
        Lines(text).ShouldContain("DTEND;TZID=Europe/Berlin:20300601T210000");
        Lines(text).ShouldContain("URL:https://example.org/watch/demo");
        var zone = text[text.IndexOf("BEGIN:VTIMEZONE", StringComparison.Ordinal)..text.IndexOf("END:VTIMEZONE", StringComparison.Ordinal)];
        zone.ShouldContain(
            "BEGIN:DAYLIGHT\r\nDTSTART:20300331T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT");
        zone.ShouldContain(
            "BEGIN:STANDARD\r\nDTSTART:20301027T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD");
    }

    [Theory]
    [InlineData("America/New_York", "FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "FREQ=YEARLY;BYMONTH=11;BYDAY=1SU")]
    [InlineData("Australia/Lord_Howe", "FREQ=YEARLY;BYMONTH=10;BYDAY=1SU", "TZOFFSETTO:+1030")]
    [InlineData("Asia/Kathmandu", "TZOFFSETTO:+0545", "BEGIN:STANDARD")]
    [InlineData("Africa/Casablanca", "TZOFFSETTO:+0000", "TZOFFSETTO:+0100")]   // lunar dates: no rule, each change is separate
    public void Calendar_contains_the_transition_rules_of_unusual_time_zones(string zone, string first, string second)
    {
        var lines = Lines(Write(Event("01JGFJJZ00SHOW000000000000", "2030-06-01T20:00", zone)));
        lines.ShouldContain(l => l.EndsWith(first, StringComparison.Ordinal));
        lines.ShouldContain(l => l.EndsWith(second, StringComparison.Ordinal));
    }

    [Fact]
    public void UTC_event_needs_no_time_zone_definition()
    {
        var text = Write(Event("01JGFJJZ00SHOW000000000000", "2030-06-01T20:00", "UTC"));
        text.ShouldNotContain("VTIMEZONE");
        Lines(text).ShouldContain("DTSTART:20300601T200000Z");
    }

    [Fact]
    public void Series_is_written_as_a_recurrence_rule_with_exceptions()
    {
        var series = Event("01JGFJJZ00SER1ES0000000000", "2030-01-02T20:00", "Europe/Berlin")
            with { Kind = EventKind.Series, Recurrence = "FREQ=WEEKLY;UNTIL=20300630T235959", LocalStart = Wall("2030-01-02T20:00") };
        var changed = Event("01JGFJJZ000CCVRRENCE000001", "2030-01-09T21:00", "Europe/Berlin") with
        {
            Kind = EventKind.Occurrence, Series = series.Id, LocalStart = Wall("2030-01-09T19:00"), Title = "Special", IsChanged = true,
        };
        var cancelled = Event("01JGFJJZ000CCVRRENCE000002", "2030-01-16T20:00", "Europe/Berlin") with
        {
            Kind = EventKind.Occurrence, Series = series.Id, LocalStart = Wall("2030-01-16T20:00"), State = EventState.Cancelled,
        };

        var lines = Lines(Write(series, changed, cancelled));

        lines.Count(l => l == "UID:01JGFJJZ00SER1ES0000000000@broadcast").ShouldBe(2);
        lines.ShouldContain("RRULE:FREQ=WEEKLY;UNTIL=20300630T215959Z");
        lines.ShouldContain("EXDATE;TZID=Europe/Berlin:20300116T200000");
        lines.ShouldContain("RECURRENCE-ID;TZID=Europe/Berlin:20300109T200000", "the series was moved by an hour since");
        lines.ShouldContain("DTSTART;TZID=Europe/Berlin:20300109T210000");
        lines.ShouldNotContain(l => l.Contains("000002", StringComparison.Ordinal));
    }

    [Fact]
    public void Repeated_local_time_is_written_in_UTC()
    {
        var second = new DateTimeOffset(2030, 10, 27, 1, 30, 0, TimeSpan.Zero);   // 2:30 in Berlin, the second one
        var lines = Lines(Write(Event("01JGFJJZ00SHOW000000000000", "2030-06-01T20:00", "Europe/Berlin")
            with { StartsAt = second, EndsAt = second.AddHours(1) }));
        lines.ShouldContain("DTSTART:20301027T013000Z");
        lines.ShouldContain("DTEND;TZID=Europe/Berlin:20301027T033000");
    }

    [Fact]
    public async Task Calendar_feed_is_readable_at_its_URL_until_it_is_deleted()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        await server.Get<ChannelRepository>().CreateAsync("other", new());
        var start = TimeProvider.System.GetUtcNow().AddDays(1);
        foreach (var channel in (string[])["demo", "other"])
        {
            await server.Get<EventRepository>().CreateAsync(
                new() { Title = $"On {channel}", Channel = channel, Start = EventTime.At(start), End = EventTime.At(start.AddHours(1)) });
        }

        var producer = await server.TokenAsync(TokenRole.Producer);
        var (_, issued, _) = await server.SendAsync("POST", "/api/v1/calendar-feeds", producer, new { channel = "demo", label = "Jane" });
        var address = issued.GetProperty("url").GetString()!;
        var id = issued.GetProperty("info").GetProperty("id").GetString()!;

        address.ShouldStartWith(server.Address);
        var calendar = await server.Client.GetStringAsync(new Uri(address));
        Lines(calendar).ShouldContain("SUMMARY:On demo");
        calendar.ShouldNotContain("On other");
        calendar.ShouldNotContain(address.Split('/')[^2]);
        using var whole = new HttpRequestMessage(HttpMethod.Get,
            "/api/v1/events.ics") { Headers = { Authorization = new("Bearer", producer) } };
        using var all = await server.Client.SendAsync(whole);
        all.Content.Headers.ContentType!.ToString().ShouldBe("text/calendar; charset=utf-8");
        (await all.Content.ReadAsStringAsync()).ShouldContain("SUMMARY:On other");
        var listed = (await server.SendAsync("GET", "/api/v1/calendar-feeds", producer)).Body[0];
        (listed.GetProperty("id").GetString(), listed.GetProperty("channel").GetString(),
            listed.GetProperty("lastUsedAt").ValueKind).ShouldBe((id, "demo", System.Text.Json.JsonValueKind.String));
        listed.ToString().ShouldNotContain(address.Split('/')[^2][9..]);

        (await server.SendAsync("DELETE", $"/api/v1/calendar-feeds/{id}", producer)).Status.ShouldBe(204);
        foreach (var gone in (string[])[address, address.Replace(id, "00000000", StringComparison.Ordinal),
            "/api/v1/calendars/x/events.ics"])
        {
            using var answer = await server.Client.GetAsync(new Uri(gone, UriKind.RelativeOrAbsolute));
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }
    }

    private static string Write(params EventInfo[] events) =>
        EventCalendar.Write("Broadcast", events, Now, channel => $"https://example.org/watch/{channel}");

    private static List<string> Lines(string text) => [.. text.Replace("\r\n ", "", StringComparison.Ordinal).Split("\r\n")];

    private static EventInfo Event(string id, string start, string zone)
    {
        LocalDateTime.TryFind(zone, out var found).ShouldBeTrue();
        var at = LocalDateTime.ToInstant(Wall(start), found!);
        return new(id, EventKind.Single, "demo", "Show", EventState.Scheduled, at, at.AddHours(1),
            zone) { Policy = EventRules.DefaultPolicy, CreatedAt = Now, UpdatedAt = Now };
    }

    private static DateTime Wall(string text) => DateTime.ParseExact(text, "yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);
}
