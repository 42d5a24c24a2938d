using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Broadcast.Control.Api;

/// <summary>
/// Endpoint of the OpenAPI document. It requires no token, so anybody can request it at any rate: the document is generated once, not per
/// request.
/// </summary>
/// <param name="generator">Generator of the document.</param>
internal sealed class OpenApiEndpoint([FromKeyedServices(OpenApiEndpoint.DocumentName)] IOpenApiDocumentProvider generator) : IDisposable
{
    /// <summary>Name of the document.</summary>
    public const string DocumentName = "v1";

    private readonly SemaphoreSlim _generating = new(1);
    private volatile byte[]? _document;

    /// <summary>Maps <c>openapi.json</c>.</summary>
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/openapi.json", async (OpenApiEndpoint endpoint, CancellationToken cancellationToken) =>
            new PiecewiseResponse(await endpoint.GetAsync(cancellationToken), "application/json; charset=utf-8")).ExcludeFromDescription();

    /// <inheritdoc/>
    public void Dispose() => _generating.Dispose();

    private async Task<byte[]> GetAsync(CancellationToken cancellationToken)
    {
        if (_document is { } existing)
        {
            return existing;
        }

        await _generating.WaitAsync(cancellationToken);
        try
        {
            if (_document is null)
            {
                // Not canceled with the first request: other requests wait for the same document.
                var document = await generator.GetOpenApiDocumentAsync(CancellationToken.None);
                using var json = new MemoryStream();
                await document.SerializeAsJsonAsync(json, OpenApiSpecVersion.OpenApi3_1, CancellationToken.None);
                _document = json.ToArray();
            }

            return _document;
        }
        finally
        {
            _generating.Release();
        }
    }
}
