using Broadcast.Media;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/channels/{name}/slate</c>: what viewers see while the channel waits for its encoder.</summary>
internal static class SlateEndpoints
{
    private static readonly string[] Types = [SlateMedia.Png, SlateMedia.Jpeg, SlateMedia.Mp4];

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/slate", async (string name, HttpContext http, ChannelDirectory channels, ChannelSlates slates) =>
            {
                await channels.GetAsync(name, http.RequestAborted);
                return await slates.GetAsync(name, http.RequestAborted) is { } slate
                    ? Results.Bytes(slate.Bytes, slate.MediaType)
                    : throw new ControlException(ControlCode.NotFound, $"Channel '{name}' has no slate of its own.");
            })
            .Asks(TokenRole.Viewer).Produces<Stream>(200, Types[0], Types[1..]).Describe("getSlate", "The channel's own slate: the file that was sent.", 0, 404);

        api.MapPut("/channels/{name}/slate", SetAsync).Asks(TokenRole.Producer)
            .Describe("setSlate", "Gives the channel a slate of its own: the body is a PNG or JPEG picture, or an MP4 clip of at most 30 s, up to 16 MiB. It is proved by decoding it.", 204, 400, 404, 413)
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                // Not said to routing, which would hold the type that a program sends against it: what counts is what the file is.
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = true,
                    Content = Types.ToDictionary(t => t, _ => new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } }, StringComparer.Ordinal),
                };
                return Task.CompletedTask;
            });

        api.MapDelete("/channels/{name}/slate", async (string name, HttpContext http, ChannelSlates slates) =>
            {
                await slates.DeleteAsync(name, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Producer).Describe("deleteSlate", "Takes the channel's own slate away; it has the server's again.", 204, 404);
    }

    private static async Task<IResult> SetAsync(string name, HttpContext http, ChannelDirectory channels, ChannelSlates slates)
    {
        await channels.GetAsync(name, http.RequestAborted);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = SlateMedia.MaxBytes;
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        var bytes = body.ToArray();
        var type = ChannelSlates.Check(bytes);
        if (http.RequestServices.GetService<ISlateProof>() is { } proof && await proof.RefusalAsync(new ChannelSlate(bytes, type == SlateMedia.Mp4), http.RequestAborted) is { } refusal)
        {
            throw new ControlException([new("slate", refusal)]);
        }

        await slates.SetAsync(name, bytes, http.RequestAborted);
        return TypedResults.NoContent();
    }
}
