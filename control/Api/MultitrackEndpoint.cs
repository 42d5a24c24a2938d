using System.Net;
using System.Text.Json.Serialization;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Multitrack;
using Broadcast.Control.Publishing;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>
/// Endpoint of <c>POST /api/v1/obs/multitrack</c>: OBS Studio requests its encoder configuration ("Enhanced Broadcasting"). It sends no
/// token; the stream key in the body authenticates it. Errors that the user can correct are answered with status 200 and a message in
/// <c>status</c>, because OBS shows no other.
/// </summary>
internal static class MultitrackEndpoint
{
    public const string Path = "/obs/multitrack";

    public static void Map(RouteGroupBuilder api) =>
        api.MapPost(Path, ConfigureAsync).AcceptsBody<MultitrackRequest>().Describe<EncoderConfiguration>(
            "configureMultitrack",
            "Get the tracks that OBS Studio encodes and where it sends them. Needs no token, but a stream key in 'authentication'. A "
            + "rejection is in 'status'.").WithMetadata(new RateLimitExempt());

    private static async Task<IResult> ConfigureAsync(HttpContext http, StreamKeyValidator keys, IOptions<ControlOptions> options,
        IOptions<AuthorizationOptions> authorization)
    {
        if (StreamingClient.Read(await RequestBody.BytesAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted))
            is not { } client)
        {
            throw new OperationException([new("body", "The body must be a JSON object as sent by OBS Studio.")]);
        }

        if (authorization.Value.CallbackAlone)
        {
            return Reject(client,
                "This server uses an auth callback and cannot derive encoder settings from a stream key. Turn Enhanced Broadcasting off.");
        }

        var remote = http.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, http.Connection.RemotePort) : null;
        switch (await keys.CheckAsync(client.StreamKey, remote, http.RequestAborted))
        {
            case StreamKeyCheck.Invalid bad:
                return Reject(client, bad.Message);

            case StreamKeyCheck.Valid when client.Width < 2 || client.Height < 2:
                return Reject(client, "The request does not state the frame size.");

            case StreamKeyCheck.Valid { Key: var key } when http.RequestServices.GetService<IPublishUrls>()
                ?.For(http.Request.Host.Host) is { } addresses:
                return TypedResults.Json(EncoderConfiguration.For(client, key.Ladder, addresses));

            default:
                return Reject(client, "This server does not listen for encoders.");
        }
    }

    private static IResult Reject(StreamingClient client, string message) =>
        TypedResults.Json(EncoderConfiguration.Reject(client, message));
}

/// <summary>Members of OBS Studio's request that the server reads.</summary>
internal sealed record MultitrackRequest(
    [property: JsonPropertyName("service")] string? Service,
    [property: JsonPropertyName("schema_version")] string? SchemaVersion,
    [property: JsonPropertyName("authentication")] string Authentication,
    [property: JsonPropertyName("client")] object? Client,
    [property: JsonPropertyName("capabilities")] object? Capabilities,
    [property: JsonPropertyName("preferences")] object? Preferences);
