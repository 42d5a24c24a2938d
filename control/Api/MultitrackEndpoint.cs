using System.Net;
using System.Text.Json.Serialization;
using Broadcast.Control.Multitrack;
using Broadcast.Media;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>
/// <c>POST /api/v1/obs/multitrack</c>: where OBS Studio asks what to encode ("Enhanced Broadcasting"). It has no token: the stream key in its body is what it shows. What a person can
/// mend is answered with status 200 and words in <c>status</c>, because OBS shows no other.
/// </summary>
internal static class MultitrackEndpoint
{
    public const string Path = "/obs/multitrack";

    public static void Map(RouteGroupBuilder api) =>
        api.MapPost(Path, ConfigureAsync).Takes<MultitrackRequest>().Describe<EncoderConfiguration>(
            "configureMultitrack",
            "Tells OBS Studio which tracks to encode and where to send them. Needs no token, but a stream key in 'authentication'; a refusal stands in 'status'.").WithMetadata(new NotCounted());

    private static async Task<IResult> ConfigureAsync(HttpContext http, KeyCheck keys, IOptions<ControlOptions> options, IOptions<AuthorizationOptions> authorization)
    {
        if (StreamingClient.Read(await RequestBody.BytesAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted)) is not { } client)
        {
            throw new ControlException([new("body", "The body must be a JSON object as OBS Studio sends it.")]);
        }

        if (authorization.Value.WebhookAlone)
        {
            return Refusal(client, "This server asks another one who may publish, and cannot tell from a stream key what to encode. Turn Enhanced Broadcasting off.");
        }

        var remote = http.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, http.Connection.RemotePort) : null;
        switch (await keys.CheckAsync(client.StreamKey, remote, http.RequestAborted))
        {
            case Checked.Bad bad:
                return Refusal(client, bad.Message);

            case Checked.Good when client.Width < 2 || client.Height < 2:
                return Refusal(client, "The request does not say how large the picture is.");

            case Checked.Good { Key: var key } when http.RequestServices.GetService<IPublishAddresses>()?.For(http.Request.Host.Host) is { } addresses:
                return TypedResults.Json(EncoderConfiguration.For(client, key.Ladder, addresses));

            default:
                return Refusal(client, "This server does not listen for encoders.");
        }
    }

    private static IResult Refusal(StreamingClient client, string words) => TypedResults.Json(EncoderConfiguration.Refusal(client, words));
}

/// <summary>The members of OBS Studio's request that are looked at.</summary>
internal sealed record MultitrackRequest(
    [property: JsonPropertyName("service")] string? Service,
    [property: JsonPropertyName("schema_version")] string? SchemaVersion,
    [property: JsonPropertyName("authentication")] string Authentication,
    [property: JsonPropertyName("client")] object? Client,
    [property: JsonPropertyName("capabilities")] object? Capabilities,
    [property: JsonPropertyName("preferences")] object? Preferences);
