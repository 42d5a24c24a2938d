using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/channels/{name}/viewer-tokens</c> and <c>…/viewer-keys</c>: who may watch a channel that is not public.</summary>
internal static class ViewerEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/viewer-tokens", async (string name, string? limit, string? before, HttpContext http, ViewerTokens tokens) =>
            {
                var count = Paging.Limit(limit, ViewerTokens.MaxPage);
                return Paging.Answer(http, await tokens.ListAsync(name, count, before, http.RequestAborted), count, "before", ViewerTokens.PlaceOf, ViewerTokenView.From);
            })
            .Asks(TokenRole.Producer)
            .Describe<List<ViewerTokenView>>("listViewerTokens", "The channel's viewer tokens without their signatures, newest first; 'before' reads on from an id.", 200, 400, 404)
            .Paged("before", ViewerTokens.MaxPage);

        api.MapPost("/channels/{name}/viewer-tokens", CreateAsync).Asks(TokenRole.Producer).Takes<NewViewerToken>()
            .Describe<IssuedViewerTokenView>("createViewerToken", "Makes a token to watch the channel with, and the addresses that hold it, which are shown this once.", 201, 404, 409).Repeatable<IssuedViewerTokenView>();

        api.MapDelete("/channels/{name}/viewer-tokens/{id}", async (string name, string id, HttpContext http, ViewerTokens tokens, ViewingRegister register, Database database) =>
            {
                var isOurs = await tokens.RevokeAsync(name, id, http.RequestAborted);
                await LearnAsync(register, database, http);
                return new RevokedViewerTokenView(id, isOurs);
            })
            .Asks(TokenRole.Producer).Describe<RevokedViewerTokenView>("revokeViewerToken", "Withdraws a viewer token for good, also one that was signed elsewhere with a key of the channel.", 200, 404, 409);

        api.MapGet("/channels/{name}/viewer-keys", async (string name, HttpContext http, ViewerKeys keys) =>
                (await keys.ListAsync(name, http.RequestAborted)).Select(ViewerKeyView.From).ToList())
            .Asks(TokenRole.Producer).Describe<List<ViewerKeyView>>("listViewerKeys", "The keys that the channel's viewer tokens are signed with, without their secrets, newest first.", 200, 404);

        api.MapPost("/channels/{name}/viewer-keys", CreateKeyAsync).Asks(TokenRole.Producer).Takes<NewViewerKey>()
            .Describe<IssuedViewerKeyView>("createViewerKey", "Makes one more signing key, for viewer tokens that you sign yourself; its secret is shown this once.", 201, 404, 409).Repeatable<IssuedViewerKeyView>();

        api.MapDelete("/channels/{name}/viewer-keys/{id}", async (string name, string id, HttpContext http, ViewerKeys keys, ViewingRegister register, Database database) =>
            {
                await keys.RevokeAsync(name, id, http.RequestAborted);
                await LearnAsync(register, database, http);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Producer).Describe("revokeViewerKey", "Withdraws a signing key for good, and all viewer tokens that were signed with it.", 204, 404);
    }

    private static async Task<IResult> CreateAsync(
        string name, HttpContext http, ViewerTokens tokens, ViewingRegister register, Database database, IOptions<ControlOptions> options, TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var expires = body.Instant("expiresAt");
        var address = body.Text("address");
        var label = body.Text("label") ?? "";
        var preview = body.Flag("preview") == true;
        body.Check(ViewerTokens.Mistakes(expires, address, label, time.GetUtcNow()));
        var issued = await tokens.CreateAsync(name, expires, address, label, preview, http.RequestAborted);
        await LearnAsync(register, database, http);
        var asked = string.Create(CultureInfo.InvariantCulture, $"{http.Request.Scheme}://{http.Request.Host.Value}");
        var addresses = http.RequestServices.GetService<IViewerAddresses>()?.For(asked) ?? new(asked, asked);
        return TypedResults.Created(
            $"/api/v1/channels/{name}/viewer-tokens/{issued.Info.Id}", new IssuedViewerTokenView(ViewerTokenView.From(issued.Info), issued.Token, PlaybackAddresses.Of(addresses, name, issued.Token)));
    }

    private static async Task<IResult> CreateKeyAsync(
        string name, HttpContext http, ViewerKeys keys, ViewingRegister register, Database database, IOptions<ControlOptions> options, TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var label = body.Text("label") ?? "";
        body.Check(ChannelRules.LabelMistakes(label, null, time.GetUtcNow()));
        var issued = await keys.CreateAsync(name, label, http.RequestAborted);
        await LearnAsync(register, database, http);
        return TypedResults.Created($"/api/v1/channels/{name}/viewer-keys/{issued.Key.Id}", new IssuedViewerKeyView(ViewerKeyView.From(issued.Key), issued.Secret));
    }

    /// <summary>Others hear of it in a moment; here it counts when the answer is there.</summary>
    private static async Task LearnAsync(ViewingRegister register, Database database, HttpContext http)
    {
        await using var connection = await database.Source.OpenConnectionAsync(http.RequestAborted);
        await register.LearnAsync(connection, http.RequestAborted);
    }
}

internal sealed record NewViewerToken(DateTimeOffset? ExpiresAt, string? Address, string? Label, bool? Preview);

internal sealed record NewViewerKey(string? Label);

internal sealed record ViewerTokenView(string Id, string Label, string Address, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, bool Preview)
{
    public static ViewerTokenView From(ViewerTokenInfo t) => new(t.Id, t.Label, t.Address, t.CreatedAt, t.ExpiresAt, t.RevokedAt, t.Preview);
}

internal sealed record IssuedViewerTokenView(ViewerTokenView Info, string Token, PlaybackAddresses Addresses);

internal sealed record RevokedViewerTokenView(string Id, bool MadeHere);

internal sealed record ViewerKeyView(string Id, string Label, bool OfServer, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt)
{
    public static ViewerKeyView From(ViewerKeyInfo k) => new(k.Id, k.Label, k.IsServers, k.CreatedAt, k.RevokedAt);
}

internal sealed record IssuedViewerKeyView(ViewerKeyView Key, string Secret);
