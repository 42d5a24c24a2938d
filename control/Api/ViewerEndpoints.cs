using System.Globalization;
using Broadcast.Control.Access;
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
/// Endpoints of <c>/api/v1/channels/{name}/viewer-tokens</c> and <c>…/viewer-keys</c>: access to channels that are not public.
/// </summary>
internal static class ViewerEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/viewer-tokens",
            async (string name, string? limit, string? before, HttpContext http, ViewerTokens tokens) =>
            {
                var count = Paging.Limit(limit, ViewerTokens.MaxPage);
                return Paging.Page(http, await tokens.ListAsync(name, count, before, http.RequestAborted), count, "before",
                    ViewerTokens.CursorOf, ViewerTokenView.From);
            })
            .RequireRole(TokenRole.Producer)
            .Describe<List<ViewerTokenView>>("listViewerTokens",
                "List the channel's viewer tokens without their signatures, newest first. 'before' continues from an id.", 200, 400, 404)
            .Paged("before", ViewerTokens.MaxPage);

        api.MapPost("/channels/{name}/viewer-tokens", CreateAsync).RequireRole(TokenRole.Producer).AcceptsBody<NewViewerToken>()
            .Describe<IssuedViewerTokenView>("createViewerToken",
                "Create a viewer token and the playback URLs that contain it. They are shown only once.", 201, 404,
                409).WithIdempotencyKey<IssuedViewerTokenView>();

        api.MapDelete("/channels/{name}/viewer-tokens/{id}",
            async (string name, string id, HttpContext http, ViewerTokens tokens, ViewerPolicyCache policies, ServerDatabase database) =>
            {
                var issuedByServer = await tokens.RevokeAsync(name, id, http.RequestAborted);
                await RefreshAsync(policies, database, name, http);
                return new RevokedViewerTokenView(id, issuedByServer);
            })
            .RequireRole(TokenRole.Producer).Describe<RevokedViewerTokenView>("revokeViewerToken",
                "Revoke a viewer token permanently, also one that was signed elsewhere with a key of the channel.", 200, 404, 409);

        api.MapGet("/channels/{name}/viewer-keys", async (string name, HttpContext http, ViewerKeys keys) =>
                (await keys.ListAsync(name, http.RequestAborted)).Select(ViewerKeyView.From).ToList())
            .RequireRole(TokenRole.Producer).Describe<List<ViewerKeyView>>("listViewerKeys",
                "List the keys that sign the channel's viewer tokens, without their secrets, newest first.", 200, 404);

        api.MapPost("/channels/{name}/viewer-keys", CreateKeyAsync).RequireRole(TokenRole.Producer).AcceptsBody<NewViewerKey>()
            .Describe<IssuedViewerKeyView>("createViewerKey",
                "Create another signing key for viewer tokens that you sign yourself. Its secret is shown only once.", 201, 404,
                409).WithIdempotencyKey<IssuedViewerKeyView>();

        api.MapDelete("/channels/{name}/viewer-keys/{id}",
            async (string name, string id, HttpContext http, ViewerKeys keys, ViewerPolicyCache policies, ServerDatabase database) =>
            {
                await keys.RevokeAsync(name, id, http.RequestAborted);
                await RefreshAsync(policies, database, name, http);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Producer).Describe("revokeViewerKey",
                "Revoke a signing key permanently, and with it all viewer tokens that it signed.", 204, 404);
    }

    private static async Task<IResult> CreateAsync(
        string name, HttpContext http, ViewerTokens tokens, ViewerPolicyCache policies, ServerDatabase database,
        IOptions<ControlOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var expires = body.Instant("expiresAt");
        var network = body.Text("network");
        var label = body.Text("label") ?? "";
        var preview = body.Boolean("preview") == true;
        body.ThrowIfInvalid(ViewerTokens.Validate(expires, network, label, time.GetUtcNow()));
        var issued = await tokens.CreateAsync(name, expires, network, label, preview, http.RequestAborted);
        await RefreshAsync(policies, database, name, http);
        var requestUrl = string.Create(CultureInfo.InvariantCulture, $"{http.Request.Scheme}://{http.Request.Host.Value}");
        var urls = http.RequestServices.GetService<IViewerUrls>()?.For(requestUrl) ?? new(requestUrl, requestUrl);
        return TypedResults.Created(
            $"/api/v1/channels/{name}/viewer-tokens/{issued.Info.Id}",
            new IssuedViewerTokenView(ViewerTokenView.From(issued.Info), issued.Token, PlaybackUrls.Of(urls, name, issued.Token)));
    }

    private static async Task<IResult> CreateKeyAsync(
        string name, HttpContext http, ViewerKeys keys, ViewerPolicyCache policies, ServerDatabase database,
        IOptions<ControlOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var label = body.Text("label") ?? "";
        body.ThrowIfInvalid(ChannelRules.ValidateLabel(label, null, time.GetUtcNow()));
        var issued = await keys.CreateAsync(name, label, http.RequestAborted);
        await RefreshAsync(policies, database, name, http);
        return TypedResults.Created($"/api/v1/channels/{name}/viewer-keys/{issued.Key.Id}",
            new IssuedViewerKeyView(ViewerKeyView.From(issued.Key), issued.Secret));
    }

    /// <summary>
    /// Updates the policy cache of this process at once, so that the change is in effect with the response. Other processes are notified.
    /// </summary>
    private static Task RefreshAsync(ViewerPolicyCache policies, ServerDatabase database, string channel, HttpContext http) =>
        policies.RefreshAsync(database, channel, http.RequestAborted);
}

internal sealed record NewViewerToken(DateTimeOffset? ExpiresAt, string? Network, string? Label, bool? Preview);

internal sealed record NewViewerKey(string? Label);

internal sealed record ViewerTokenView(string Id, string Label, string Network, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt, bool Preview)
{
    public static ViewerTokenView From(ViewerTokenInfo t) =>
        new(t.Id, t.Label, t.Network, t.CreatedAt, t.ExpiresAt, t.RevokedAt, t.Preview);
}

internal sealed record IssuedViewerTokenView(ViewerTokenView Info, string Token, PlaybackUrls Urls);

internal sealed record RevokedViewerTokenView(string Id, bool IssuedByServer);

internal sealed record ViewerKeyView(string Id, string Label, bool ServerManaged, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt)
{
    public static ViewerKeyView From(ViewerKeyInfo k) => new(k.Id, k.Label, k.IsServerManaged, k.CreatedAt, k.RevokedAt);
}

internal sealed record IssuedViewerKeyView(ViewerKeyView Key, string Secret);
