using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/channels/{name}/keys</c>: stream keys.</summary>
internal static class KeyEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/keys", async (string name, HttpContext http, StreamKeys keys) =>
                (await keys.ListAsync(name, http.RequestAborted)).Select(KeyView.From).ToList())
            .RequireRole(TokenRole.Producer).Describe<List<KeyView>>("listKeys",
                "List the channel's stream keys without their secrets, newest first.", 200, 404);

        api.MapPost("/channels/{name}/keys", CreateAsync).RequireRole(TokenRole.Producer).AcceptsBody<NewKey>()
            .Describe<IssuedKeyView>("createKey", "Create another stream key. It is shown only once.", 201, 404, 409)
            .WithIdempotencyKey<IssuedKeyView>();

        api.MapPost("/channels/{name}/keys/rotate", RotateAsync).RequireRole(TokenRole.Producer).AcceptsBody<KeyRotation>()
            .Describe<IssuedKeyView>("rotateKey", "Replace a stream key. The old key is revoked at once, or after an overlap.", 201, 404,
                409).WithIdempotencyKey<IssuedKeyView>();

        api.MapDelete("/channels/{name}/keys/{id}", async (string name, string id, HttpContext http, StreamKeys keys) =>
            {
                await keys.RevokeAsync(name, id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Producer).Describe("revokeKey", "Revoke a stream key permanently and disconnect its encoder.", 204, 404);
    }

    private static async Task<IResult> CreateAsync(string name, HttpContext http, StreamKeys keys, IOptions<ControlOptions> options,
        [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var role = body.OneOf("role", StreamKeys.Roles) ?? "primary";
        var label = body.Text("label") ?? "";
        var expires = body.Instant("expiresAt");
        body.ThrowIfInvalid(ChannelRules.ValidateLabel(label, expires, time.GetUtcNow()));
        return Issued(name,
            await keys.CreateAsync(name, StreamKeys.ParseRole(role), label, expires, http.RequestAborted));
    }

    private static async Task<IResult> RotateAsync(string name, HttpContext http, StreamKeys keys, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var id = body.Text("keyId");
        var overlap = TimeSpan.FromSeconds(body.Number("overlapSeconds") ?? 0);
        body.ThrowIfInvalid(StreamKeys.ValidateOverlap(overlap));
        return Issued(name, await keys.RotateAsync(name, id, overlap, http.RequestAborted));
    }

    private static IResult Issued(string channel, IssuedStreamKey issued) =>
        TypedResults.Created($"/api/v1/channels/{channel}/keys/{issued.Key.Id}",
            new IssuedKeyView(KeyView.From(issued.Key), issued.StreamKey));
}
