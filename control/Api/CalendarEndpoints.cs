using System.Globalization;
using Broadcast.Control.Access;
using Broadcast.Control.Calendars;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>
/// Endpoints of <c>/api/v1/events.ics</c> for programs that send a token, <c>/api/v1/calendars/{feed}/events.ics</c> for calendar
/// applications, which cannot, and <c>/api/v1/calendar-feeds</c>.
/// </summary>
internal static class CalendarEndpoints
{
    private const string CalendarType = "text/calendar";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/events.ics", async (string? channel, HttpContext http, CalendarFeeds feeds) =>
                TypedResults.Text(await feeds.WriteAsync(channel, WatchPageUrl(http), http.RequestAborted), EventCalendar.MediaType))
            .RequireRole(TokenRole.Viewer).Produces<string>(200, CalendarType)
            .Describe("getCalendar", "Get events as iCalendar (RFC 5545), of all channels or one 'channel'.", 0, 404);

        api.MapGet("/calendars/{feed}/events.ics", async (string feed, HttpContext http, CalendarFeeds feeds) =>
                TypedResults.Text(await feeds.ReadAsync(feed, WatchPageUrl(http), http.RequestAborted), EventCalendar.MediaType))
            .Produces<string>(200, CalendarType)
            .Describe("readCalendarFeed", "Get events as iCalendar for subscribed calendars. Needs no token: the URL is the secret.", 0,
                404);

        api.MapGet("/calendar-feeds", async (HttpContext http, CalendarFeeds feeds) =>
            (await feeds.ListAsync(http.RequestAborted)).Select(CalendarFeedView.From).ToList())
            .RequireRole(TokenRole.Producer).Describe<List<CalendarFeedView>>("listCalendarFeeds",
                "List calendar feeds without their secrets, newest first.");

        api.MapPost("/calendar-feeds", CreateAsync).RequireRole(TokenRole.Producer).AcceptsBody<NewCalendarFeed>()
            .Describe<IssuedFeedView>("createCalendarFeed", "Create a calendar feed for one channel or all. Its URL is shown only once.",
                201, 404, 409).WithIdempotencyKey<IssuedFeedView>();

        api.MapDelete("/calendar-feeds/{id}", async (string id, HttpContext http, CalendarFeeds feeds) =>
            {
                await feeds.RevokeAsync(id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Producer).Describe("revokeCalendarFeed", "Revoke a calendar feed permanently.", 204, 404);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, CalendarFeeds feeds, IOptions<ControlOptions> options,
        [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (channel, label) = (body.Text("channel"), body.Text("label") ?? "");
        body.ThrowIfInvalid(ChannelRules.ValidateLabel(label, null, time.GetUtcNow()));
        var created = await feeds.CreateAsync(channel, label, http.RequestAborted);
        return TypedResults.Created($"/api/v1/calendar-feeds/{created.Info.Id}",
            new IssuedFeedView(CalendarFeedView.From(created.Info), PagesUrl(http) + created.Path));
    }

    private static Func<string, string> WatchPageUrl(HttpContext http)
    {
        var pagesUrl = PagesUrl(http);
        return channel => $"{pagesUrl}/watch/{channel}";
    }

    private static string PagesUrl(HttpContext http)
    {
        var requestUrl = string.Create(CultureInfo.InvariantCulture, $"{http.Request.Scheme}://{http.Request.Host.Value}");
        return http.RequestServices.GetService<IViewerUrls>()?.For(requestUrl).Pages ?? requestUrl;
    }
}

internal sealed record NewCalendarFeed(string? Channel, string? Label);

internal sealed record CalendarFeedView(string Id, string? Channel, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt)
{
    public static CalendarFeedView From(CalendarFeedInfo f) => new(f.Id, f.Channel, f.Label, f.CreatedAt, f.LastUsedAt, f.RevokedAt);
}

internal sealed record IssuedFeedView(CalendarFeedView Info, string Url);
