using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/channels/{name}/keys</c>.</summary>
internal static class KeyEndpoints
{
    private static readonly string[] RoleNames = ["primary", "backup", "guest"];

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/keys", async (string name, HttpContext http, StreamKeys keys) =>
                (await keys.ListAsync(name, http.RequestAborted)).Select(KeyView.From).ToList())
            .Asks(TokenRole.Producer).Describe<List<KeyView>>("listKeys", "The channel's stream keys without their secrets, newest first.", 200, 404);

        api.MapPost("/channels/{name}/keys", CreateAsync).Asks(TokenRole.Producer).Takes<NewKey>()
            .Describe<IssuedKeyView>("createKey", "Makes one more stream key, which is shown this once.", 201, 404, 409).Repeatable<IssuedKeyView>();

        api.MapPost("/channels/{name}/keys/rotate", RotateAsync).Asks(TokenRole.Producer).Takes<KeyRotation>()
            .Describe<IssuedKeyView>("rotateKey", "Makes a new key in place of an old one, which goes at once or, with an overlap, lets encoders in for a while longer.", 201, 404, 409).Repeatable<IssuedKeyView>();

        api.MapDelete("/channels/{name}/keys/{id}", async (string name, string id, HttpContext http, StreamKeys keys) =>
            {
                await keys.RevokeAsync(name, id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Producer).Describe("revokeKey", "Withdraws a stream key for good; its encoder is sent away.", 204, 404);
    }

    private static async Task<IResult> CreateAsync(string name, HttpContext http, StreamKeys keys, IOptions<ControlOptions> options, TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var role = body.Word("role", RoleNames) ?? "primary";
        var label = body.Text("label") ?? "";
        var expires = body.Instant("expiresAt");
        body.Check(ChannelRules.LabelMistakes(label, expires, time.GetUtcNow()));
        return Issued(name, await keys.CreateAsync(name, Enum.Parse<KeyRole>(role, ignoreCase: true), label, expires, http.RequestAborted));
    }

    private static async Task<IResult> RotateAsync(string name, HttpContext http, StreamKeys keys, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var id = body.Text("keyId");
        var overlap = TimeSpan.FromSeconds(body.Number("overlapSeconds") ?? 0);
        body.Check(StreamKeys.OverlapMistakes(overlap));
        return Issued(name, await keys.RotateAsync(name, id, overlap, http.RequestAborted));
    }

    private static IResult Issued(string channel, IssuedKey issued) =>
        TypedResults.Created($"/api/v1/channels/{channel}/keys/{issued.Key.Id}", new IssuedKeyView(KeyView.From(issued.Key), issued.StreamKey));
}
