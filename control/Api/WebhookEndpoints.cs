using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/webhooks</c>: whom the server tells of what happens, and what it told them.</summary>
internal static class WebhookEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/webhooks", async (HttpContext http, Webhooks webhooks) => (await webhooks.ListAsync(http.RequestAborted)).Select(WebhookView.From).ToList())
            .Asks(TokenRole.Admin).Describe<List<WebhookView>>("listWebhooks", "All webhooks without their secrets, the oldest first.");

        api.MapPost("/webhooks", CreateAsync).Asks(TokenRole.Admin).Takes<NewWebhook>()
            .Describe<IssuedWebhookView>("createWebhook", "Makes a webhook. The secret that its requests are signed with is shown this once.", 201, 409).Repeatable<IssuedWebhookView>();

        api.MapGet("/webhooks/{id}", async (string id, HttpContext http, Webhooks webhooks) => Answer(http, await webhooks.GetAsync(id, http.RequestAborted)))
            .Asks(TokenRole.Admin).Describe<WebhookView>("getWebhook", "One webhook.", 200, 404).Tagged();

        api.MapPatch("/webhooks/{id}", ChangeAsync).Asks(TokenRole.Admin).Takes<WebhookChange>()
            .Describe<WebhookView>("changeWebhook", "Changes the members that are sent and leaves the others. One that was switched off for its failures is on again with 'enabled' true.", 200, 404).Guarded(200);

        api.MapDelete("/webhooks/{id}", async (string id, HttpContext http, Webhooks webhooks) =>
            {
                await webhooks.DeleteIfAsync(id, ETags.Expected<HookInfo>(http, ETags.Of), http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Admin).Describe("deleteWebhook", "Deletes a webhook with what waits for it and its log.", 204, 404).Guarded();

        api.MapPost("/webhooks/{id}/rotate", RotateAsync).Asks(TokenRole.Admin).Takes<WebhookRotation>()
            .Describe<IssuedWebhookView>("rotateWebhookSecret", "Makes a new secret, shown this once. The old one signs beside it for 'overlapSeconds' (a day, at most seven).", 200, 404);

        api.MapPost("/webhooks/{id}/test", async (string id, HttpContext http, HookTrial trial) => DeliveryView.From(await trial.RunAsync(id, http.RequestAborted)))
            .Asks(TokenRole.Admin).Describe<DeliveryView>("testWebhook", "Sends a 'webhook.test' now and tells what came of it.", 200, 404);

        api.MapGet("/webhooks/{id}/deliveries", ListDeliveriesAsync).Asks(TokenRole.Admin)
            .Describe<List<DeliveryView>>("listDeliveries", "What the webhook was told or is to be told, newest first; of a 'state' (waiting, delivered, failed). 'before' reads on from an id.", 200, 400, 404)
            .Paged("before", HookLog.MaxPage);

        api.MapPost("/webhooks/{id}/deliveries/{delivery}/replay", ReplayAsync).Asks(TokenRole.Admin)
            .Describe<DeliveryView>("replayDelivery", "Has something told once more, whatever became of it, under the same id.", 202, 404, 409);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, Webhooks webhooks, OutboundConnector connector, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var settings = SettingsOf(body, isNew: true);
        body.Check(HookRules.Mistakes(settings, isNew: true, connector));
        var issued = await webhooks.CreateAsync(settings, http.RequestAborted);
        return TypedResults.Created($"/api/v1/webhooks/{issued.Info.Id}", new IssuedWebhookView(WebhookView.From(issued.Info), issued.Secret));
    }

    private static async Task<WebhookView> ChangeAsync(string id, HttpContext http, Webhooks webhooks, OutboundConnector connector, HookCourier courier, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var settings = SettingsOf(body, isNew: false);
        body.Check(HookRules.Mistakes(settings, isNew: false, connector));
        var changed = await webhooks.SetIfAsync(id, settings, ETags.Expected<HookInfo>(http, ETags.Of), http.RequestAborted);
        courier.Wake();
        return Answer(http, changed);
    }

    private static WebhookView Answer(HttpContext http, HookInfo webhook) => ETags.Tagged(http, ETags.Of(webhook), WebhookView.From(webhook));

    private static async Task<IssuedWebhookView> RotateAsync(string id, HttpContext http, Webhooks webhooks, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var overlap = body.Number("overlapSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : HookRules.DefaultOverlap;
        body.Check([]);
        var issued = await webhooks.RotateAsync(id, overlap, http.RequestAborted);
        return new(WebhookView.From(issued.Info), issued.Secret);
    }

    private static async Task<List<DeliveryView>> ListDeliveriesAsync(string id, string? state, string? before, string? limit, HttpContext http, HookLog log)
    {
        if (before is not null && !long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new ControlException([new("before", "'before' must be a delivery's id.")]);
        }

        var count = Paging.Limit(limit);
        var reached = before is null ? (long?)null : long.Parse(before, CultureInfo.InvariantCulture);
        return Paging.Answer(
            http, await log.ListAsync(id, state, reached, count, http.RequestAborted), count, "before", d => d.Id.ToString(CultureInfo.InvariantCulture), DeliveryView.From);
    }

    private static async Task<IResult> ReplayAsync(string id, string delivery, HttpContext http, HookLog log)
    {
        var number = long.TryParse(delivery, NumberStyles.None, CultureInfo.InvariantCulture, out var known) ? known : 0;
        return TypedResults.Accepted((string?)null, DeliveryView.From(await log.ReplayAsync(id, number, http.RequestAborted)));
    }

    private static HookSettings SettingsOf(RequestBody body, bool isNew) =>
        new(body.Text("url", required: isNew), body.Text("label"), body.Texts("types"), body.Texts("channels"), body.Flag("enabled"));
}

internal sealed record NewWebhook(string Url, string? Label, IReadOnlyList<string>? Types, IReadOnlyList<string>? Channels, bool? Enabled);

internal sealed record WebhookChange(string? Url, string? Label, IReadOnlyList<string>? Types, IReadOnlyList<string>? Channels, bool? Enabled);

internal sealed record WebhookRotation(int? OverlapSeconds);

internal sealed record WebhookView(
    string Id, string Url, string Label, IReadOnlyList<string> Types, IReadOnlyList<string> Channels, bool Enabled, string? DisabledReason, DateTimeOffset CreatedAt, DateTimeOffset? OldSecretUntil,
    DateTimeOffset? TriedAt, DateTimeOffset? FailingSince, long Waiting, long Dropped)
{
    public static WebhookView From(HookInfo h) => new(
        h.Id, h.Url, h.Label, h.Types, h.Channels, h.Enabled, h.DisabledReason, h.CreatedAt, h.OldSecretUntil, h.TriedAt, h.FailingSince, h.Waiting, h.Dropped);
}

internal sealed record IssuedWebhookView(WebhookView Webhook, string Secret);

internal sealed record DeliveryView(
    long Id, string Event, string Type, string? Channel, string State, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset? TriedAt, DateTimeOffset? NextAt, int? Status, string? Fault,
    string? Excerpt, double? Seconds)
{
    public static DeliveryView From(DeliveryInfo d) => new(
        d.Id, d.EventId, d.Type, d.Channel, d.State, d.Attempts, d.CreatedAt, d.TriedAt, d.NextAt, d.Status, d.Fault, d.Excerpt, d.Seconds);
}
