using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Slates;
using Broadcast.Database;
using Broadcast.Media.TranscoderToControl;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/channels/{name}/slate</c>: the media that viewers see during input loss.</summary>
internal static class SlateEndpoints
{
    private static readonly string[] Types = [SlateMedia.Png, SlateMedia.Jpeg, SlateMedia.Mp4];

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels/{name}/slate", GetAsync)
            .RequireRole(TokenRole.Viewer).Produces<Stream>(200, Types[0], Types[1..])
            .Describe("getSlate", "Get the channel's own slate as uploaded. "
                + "The server sends four slates at a time, and one per caller; otherwise 429.", 0, 404, 429);

        api.MapPut("/channels/{name}/slate", SetAsync).RequireRole(TokenRole.Producer)
            .Describe("setSlate",
                "Set the channel's own slate: a PNG or JPEG image, or an MP4 video of at most 30 s, up to 16 MiB. It is validated by "
                + "decoding it.", 204, 400, 404, 413)
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                // Not declared to routing, which would reject other Content-Type values. The file's content decides, not the header.
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = true,
                    Content = Types.ToDictionary(t => t, _ => new OpenApiMediaType { Schema =
                        new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } }, StringComparer.Ordinal),
                };
                return Task.CompletedTask;
            });

        api.MapDelete("/channels/{name}/slate", async (string name, HttpContext http, ChannelSlates slates) =>
            {
                await slates.DeleteAsync(name, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Producer).Describe("deleteSlate",
                "Delete the channel's own slate. The channel uses the server's slate again.", 204, 404);
    }

    private static async Task GetAsync(string name, HttpContext http, ChannelRepository channels, ChannelSlates slates,
        SlateDownloads downloads, TimeProvider time)
    {
        await channels.GetAsync(name, http.RequestAborted);
        using var download = downloads.Start(ApiAuthorization.GetCaller(http).Key);
        var slate = await slates.GetAsync(name, http.RequestAborted)
            ?? throw new OperationException(OperationErrorCode.NotFound, $"Channel '{name}' has no slate of its own.");
        using var timeout = new CancellationTokenSource(SlateDownloads.Timeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted);
        try
        {
            await new PiecewiseResponse(slate.Bytes, slate.MediaType).SendAsync(http, linked.Token);
        }
        catch (OperationCanceledException)
        {
            // The client left or took too long. The length was announced, so the response cannot end in another way.
            http.Abort();
        }
    }

    private static async Task<IResult> SetAsync(string name, HttpContext http, ChannelRepository channels, ChannelSlates slates,
        SlateUploads uploads, TimeProvider time)
    {
        await channels.GetAsync(name, http.RequestAborted);
        using var upload = uploads.Start(ApiAuthorization.GetCaller(http).Key);
        var bytes = await ReceiveAsync(http, time);
        await slates.SetAsync(name, bytes, http.RequestAborted);
        return TypedResults.NoContent();
    }

    /// <summary>Reads and validates a slate. Counts a rejected one.</summary>
    private static async Task<ReadOnlyMemory<byte>> ReceiveAsync(HttpContext http, TimeProvider time)
    {
        try
        {
            var bytes = await ReadAsync(http, time);
            var type = ChannelSlates.Check(bytes);
            if (http.RequestServices.GetService<ISlateValidator>() is { } validator
                && await validator.ValidateAsync(new ChannelSlate(bytes, type), http.RequestAborted) is { } error)
            {
                throw new OperationException([new("slate", error)]);
            }

            return bytes;
        }
        catch (OperationException)
        {
            SlateUploads.CountRejection("invalid");
            throw;
        }
        catch (BadHttpRequestException e)
        {
            SlateUploads.CountRejection(e.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => "too_large",
                StatusCodes.Status408RequestTimeout => "too_slow",
                _ => "incomplete",
            });
            throw;
        }
    }

    /// <summary>Reads the body.</summary>
    /// <exception cref="BadHttpRequestException">The body is too large (413) or too slow (408).</exception>
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext http, TimeProvider time)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = SlateMedia.MaxBytes;
        }

        using var timeout = new CancellationTokenSource(SlateUploads.BodyTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted);
        try
        {
            var body = new MemoryStream((int)Math.Clamp(http.Request.ContentLength ?? 0, 0, SlateMedia.MaxBytes));
            await http.Request.Body.CopyToAsync(body, linked.Token);
            return body.GetBuffer().AsMemory(0, (int)body.Length);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            throw new BadHttpRequestException(
                FormattableString.Invariant($"The slate did not arrive within {SlateUploads.BodyTimeout.TotalSeconds:0} s."),
                StatusCodes.Status408RequestTimeout, e);
        }
    }
}
