using System.Globalization;
using Broadcast.Control.Identity;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/webhooks</c>: webhooks and their deliveries.</summary>
internal static class WebhookEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/webhooks", async (HttpContext http, WebhookRepository webhooks) =>
            (await webhooks.ListAsync(http.RequestAborted)).Select(WebhookView.From).ToList())
            .RequireRole(TokenRole.Admin).Describe<List<WebhookView>>("listWebhooks", "List webhooks without their secrets, oldest first.");

        api.MapPost("/webhooks", CreateAsync).RequireRole(TokenRole.Admin).AcceptsBody<NewWebhook>()
            .Describe<IssuedWebhookView>("createWebhook", "Create a webhook. The secret that signs its requests is shown only once.", 201,
                409).WithIdempotencyKey<IssuedWebhookView>();

        api.MapGet("/webhooks/{id}", async (string id, HttpContext http, WebhookRepository webhooks) =>
            TaggedView(http, await webhooks.GetAsync(id, http.RequestAborted)))
            .RequireRole(TokenRole.Admin).Describe<WebhookView>("getWebhook", "Get a webhook.", 200, 404).WithETag();

        api.MapPatch("/webhooks/{id}", ChangeAsync).RequireRole(TokenRole.Admin).AcceptsBody<WebhookChange>()
            .Describe<WebhookView>("changeWebhook",
                "Change the members that are sent; the others stay as they are. 'enabled' true turns a webhook on again that was disabled "
                + "because of failures.", 200, 404).WithIfMatch(200);

        api.MapDelete("/webhooks/{id}", async (string id, HttpContext http, WebhookRepository webhooks) =>
            {
                await webhooks.DeleteIfAsync(id, ETags.PreconditionOf<WebhookInfo>(http, ETags.Of), http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Admin).Describe("deleteWebhook", "Delete a webhook with its pending deliveries and its log.", 204, 404)
            .WithIfMatch();

        api.MapPost("/webhooks/{id}/rotate", RotateAsync).RequireRole(TokenRole.Admin).AcceptsBody<WebhookRotation>()
            .Describe<IssuedWebhookView>("rotateWebhookSecret",
                "Create a new secret, shown only once. The old one also signs for 'overlapSeconds' (default one day, maximum seven).", 200,
                404);

        api.MapPost("/webhooks/{id}/test", async (string id, HttpContext http, WebhookTest test) =>
            DeliveryView.From(await test.RunAsync(id, http.RequestAborted)))
            .RequireRole(TokenRole.Admin).Describe<DeliveryView>("testWebhook",
                "Send a 'webhook.test' event now and get the result.", 200, 404);

        api.MapGet("/webhooks/{id}/deliveries", ListDeliveriesAsync).RequireRole(TokenRole.Admin)
            .Describe<List<DeliveryView>>("listDeliveries",
                "List deliveries of the webhook, newest first. Filter by 'state' (waiting, delivered, failed). 'before' continues from an "
                + "id.", 200, 400, 404)
            .Paged("before", WebhookDeliveryLog.MaxPage);

        api.MapPost("/webhooks/{id}/deliveries/{delivery}/replay", ReplayAsync).RequireRole(TokenRole.Admin)
            .Describe<DeliveryView>("replayDelivery", "Repeat a delivery, whatever its result, under the same id.", 202, 404, 409);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, WebhookRepository webhooks, OutboundConnector connector,
        IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var settings = SettingsOf(body, isNew: true);
        body.ThrowIfInvalid(WebhookRules.Validate(settings, isNew: true, connector));
        var issued = await webhooks.CreateAsync(settings, http.RequestAborted);
        return TypedResults.Created($"/api/v1/webhooks/{issued.Info.Id}",
            new IssuedWebhookView(WebhookView.From(issued.Info), issued.Secret));
    }

    private static async Task<WebhookView> ChangeAsync(string id, HttpContext http, WebhookRepository webhooks, OutboundConnector connector,
        WebhookDispatcher dispatcher, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var settings = SettingsOf(body, isNew: false);
        body.ThrowIfInvalid(WebhookRules.Validate(settings, isNew: false, connector));
        var changed = await webhooks.SetIfAsync(id, settings, ETags.PreconditionOf<WebhookInfo>(http, ETags.Of), http.RequestAborted);
        dispatcher.Wake();
        return TaggedView(http, changed);
    }

    private static WebhookView TaggedView(HttpContext http, WebhookInfo webhook) =>
        ETags.Tagged(http, ETags.Of(webhook), WebhookView.From(webhook));

    private static async Task<IssuedWebhookView> RotateAsync(string id, HttpContext http, WebhookRepository webhooks,
        IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var overlap = body.Number("overlapSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : WebhookRules.DefaultOverlap;
        body.ThrowIfInvalid([]);
        var issued = await webhooks.RotateAsync(id, overlap, http.RequestAborted);
        return new(WebhookView.From(issued.Info), issued.Secret);
    }

    private static async Task<List<DeliveryView>> ListDeliveriesAsync(string id, string? state, string? before, string? limit,
        HttpContext http, WebhookDeliveryLog log)
    {
        if (before is not null && !long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new OperationException([new("before", "'before' must be a delivery id.")]);
        }

        var count = Paging.Limit(limit);
        var beforeId = before is null ? (long?)null : long.Parse(before, CultureInfo.InvariantCulture);
        return Paging.Page(
            http, await log.ListAsync(id, DeliveryStates.ParseFilter(state), beforeId, count, http.RequestAborted), count, "before",
            d => d.Id.ToString(CultureInfo.InvariantCulture), DeliveryView.From);
    }

    private static async Task<IResult> ReplayAsync(string id, string delivery, HttpContext http, WebhookDeliveryLog log)
    {
        var number = long.TryParse(delivery, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        return TypedResults.Accepted((string?)null, DeliveryView.From(await log.ReplayAsync(id, number, http.RequestAborted)));
    }

    private static WebhookSettings SettingsOf(RequestBody body, bool isNew) =>
        new(body.Text("url", required: isNew), body.Text("label"), body.Texts("types"), body.Texts("channels"), body.Boolean("enabled"));
}

internal sealed record NewWebhook(string Url, string? Label, IReadOnlyList<string>? Types, IReadOnlyList<string>? Channels, bool? Enabled);

internal sealed record WebhookChange(string? Url, string? Label, IReadOnlyList<string>? Types, IReadOnlyList<string>? Channels,
    bool? Enabled);

internal sealed record WebhookRotation(int? OverlapSeconds);

internal sealed record WebhookView(
    string Id, string Url, string Label, IReadOnlyList<string> Types, IReadOnlyList<string> Channels, bool Enabled, string? DisabledReason,
    DateTimeOffset CreatedAt, DateTimeOffset? PreviousSecretExpiresAt,
    DateTimeOffset? LastAttemptAt, DateTimeOffset? FailingSince, long Waiting, long Dropped)
{
    public static WebhookView From(WebhookInfo h) => new(
        h.Id, h.Url, h.Label, h.Types, h.Channels, h.Enabled, h.DisabledReason, h.CreatedAt, h.PreviousSecretExpiresAt, h.LastAttemptAt,
        h.FailingSince, h.Pending, h.Dropped);
}

internal sealed record IssuedWebhookView(WebhookView Webhook, string Secret);

internal sealed record DeliveryView(
    long Id, string Event, string Type, string? Channel, string State, int Attempts, DateTimeOffset CreatedAt,
    DateTimeOffset? LastAttemptAt, DateTimeOffset? NextAttemptAt, int? Status, string? Error,
    string? ResponseExcerpt, double? Seconds)
{
    public static DeliveryView From(DeliveryInfo d) => new(
        d.Id, d.EventId, d.Type, d.Channel, DeliveryStates.Name(d.State), d.Attempts, d.CreatedAt, d.LastAttemptAt, d.NextAttemptAt,
        d.Status, d.Error, d.ResponseExcerpt, d.Seconds);
}
