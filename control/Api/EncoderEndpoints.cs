using Broadcast.Control.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/encoders</c>: encoders available on this machine.</summary>
internal static class EncoderEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/encoders", (HttpContext http) => Views(http.RequestServices.GetService<IEncoderList>()?.List()))
            .RequireRole(TokenRole.Admin).Describe<List<EncoderView>>("listEncoders",
                "List encoders for rungs, and whether each works or why not.");

        api.MapPost("/encoders/probe", async (HttpContext http, CancellationToken cancellationToken) =>
                Views(http.RequestServices.GetService<IEncoderList>() is { } list ? await list.ProbeAsync(cancellationToken) : null))
            .RequireRole(TokenRole.Admin).Describe<List<EncoderView>>("probeEncoders",
                "Probe all encoders again by encoding a few frames with each. Takes one or two seconds.");
    }

    private static List<EncoderView> Views(IReadOnlyList<EncoderInfo>? encoders) => [.. (encoders ?? []).Select(EncoderView.From)];
}

internal sealed record EncoderView(string Encoder, string Vendor, string Codec, bool UsedForRungs, bool Works, string? Error,
    DateTimeOffset ProbedAt, int DurationMilliseconds)
{
    public static EncoderView From(EncoderInfo e) =>
        new(e.Encoder, e.Vendor, e.Codec, e.UsedForRungs, e.Works, e.Error, e.ProbedAt, (int)e.Duration.TotalMilliseconds);
}
