using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/events</c>: planned broadcasts, their series and what becomes of them.</summary>
internal static class EventEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/events", async (string? from, string? to, string? channel, string? state, string? after, string? limit, HttpContext http, EventDirectory events) =>
                await ListAsync(http, events, FilterOf(from, to, channel, state, null, after, limit)))
            .Asks(TokenRole.Viewer)
            .Describe<List<EventView>>(
                "listEvents",
                "Events by their start, occurrences of series one by one; those that end after 'from' and begin before 'to', on a 'channel', in a 'state', where they are named. 'after' reads on from an id.",
                200, 400, 404)
            .Paged("after", EventRules.MaxPage);

        api.MapPost("/events", CreateAsync).Asks(TokenRole.Producer).Takes<NewEvent>()
            .Describe<EventView>(
                "createEvent",
                "Plans an event; with a 'recurrence' (RFC 5545) a series, whose occurrences are made three months ahead. 'start' and 'end' are instants, or what clocks show in 'timeZone'.",
                201, 404, 409)
            .Repeatable<EventView>(isSecret: false);

        api.MapGet("/events/{id}", async (string id, HttpContext http, EventDirectory events) =>
            {
                var found = await events.GetAsync(id, http.RequestAborted);
                return ETags.Fresh(http, ETags.Of(found), View(http, found));
            })
            .Asks(TokenRole.Viewer).Describe<EventView>("getEvent", "One event or series. 'pageUrl' is its page for viewers: there from when it is planned, or where it is not announced from when it is live; a series has none.", 200, 404).Tagged(isFresh: true);

        api.MapPatch("/events/{id}", ChangeAsync).Asks(TokenRole.Producer).Takes<EventChange>()
            .Describe<EventView>(
                "changeEvent",
                "Changes the members that are sent and leaves the others. A changed occurrence goes its own way; a changed series hands on to occurrences that are to come and were not changed by themselves.",
                200, 404, 409)
            .Guarded(200);

        api.MapDelete("/events/{id}", async (string id, HttpContext http, EventDirectory events, EventKeeper keeper) =>
            {
                await events.DeleteIfAsync(id, ETags.Expected<EventInfo>(http, ETags.Of), http.RequestAborted);
                keeper.Wake();
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Producer).Describe("deleteEvent", "Removes an event, or a series with its occurrences; recordings stay. An occurrence is cancelled instead.", 204, 404, 409).Guarded();

        api.MapPost("/events/{id}/cancel", (string id, HttpContext http, EventDirectory events, EventKeeper keeper) => MoveAsync(http, keeper, events.CancelAsync(id, cancellationToken: http.RequestAborted)))
            .Asks(TokenRole.Producer).Describe<EventView>("cancelEvent", "Calls an event off, or a series with all occurrences that are to come.", 200, 404, 409);

        api.MapPost("/events/{id}/go-live", (string id, HttpContext http, EventDirectory events, EventKeeper keeper) => MoveAsync(http, keeper, events.GoLiveAsync(id, cancellationToken: http.RequestAborted)))
            .Asks(TokenRole.Producer).Describe<EventView>("goLive", "Lets an event go live now, before its start or after it.", 200, 404, 409);

        api.MapPost("/events/{id}/end", (string id, HttpContext http, EventDirectory events, EventKeeper keeper) => MoveAsync(http, keeper, events.EndAsync(id, cancellationToken: http.RequestAborted)))
            .Asks(TokenRole.Producer).Describe<EventView>("endEvent", "Ends an event that is live or in preview, with its session; its encoder is sent away.", 200, 404, 409);

        api.MapGet("/events/{id}/occurrences", async (string id, string? from, string? to, string? state, string? after, string? limit, HttpContext http, EventDirectory events) =>
                await ListAsync(http, events, FilterOf(from, to, null, state, id, after, limit)))
            .Asks(TokenRole.Viewer).Describe<List<EventView>>("listOccurrences", "The occurrences of a series by their start; as listEvents.", 200, 400, 404)
            .Paged("after", EventRules.MaxPage);

        api.MapGet("/events/{id}/history", async (string id, HttpContext http, EventDirectory events) =>
                (await events.HistoryAsync(id, http.RequestAborted)).Select(EventStepView.From).ToList())
            .Asks(TokenRole.Viewer).Describe<List<EventStepView>>("getEventHistory", "The states that an event went through, with the reasons.", 200, 404);
    }

    private static async Task<List<EventView>> ListAsync(HttpContext http, EventDirectory events, EventFilter filter) =>
        Paging.Answer(http, await events.ListAsync(filter, http.RequestAborted), filter.Limit, "after", EventPlace.Of, e => View(http, e));

    private static async Task<IResult> CreateAsync(HttpContext http, EventDirectory events, EventKeeper keeper, IOptions<ControlOptions> options)
    {
        var settings = await SettingsAsync(http, options, isNew: true);
        var made = await events.CreateAsync(settings, http.RequestAborted);
        keeper.Wake();
        return TypedResults.Created($"/api/v1/events/{made.Id}", View(http, made));
    }

    private static async Task<EventView> ChangeAsync(string id, HttpContext http, EventDirectory events, EventKeeper keeper, IOptions<ControlOptions> options) =>
        await MoveAsync(http, keeper, events.SetIfAsync(id, await SettingsAsync(http, options, isNew: false), ETags.Expected<EventInfo>(http, ETags.Of), http.RequestAborted));

    // Others hear of it in a moment; here it is looked at at once.
    private static async Task<EventView> MoveAsync(HttpContext http, EventKeeper keeper, Task<EventInfo> change)
    {
        var changed = await change;
        keeper.Wake();
        return ETags.Tagged(http, ETags.Of(changed), View(http, changed));
    }

    private static EventView View(HttpContext http, EventInfo e)
    {
        var asked = string.Create(CultureInfo.InvariantCulture, $"{http.Request.Scheme}://{http.Request.Host.Value}");
        return EventView.From(e, http.RequestServices.GetService<IViewerAddresses>()?.For(asked).Pages ?? asked);
    }

    private static async Task<EventSettings> SettingsAsync(HttpContext http, IOptions<ControlOptions> options, bool isNew)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var mistakes = new List<Mistake>();
        var settings = new EventSettings
        {
            Title = body.Text("title", required: isNew),
            Channel = isNew ? body.Text("channel", required: true) : null,
            Start = TimeOf(body, "start", isNew, mistakes),
            End = TimeOf(body, "end", isNew, mistakes),
            Description = body.Text("description"),
            Poster = body.Text("poster"),
            TimeZone = body.Text("timeZone"),
            Recurrence = body.Text("recurrence"),
            Ladder = body.Text("ladder"),
            Latency = body.Text("latency"),
            Record = body.Text("record"),
            Access = body.Text("access"),
            Announced = body.Text("announced"),
            StartMode = body.Text("startMode"),
            Preview = LengthOf(body, "previewSeconds"),
            Grace = LengthOf(body, "graceSeconds"),
            Overrun = body.Text("overrun"),
            NoShow = LengthOf(body, "noShowSeconds"),
            Reminders = body.Numbers("reminderMinutes"),
        };
        var hook = http.RequestServices.GetRequiredService<IOptions<AuthorizationOptions>>().Value;
        body.Check([.. mistakes, .. EventRules.Mistakes(settings), .. ChannelRules.AccessMistake(settings.Access, hook) is { } mistake ? [mistake] : Array.Empty<Mistake>()]);
        return settings;
    }

    private static EventTime? TimeOf(RequestBody body, string name, bool required, List<Mistake> mistakes)
    {
        if (body.Text(name, required) is not { } text)
        {
            return null;
        }

        if (EventTime.TryParse(text, out var time))
        {
            return time;
        }

        mistakes.Add(new(name, EventTime.Rule(name)));
        return null;
    }

    private static TimeSpan? LengthOf(RequestBody body, string name) => body.Number(name) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static EventFilter FilterOf(string? from, string? to, string? channel, string? state, string? series, string? after, string? limit)
    {
        var mistakes = new List<Mistake>();
        var (id, start) = EventPlace.Parse(after);
        var filter = new EventFilter(InstantOf("from", from, mistakes), InstantOf("to", to, mistakes), channel, state, series, id, Paging.Limit(limit)) { AfterStart = start };
        EventRules.Refuse([.. mistakes, .. EventRules.Mistakes(filter)]);
        return filter;
    }

    /// <summary>An instant of a query; <see langword="null"/> where there is none, or a mistake.</summary>
    internal static DateTimeOffset? InstantOf(string name, string? text, List<Mistake> mistakes)
    {
        if (text is null)
        {
            return null;
        }

        if (EventTime.TryParse(text, out var time) && text[^1] == 'Z')
        {
            return time.In(TimeZoneInfo.Utc);
        }

        mistakes.Add(new(name, $"'{name}' must be a time in UTC such as 2030-01-31T18:00:00Z."));
        return null;
    }
}
