using System.Text;
using System.Text.Json;
using Broadcast.Control;
using Broadcast.Media;

namespace Broadcast.Host.Pages;

/// <summary>
/// <c>/event/{id}</c>, the page of one event, with what it asks for: <c>status.json</c> and <c>event.ics</c> beside it, the same behind <c>/t/{token}</c>, and <c>/oembed</c>. An event that is kept to its makers
/// is answered as one that there is not.
/// </summary>
internal sealed partial class EventPages(WebPages pages, PageTelling telling, TimeProvider time, ILogger<EventPages> logger, IViewerAuthority? authority = null)
{
    /// <summary>Longest token looked at, in characters, as the origin has it.</summary>
    private const int MaxToken = 512;

    private const string PageCaching = "public, max-age=60";
    private const string Brief = "public, max-age=1";

    /// <summary>How long caches may keep what an event does: its page is at most this late. While we fail they may go on giving it.</summary>
    private const string StatusCaching = "public, max-age=2, stale-if-error=60";

    private static readonly string[] Reads = ["GET", "HEAD"];

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (var guard in new[] { "", "/t/{token}" })
        {
            endpoints.MapMethods($"{guard}/event/{{id}}", Reads, c => SendPageAsync(c, "/event.html", "'self'"));
            endpoints.MapMethods($"{guard}/embed/event/{{id}}", Reads, c => SendPageAsync(c, "/embedEvent.html", "*"));
            endpoints.MapMethods($"{guard}/event/{{id}}/status.json", Reads, c => SendStatusAsync(c));
            endpoints.MapMethods($"{guard}/event/{{id}}/event.ics", Reads, c => SendCalendarAsync(c));
        }

        endpoints.MapMethods("/oembed", Reads, SendEmbedAsync);
    }

    private async Task SendPageAsync(HttpContext context, string page, string ancestors)
    {
        var (planned, isAway) = await FindAsync(context);
        if (planned is null)
        {
            await pages.SendPageAsync(context, page, ancestors, null, isAway ? "no-store" : Brief, isAway ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status404NotFound);
            return;
        }

        await pages.SendPageAsync(context, page, ancestors, telling.OfEvent(planned, telling.AddressesFor(context.Request)), PageCaching);
    }

    private async Task SendStatusAsync(HttpContext context)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        if (await OpenAsync(context) is { } planned)
        {
            await EventStatus.Of(planned).SendAsync(context, CachingFor(context, planned, StatusCaching));
        }
    }

    private async Task SendCalendarAsync(HttpContext context)
    {
        if (await OpenAsync(context) is { } planned)
        {
            var text = planned.ToCalendar($"{telling.AddressesFor(context.Request).Pages}/event/{planned.Id}", time.GetUtcNow());
            context.Response.Headers.ContentDisposition = "attachment; filename=\"event.ics\"";
            await WebPage.Of(Encoding.UTF8.GetBytes(text), "text/calendar; charset=utf-8").SendAsync(context, CachingFor(context, planned, PageCaching));
        }
    }

    private async Task SendEmbedAsync(HttpContext context)
    {
        var (there, response) = (telling.AddressesFor(context.Request), context.Response);
        response.Headers.AccessControlAllowOrigin = "*";
        var status = OEmbed.Parse(context.Request.Query, [there.Pages, $"{context.Request.Scheme}://{context.Request.Host.Value}"], out var question);
        PageHead? head = null;
        if (question is { Channel: { } channel })
        {
            head = telling.OfChannel(channel, there);
        }
        else if (question is { Event: { } id })
        {
            var (planned, isAway) = await FindAsync(context, id);
            head = planned is null ? null : telling.OfEvent(planned, there);
            status = isAway ? StatusCodes.Status503ServiceUnavailable : status;
        }

        if (status == StatusCodes.Status200OK)
        {
            status = head is null ? StatusCodes.Status404NotFound : head.Embed is null ? StatusCodes.Status401Unauthorized : status;
        }

        if (status != StatusCodes.Status200OK)
        {
            Refuse(response, status, status == StatusCodes.Status503ServiceUnavailable ? "no-store" : Brief);
            return;
        }

        await WebPage.Of(OEmbed.Answer(question!, there.Pages, head!), "application/json").SendAsync(context, PageCaching);
    }

    /// <summary>The event, for who may watch it; the others are answered.</summary>
    private async Task<EventPage?> OpenAsync(HttpContext context)
    {
        var (planned, isAway) = await FindAsync(context);
        if (planned is null)
        {
            Refuse(context.Response, isAway ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status404NotFound, isAway ? "no-store" : Brief);
            return null;
        }

        var verdict = await JudgeAsync(context, planned);
        switch (verdict)
        {
            case null:
                return planned;
            case ViewerRefusal.NoChannel:
                Refuse(context.Response, StatusCodes.Status404NotFound, Brief);
                return null;
            case ViewerRefusal.Away:
                Refuse(context.Response, StatusCodes.Status503ServiceUnavailable, "no-store");
                return null;
            default:
                // The same words as the origin's, which players know.
                context.Response.Headers["X-Refusal"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.Value.ToString());
                context.Response.Headers.AccessControlExposeHeaders = "X-Refusal";
                Refuse(context.Response, StatusCodes.Status403Forbidden, "private, max-age=1");
                return null;
        }
    }

    private async Task<ViewerRefusal?> JudgeAsync(HttpContext context, EventPage planned)
    {
        var token = context.Request.RouteValues["token"] as string;
        return authority is null ? null
            : token?.Length > MaxToken ? ViewerRefusal.BadToken
            : (await authority.AuthorizeAsync(new(planned.Channel, token, context.Connection.RemoteIpAddress) { Noted = planned.Access }, context.RequestAborted)).Refusal;
    }

    private async Task<(EventPage? Planned, bool IsAway)> FindAsync(HttpContext context, string? id = null)
    {
        try
        {
            return (await telling.FindEventAsync(id ?? (string)context.Request.RouteValues["id"]!, context.RequestAborted), false);
        }
        catch (EventsAwayException away)
        {
            EventsAway(logger, away);
            return (null, true);
        }
    }

    // What stands behind a token is for one person; so is what a webhook let somebody see.
    private string CachingFor(HttpContext context, EventPage planned, string caching) =>
        context.Request.RouteValues.ContainsKey("token") || !telling.IsPublic(planned.Channel, planned.Access) ? caching.Replace("public", "private", StringComparison.Ordinal) : caching;

    private static void Refuse(HttpResponse response, int status, string caching)
    {
        response.StatusCode = status;
        response.Headers.CacheControl = caching;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = "1";
        }
    }

    [LoggerMessage(7040, LogLevel.Debug, "An event could not be looked up: the database is away")]
    private static partial void EventsAway(ILogger logger, Exception exception);
}
