using System.IO.Compression;
using System.Security.Cryptography;
using Broadcast.Media.Connections;
using Microsoft.Net.Http.Headers;

namespace Broadcast.Host.Pages;

/// <summary>A page or asset with its compressed forms.</summary>
/// <param name="Type">Media type.</param>
/// <param name="Tag">Entity tag, including quotes.</param>
/// <param name="Plain">Uncompressed bytes.</param>
/// <param name="Gzip">Bytes compressed with <c>gzip</c>; <see langword="null"/> for binary types.</param>
/// <param name="Brotli">Bytes compressed with <c>br</c>; <see langword="null"/> for binary types.</param>
internal sealed record WebPage(string Type, string Tag, byte[] Plain, byte[]? Gzip, byte[]? Brotli)
{
    public static WebPage Read(string file, string type) => Of(File.ReadAllBytes(file), type);

    /// <summary>Creates a page, with compressed forms for text.</summary>
    public static WebPage Of(byte[] plain, string type)
    {
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 12))}\"").ToString();
        var isText = type.StartsWith("text/", StringComparison.Ordinal) || type.Contains("json", StringComparison.Ordinal)
            || type.Contains("svg", StringComparison.Ordinal);
        return new WebPage(
            type, tag, plain,
            isText ? Compress(plain, s => new GZipStream(s, CompressionLevel.Optimal)) : null,
            isText ? Compress(plain, s => new BrotliStream(s, CompressionLevel.Optimal)) : null);
    }

    /// <summary>Sends the page, or 304 if the client has it.</summary>
    /// <param name="context">The request, GET or HEAD.</param>
    /// <param name="caching">Value of <c>Cache-Control</c>.</param>
    /// <param name="status">The status code; only 200 can become 304.</param>
    public async Task SendAsync(HttpContext context, string caching, int status = StatusCodes.Status200OK)
    {
        var (request, response) = (context.Request, context.Response);
        response.StatusCode = status;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = caching;
        response.Headers.ETag = Tag;
        response.Headers.Vary = "Accept-Encoding";
        if (status == StatusCodes.Status200OK && request.Headers.IfNoneMatch.Contains(Tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var body = Plain;
        var accepted = request.Headers.AcceptEncoding.ToString();
        if (Brotli is { } brotli && accepted.Contains("br", StringComparison.OrdinalIgnoreCase))
        {
            (body, response.Headers.ContentEncoding) = (brotli, "br");
        }
        else if (Gzip is { } gzip && accepted.Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            (body, response.Headers.ContentEncoding) = (gzip, "gzip");
        }

        response.ContentType = Type;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.BodyWriter.WritePiecesAsync(body, context.RequestAborted);
        }
    }

    private static byte[] Compress(byte[] plain, Func<Stream, Stream> open)
    {
        using var target = new MemoryStream();
        using (var stream = open(target))
        {
            stream.Write(plain);
        }

        return target.ToArray();
    }
}
