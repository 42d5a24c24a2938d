using System.Globalization;
using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/events</c>: events and series.</summary>
internal static class EventEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/events", async (string? from, string? to, string? channel, string? state, string? after, string? limit,
            HttpContext http, EventRepository events) =>
                await ListAsync(http, events, FilterOf(from, to, channel, state, null, after, limit)))
            .RequireRole(TokenRole.Viewer)
            .Describe<List<EventView>>(
                "listEvents",
                "List events by start time, with the occurrences of series. 'from' and 'to' select events that end after and start before "
                + "a time; 'channel' and 'state' filter. 'after' continues from an id.",
                200, 400, 404)
            .Paged("after", EventRules.MaxPage);

        api.MapPost("/events", CreateAsync).RequireRole(TokenRole.Producer).AcceptsBody<NewEvent>()
            .Describe<EventView>(
                "createEvent",
                "Create an event, or with a 'recurrence' (RFC 5545) a series, whose occurrences are created three months ahead. 'start' "
                + "and 'end' are UTC times, or local times in 'timeZone'.",
                201, 404, 409)
            .WithIdempotencyKey<EventView>(isSecret: false);

        api.MapGet("/events/{id}", async (string id, HttpContext http, EventRepository events) =>
            {
                var found = await events.GetAsync(id, http.RequestAborted);
                return ETags.OkOrNotModified(http, ETags.Of(found), View(http, found));
            })
            .RequireRole(TokenRole.Viewer).Describe<EventView>("getEvent",
                "Get an event or series. 'pageUrl' is its viewer page, available once the event is planned, or once it is live if it is "
                + "not announced. A series has no page.", 200, 404).WithETag(supportsNotModified: true);

        api.MapPatch("/events/{id}", ChangeAsync).RequireRole(TokenRole.Producer).AcceptsBody<EventChange>()
            .Describe<EventView>(
                "changeEvent",
                "Change the members that are sent; the others stay as they are. A changed occurrence is detached from its series. Changes "
                + "of a series apply to future occurrences that were not changed individually.",
                200, 404, 409)
            .WithIfMatch(200);

        api.MapDelete("/events/{id}", async (string id, HttpContext http, EventRepository events, EventScheduler scheduler) =>
            {
                await events.DeleteIfAsync(id, ETags.PreconditionOf<EventInfo>(http, ETags.Of), http.RequestAborted);
                scheduler.Wake();
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Producer).Describe("deleteEvent",
                "Delete an event, or a series with its occurrences. Recordings stay. An occurrence is canceled instead.", 204, 404,
                409).WithIfMatch();

        api.MapPost("/events/{id}/cancel", (string id, HttpContext http, EventRepository events, EventScheduler scheduler) =>
            CompleteChangeAsync(http, scheduler, events.CancelAsync(id, cancellationToken: http.RequestAborted)))
            .RequireRole(TokenRole.Producer).Describe<EventView>("cancelEvent", "Cancel an event, or a series with all future occurrences.",
                200, 404, 409);

        api.MapPost("/events/{id}/go-live", (string id, HttpContext http, EventRepository events, EventScheduler scheduler) =>
            CompleteChangeAsync(http, scheduler, events.GoLiveAsync(id, cancellationToken: http.RequestAborted)))
            .RequireRole(TokenRole.Producer).Describe<EventView>("goLive", "Make an event live now, before or after its start time.",
                200, 404, 409);

        api.MapPost("/events/{id}/end", (string id, HttpContext http, EventRepository events, EventScheduler scheduler) =>
            CompleteChangeAsync(http, scheduler, events.EndAsync(id, cancellationToken: http.RequestAborted)))
            .RequireRole(TokenRole.Producer).Describe<EventView>("endEvent",
                "End an event that is live or in preview, end its session and disconnect its encoder.", 200, 404, 409);

        api.MapGet("/events/{id}/occurrences", async (string id, string? from, string? to, string? state, string? after, string? limit,
            HttpContext http, EventRepository events) =>
                await ListAsync(http, events, FilterOf(from, to, null, state, id, after, limit)))
            .RequireRole(TokenRole.Viewer).Describe<List<EventView>>("listOccurrences",
                "List the occurrences of a series by start time, like listEvents.", 200, 400, 404)
            .Paged("after", EventRules.MaxPage);

        api.MapGet("/events/{id}/history", async (string id, HttpContext http, EventRepository events) =>
                (await events.HistoryAsync(id, http.RequestAborted)).Select(EventHistoryView.From).ToList())
            .RequireRole(TokenRole.Viewer).Describe<List<EventHistoryView>>("getEventHistory",
                "List the states of an event with their reasons.", 200, 404);
    }

    private static async Task<IResult> ListAsync(HttpContext http, EventRepository events, EventFilter filter)
    {
        var pagesUrl = PagesUrl(http);
        return ApiJson.Ok(Paging.Page(http, await events.ListAsync(filter, http.RequestAborted), filter.Limit, "after", EventCursor.Of,
            e => EventView.From(e, pagesUrl)));
    }

    private static async Task<IResult> CreateAsync(HttpContext http, EventRepository events, EventScheduler scheduler,
        IOptions<ControlOptions> options)
    {
        var settings = await SettingsAsync(http, options, isNew: true);
        var created = await events.CreateAsync(settings, http.RequestAborted);
        scheduler.Wake();
        return TypedResults.Created($"/api/v1/events/{created.Id}", View(http, created));
    }

    private static async Task<EventView> ChangeAsync(string id, HttpContext http, EventRepository events, EventScheduler scheduler,
        IOptions<ControlOptions> options) =>
        await CompleteChangeAsync(http, scheduler, events.SetIfAsync(id, await SettingsAsync(http, options, isNew: false),
            ETags.PreconditionOf<EventInfo>(http, ETags.Of), http.RequestAborted));

    // Other processes are notified by the database; this process evaluates events at once.
    private static async Task<EventView> CompleteChangeAsync(HttpContext http, EventScheduler scheduler, Task<EventInfo> change)
    {
        var changed = await change;
        scheduler.Wake();
        return ETags.Tagged(http, ETags.Of(changed), View(http, changed));
    }

    private static EventView View(HttpContext http, EventInfo e) => EventView.From(e, PagesUrl(http));

    private static string PagesUrl(HttpContext http)
    {
        var requestUrl = string.Create(CultureInfo.InvariantCulture, $"{http.Request.Scheme}://{http.Request.Host.Value}");
        return http.RequestServices.GetService<IViewerUrls>()?.For(requestUrl).Pages ?? requestUrl;
    }

    private static async Task<EventSettings> SettingsAsync(HttpContext http, IOptions<ControlOptions> options, bool isNew)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var errors = new List<ValidationError>();
        var settings = new EventSettings
        {
            Title = body.Text("title", required: isNew),
            Channel = isNew ? body.Text("channel", required: true) : null,
            Start = TimeOf(body, "start", isNew, errors),
            End = TimeOf(body, "end", isNew, errors),
            Description = body.Text("description"),
            Poster = body.Text("poster"),
            TimeZone = body.Text("timeZone"),
            Recurrence = body.Text("recurrence"),
            Ladder = body.Text("ladder"),
            Latency = body.Text("latency"),
            Record = body.Text("record"),
            Access = body.Text("access"),
            Chat = body.Text("chat"),
            Announced = body.Text("announced"),
            StartMode = body.Text("startMode"),
            Preview = LengthOf(body, "previewSeconds"),
            Grace = LengthOf(body, "graceSeconds"),
            Overrun = body.Text("overrun"),
            NoShow = LengthOf(body, "noShowSeconds"),
            Reminders = body.Numbers("reminderMinutes"),
        };
        var authorization = http.RequestServices.GetRequiredService<IOptions<AuthorizationOptions>>().Value;
        body.ThrowIfInvalid([.. errors, .. EventRules.Validate(settings),
            .. ChannelRules.ValidateAccess(settings.Access, authorization) is { } error ? [error] : Array.Empty<ValidationError>()]);
        return settings;
    }

    private static EventTime? TimeOf(RequestBody body, string name, bool required, List<ValidationError> errors)
    {
        if (body.Text(name, required) is not { } text)
        {
            return null;
        }

        if (EventTime.TryParse(text, out var time))
        {
            return time;
        }

        errors.Add(new(name, EventTime.ErrorMessage(name)));
        return null;
    }

    private static TimeSpan? LengthOf(RequestBody body, string name) =>
        body.Number(name) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static EventFilter FilterOf(string? from, string? to, string? channel, string? state, string? series, string? after,
        string? limit)
    {
        var errors = new List<ValidationError>();
        var (id, start) = EventCursor.Parse(after);
        var filter = new EventFilter(InstantOf("from", from, errors), InstantOf("to", to, errors), channel, state, series, id,
            Paging.Limit(limit)) { AfterStart = start };
        EventRules.ThrowIfInvalid([.. errors, .. EventRules.Validate(filter)]);
        return filter;
    }

    /// <summary>Parses a UTC time from the query; <see langword="null"/> when absent or invalid.</summary>
    internal static DateTimeOffset? InstantOf(string name, string? text, List<ValidationError> errors)
    {
        if (text is null)
        {
            return null;
        }

        if (EventTime.TryParse(text, out var time) && text[^1] == 'Z')
        {
            return time.ToInstant(TimeZoneInfo.Utc);
        }

        errors.Add(new(name, $"'{name}' must be a time in UTC such as 2030-01-31T18:00:00Z."));
        return null;
    }
}
