using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/encoders</c>: what the machine can encode with.</summary>
internal static class EncoderEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/encoders", (HttpContext http) => Views(http.RequestServices.GetService<IEncoderList>()?.List()))
            .Asks(TokenRole.Admin).Describe<List<EncoderView>>("listEncoders", "The encoders that this server could use for rungs, those that work and, with the reason, those that do not.");

        api.MapPost("/encoders/prove", async (HttpContext http, CancellationToken cancellationToken) =>
                Views(http.RequestServices.GetService<IEncoderList>() is { } list ? await list.ProveAsync(cancellationToken) : null))
            .Asks(TokenRole.Admin).Describe<List<EncoderView>>("proveEncoders", "Proves all encoders anew by encoding a few pictures with each, and tells what came of it. Takes a second or two.");
    }

    private static List<EncoderView> Views(IReadOnlyList<EncoderInfo>? encoders) => [.. (encoders ?? []).Select(EncoderView.From)];
}

internal sealed record EncoderView(string Encoder, string Vendor, string Codec, bool ForRungs, bool Works, string? Refusal, DateTimeOffset ProvedAt, int TookMilliseconds)
{
    public static EncoderView From(EncoderInfo e) => new(e.Encoder, e.Vendor, e.Codec, e.ForRungs, e.Works, e.Refusal, e.ProvedAt, (int)e.Took.TotalMilliseconds);
}
