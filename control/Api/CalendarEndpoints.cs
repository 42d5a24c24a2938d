using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/events.ics</c> for programs that send a token, <c>/api/v1/calendars/{feed}/events.ics</c> for calendars, which cannot, and <c>/api/v1/calendar-feeds</c>.</summary>
internal static class CalendarEndpoints
{
    private const string CalendarType = "text/calendar";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/events.ics", async (string? channel, HttpContext http, CalendarFeeds feeds) =>
                TypedResults.Text(await feeds.WriteAsync(channel, Watch(http), http.RequestAborted), EventCalendar.MediaType))
            .Asks(TokenRole.Viewer).Produces<string>(200, CalendarType).Describe("getCalendar", "The events of a 'channel', or all, as iCalendar (RFC 5545).", 0, 404);

        api.MapGet("/calendars/{feed}/events.ics", async (string feed, HttpContext http, CalendarFeeds feeds) =>
                TypedResults.Text(await feeds.ReadAsync(feed, Watch(http), http.RequestAborted), EventCalendar.MediaType))
            .Produces<string>(200, CalendarType)
            .Describe("readCalendarFeed", "The events as iCalendar at an address that calendars subscribe to. Needs no token: the address is the secret.", 0, 404);

        api.MapGet("/calendar-feeds", async (HttpContext http, CalendarFeeds feeds) => (await feeds.ListAsync(http.RequestAborted)).Select(CalendarFeedView.From).ToList())
            .Asks(TokenRole.Producer).Describe<List<CalendarFeedView>>("listCalendarFeeds", "The addresses that calendars subscribe to, without their secrets, newest first.");

        api.MapPost("/calendar-feeds", CreateAsync).Asks(TokenRole.Producer).Takes<NewCalendarFeed>()
            .Describe<IssuedFeedView>("createCalendarFeed", "Makes an address that calendars subscribe to, for one channel or all; it is shown this once.", 201, 404, 409).Repeatable<IssuedFeedView>();

        api.MapDelete("/calendar-feeds/{id}", async (string id, HttpContext http, CalendarFeeds feeds) =>
            {
                await feeds.RevokeAsync(id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Producer).Describe("revokeCalendarFeed", "Withdraws an address for good.", 204, 404);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, CalendarFeeds feeds, IOptions<ControlOptions> options, TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (channel, label) = (body.Text("channel"), body.Text("label") ?? "");
        body.Check(ChannelRules.LabelMistakes(label, null, time.GetUtcNow()));
        var made = await feeds.CreateAsync(channel, label, http.RequestAborted);
        return TypedResults.Created($"/api/v1/calendar-feeds/{made.Info.Id}", new IssuedFeedView(CalendarFeedView.From(made.Info), Pages(http) + made.Path));
    }

    private static Func<string, string> Watch(HttpContext http)
    {
        var pages = Pages(http);
        return channel => $"{pages}/watch/{channel}";
    }

    private static string Pages(HttpContext http)
    {
        var asked = string.Create(CultureInfo.InvariantCulture, $"{http.Request.Scheme}://{http.Request.Host.Value}");
        return http.RequestServices.GetService<IViewerAddresses>()?.For(asked).Pages ?? asked;
    }
}

internal sealed record NewCalendarFeed(string? Channel, string? Label);

internal sealed record CalendarFeedView(string Id, string? Channel, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
{
    public static CalendarFeedView From(CalendarFeedInfo f) => new(f.Id, f.Channel, f.Label, f.CreatedAt, f.LastUsedAt, f.RevokedAt);
}

internal sealed record IssuedFeedView(CalendarFeedView Info, string Address);
