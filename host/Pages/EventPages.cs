using System.Text;
using Broadcast.Control.Pages;

namespace Broadcast.Host.Pages;

/// <summary>
/// <c>/event/{id}</c>, the page of an event, with its resources: <c>status.json</c> and <c>event.ics</c> below it, the same routes behind
/// <c>/t/{token}</c>, and <c>/oembed</c>. Events that are not visible to viewers get the same response as missing ones.
/// </summary>
internal sealed partial class EventPages(WebPages pages, PageMetadata metadata, PageAccess access, RecordingPages recordings,
    TimeProvider time, ILogger<EventPages> logger)
{
    private static readonly string[] ReadMethods = ["GET", "HEAD"];

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (var tokenPrefix in new[] { "", "/t/{token}" })
        {
            endpoints.MapMethods($"{tokenPrefix}/event/{{id}}", ReadMethods, c => SendPageAsync(c, "/event.html", "'self'"));
            endpoints.MapMethods($"{tokenPrefix}/embed/event/{{id}}", ReadMethods, c => SendPageAsync(c, "/embedEvent.html", "*"));
            endpoints.MapMethods($"{tokenPrefix}/event/{{id}}/status.json", ReadMethods, c => SendStatusAsync(c));
            endpoints.MapMethods($"{tokenPrefix}/event/{{id}}/event.ics", ReadMethods, c => SendCalendarAsync(c));
        }

        endpoints.MapMethods("/oembed", ReadMethods, SendEmbedAsync);
    }

    private async Task SendPageAsync(HttpContext context, string page, string ancestors)
    {
        var (publicEvent, isUnavailable) = await FindAsync(context);
        if (publicEvent is null)
        {
            var (status, caching) = PageAccess.Missing(isUnavailable);
            await pages.SendPageAsync(context, page, ancestors, null, caching, status);
            return;
        }

        await pages.SendPageAsync(context, page, ancestors, metadata.OfEvent(publicEvent, metadata.UrlsFor(context.Request)),
            metadata.CachingOf(PageAccess.PageCaching));
    }

    private async Task SendStatusAsync(HttpContext context)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        if (await OpenAsync(context) is { } publicEvent)
        {
            await EventStatus.Of(publicEvent)
                .SendAsync(context, access.CachingFor(context, publicEvent.Channel, null, publicEvent.Access, PageAccess.StatusCaching));
        }
    }

    private async Task SendCalendarAsync(HttpContext context)
    {
        if (await OpenAsync(context) is { } publicEvent)
        {
            var text = publicEvent.ToCalendar($"{metadata.UrlsFor(context.Request).Pages}/event/{publicEvent.Id}", time.GetUtcNow());
            context.Response.Headers.ContentDisposition = "attachment; filename=\"event.ics\"";
            await WebPage.Of(Encoding.UTF8.GetBytes(text), "text/calendar; charset=utf-8")
                .SendAsync(context,
                    access.CachingFor(context, publicEvent.Channel, null, publicEvent.Access, metadata.CachingOf(PageAccess.PageCaching)));
        }
    }

    private async Task SendEmbedAsync(HttpContext context)
    {
        var (urls, response) = (metadata.UrlsFor(context.Request), context.Response);
        response.Headers.AccessControlAllowOrigin = "*";
        var status = OEmbed.Parse(context.Request.Query, [urls.Pages, $"{context.Request.Scheme}://{context.Request.Host.Value}"],
            out var request);
        PageHead? head = null;
        if (request is { Channel: { } channel })
        {
            head = metadata.OfChannel(channel, urls);
        }
        else if (request is { Event: { } id })
        {
            var (publicEvent, isUnavailable) = await FindAsync(context, id);
            head = publicEvent is null ? null : metadata.OfEvent(publicEvent, urls);
            status = isUnavailable ? StatusCodes.Status503ServiceUnavailable : status;
        }
        else if (request is { Recording: { } recordingId })
        {
            var (recording, isUnavailable) = await recordings.FindAsync(context, recordingId);
            head = recording is null ? null : metadata.OfRecording(recording, urls);
            status = isUnavailable ? StatusCodes.Status503ServiceUnavailable : status;
        }

        if (status == StatusCodes.Status200OK)
        {
            status = head is null ? StatusCodes.Status404NotFound : head.Embed is null ? StatusCodes.Status401Unauthorized : status;
        }

        if (status != StatusCodes.Status200OK)
        {
            PageAccess.Reject(response, status, status == StatusCodes.Status503ServiceUnavailable ? "no-store" : PageAccess.BriefCaching);
            return;
        }

        await WebPage.Of(OEmbed.WriteResponse(request!, urls.Pages, head!), "application/json")
            .SendAsync(context, metadata.CachingOf(PageAccess.PageCaching));
    }

    /// <summary>Gets the event if the viewer may watch it; otherwise sends the error response.</summary>
    private async Task<PublicEvent?> OpenAsync(HttpContext context)
    {
        var (publicEvent, isUnavailable) = await FindAsync(context);
        if (publicEvent is null)
        {
            var (status, caching) = PageAccess.Missing(isUnavailable);
            PageAccess.Reject(context.Response, status, caching);
            return null;
        }

        return await access.TryOpenAsync(context, publicEvent.Channel, null, publicEvent.Access) ? publicEvent : null;
    }

    private async Task<(PublicEvent? Event, bool IsUnavailable)> FindAsync(HttpContext context, string? id = null)
    {
        try
        {
            return (await metadata.FindEventAsync(id ?? (string)context.Request.RouteValues["id"]!, context.RequestAborted), false);
        }
        catch (EventsUnavailableException exception)
        {
            EventsUnavailable(logger, exception);
            return (null, true);
        }
    }

    [LoggerMessage(7040, LogLevel.Debug, "Event lookup failed: the database is unavailable")]
    private static partial void EventsUnavailable(ILogger logger, Exception exception);
}
