using System.Runtime.CompilerServices;
using System.Text.Json;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Host.Pages;

/// <summary>
/// <c>/recording/{id}</c>, the page of a recording or clip whose end is known, <c>/embed/recording/{id}</c>, and <c>status.json</c> below
/// the page; the same routes behind <c>/t/{token}</c>. The pages are those of an ended event, and so are the members of the status.
/// Recordings that are not visible to viewers get the same response as missing ones.
/// </summary>
internal sealed partial class RecordingPages(WebPages pages, PageMetadata metadata, PageAccess access, ILogger<RecordingPages> logger,
    IRecordingCatalog? catalog = null)
{
    private static readonly string[] ReadMethods = ["GET", "HEAD"];

    private readonly ConditionalWeakTable<RecordingRange, RenderedStatus> _rendered = [];

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (var tokenPrefix in new[] { "", "/t/{token}" })
        {
            endpoints.MapMethods($"{tokenPrefix}/recording/{{id}}", ReadMethods, c => SendPageAsync(c, "/event.html", "'self'"));
            endpoints.MapMethods($"{tokenPrefix}/embed/recording/{{id}}", ReadMethods, c => SendPageAsync(c, "/embedEvent.html", "*"));
            endpoints.MapMethods($"{tokenPrefix}/recording/{{id}}/status.json", ReadMethods, SendStatusAsync);
        }
    }

    /// <summary>Finds a recording with a page.</summary>
    /// <param name="context">The request.</param>
    /// <param name="id">ID of the recording; other text yields none.</param>
    /// <returns>The recording, and whether it cannot be determined at present.</returns>
    public async Task<(RecordingRange? Recording, bool IsUnavailable)> FindAsync(HttpContext context, string? id)
    {
        try
        {
            return (catalog is not null && RecordingId.TryParse(id, out var parsed)
                && await catalog.FindAsync(parsed, context.RequestAborted) is { Details: not null } found ? found : null, false);
        }
        catch (RecordingsUnavailableException exception)
        {
            RecordingsUnavailable(logger, exception);
            return (null, true);
        }
    }

    private async Task SendPageAsync(HttpContext context, string page, string ancestors)
    {
        var (recording, isUnavailable) = await FindAsync(context, context.Request.RouteValues["id"] as string);
        if (recording is null)
        {
            var (status, caching) = PageAccess.Missing(isUnavailable);
            await pages.SendPageAsync(context, page, ancestors, null, caching, status);
            return;
        }

        await pages.SendPageAsync(context, page, ancestors, metadata.OfRecording(recording, metadata.UrlsFor(context.Request)),
            metadata.CachingOf(PageAccess.PageCaching));
    }

    private async Task SendStatusAsync(HttpContext context)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        var (recording, isUnavailable) = await FindAsync(context, context.Request.RouteValues["id"] as string);
        if (recording is null)
        {
            var (status, caching) = PageAccess.Missing(isUnavailable);
            PageAccess.Reject(context.Response, status, caching);
            return;
        }

        if (await access.TryOpenAsync(context, recording.Channel, recording.Session, recording.Access))
        {
            await RenderStatus(recording).SendAsync(context,
                access.CachingFor(context, recording.Channel, recording.Session, recording.Access, PageAccess.StatusCaching));
        }
    }

    /// <summary>The status, rendered once per title: that of a recording without one is its channel's, which may change.</summary>
    private WebPage RenderStatus(RecordingRange recording)
    {
        var title = metadata.NameOf(recording);
        if (!_rendered.TryGetValue(recording, out var rendered) || rendered.Title != title)
        {
            rendered = new(title, WebPage.Of(WriteStatus(recording, title), "application/json"));
            _rendered.AddOrUpdate(recording, rendered);
        }

        return rendered.Page;
    }

    private static byte[] WriteStatus(RecordingRange recording, string title)
    {
        var details = recording.Details!;
        using var target = new MemoryStream(512);
        using (var json = new Utf8JsonWriter(target))
        {
            json.WriteStartObject();
            json.WriteString("id", recording.Id.Value);
            json.WriteString("channel", recording.Channel.Value);
            json.WriteString("title", title);
            json.WriteString("poster", MediaUrls.VodPoster(recording.Id));
            json.WriteString("state", "ended");
            json.WriteString("startsAt", EventStatus.Instant(details.StartedAt));
            json.WriteString("endsAt", EventStatus.Instant(details.StartedAt + details.Duration));
            EventStatus.WriteReplay(json, new(recording.Id, title, details.StartedAt, details.Duration));
            json.WriteEndObject();
        }

        return target.ToArray();
    }

    private sealed record RenderedStatus(string Title, WebPage Page);

    [LoggerMessage(7041, LogLevel.Debug, "Recording lookup failed: the database is unavailable")]
    private static partial void RecordingsUnavailable(ILogger logger, Exception exception);
}
