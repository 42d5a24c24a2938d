using Broadcast.Media.Connections;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>Response 200 with bytes, which are written in pieces so that a stalled client holds one piece.</summary>
/// <param name="bytes">The body.</param>
/// <param name="mediaType">Value of <c>Content-Type</c>.</param>
internal sealed class PiecewiseResponse(ReadOnlyMemory<byte> bytes, string mediaType) : IResult
{
    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext) => SendAsync(httpContext, httpContext.RequestAborted);

    /// <summary>Sends the response.</summary>
    public async Task SendAsync(HttpContext http, CancellationToken cancellationToken)
    {
        http.Response.ContentType = mediaType;
        http.Response.ContentLength = bytes.Length;
        await http.Response.BodyWriter.WritePiecesAsync(bytes, cancellationToken);
    }
}
