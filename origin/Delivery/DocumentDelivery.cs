using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>Answers requests for texts: compressed as the reader takes it, with what caches need to know, and 304 to whoever has it.</summary>
internal sealed class DocumentDelivery(IOptions<OriginOptions> options)
{
    /// <summary>Bytes of a text that are given to the server at once.</summary>
    private const int WritePiece = 64 * 1024;

    private static readonly Counter<long> Requests =
        Telemetry.Meter.CreateCounter<long>("broadcast_origin_requests", "{request}", "Requests answered, by kind and status code.");

    /// <summary>A request was answered.</summary>
    public static void Count(string kind, int code) => Requests.Add(1, new("kind", kind), new("code", code));

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="document">The answer; <see langword="null"/> for 404.</param>
    /// <param name="maxAge">How long caches may keep it.</param>
    /// <param name="stale">How long after that they may still give it while we fail (RFC 5861, 4): players wait with a playlist that does not grow, and give up at an error.</param>
    public async Task AnswerAsync(HttpContext context, Document? document, TimeSpan maxAge, TimeSpan stale = default)
    {
        if (document is null)
        {
            Answers.NotFound(context);
            return;
        }

        var request = context.Request;
        var headers = context.Response.Headers;
        var coding = document.Plain.Length < options.Value.MinimumCompressedLength
            ? ContentCoding.Identity
            : AcceptEncoding.Choose(request.Headers.AcceptEncoding.ToString());
        var tag = document.TagIn(coding);
        headers.CacheControl = string.Create(
            CultureInfo.InvariantCulture, $"public, max-age={Math.Max(1, (long)maxAge.TotalSeconds)}{(stale > TimeSpan.Zero ? $", stale-if-error={(long)stale.TotalSeconds}" : "")}");
        Cmsd.Say(headers, Cmsd.OfDocument(document.ContentType));
        headers.ETag = tag;
        headers.Vary = "Accept-Encoding";
        if (EntityTag.IsKnown(request.Headers.IfNoneMatch, tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var bytes = await document.InAsync(coding, context.RequestAborted);
        context.Response.ContentType = document.ContentType;
        context.Response.ContentLength = bytes.Length;
        if (coding != ContentCoding.Identity)
        {
            headers.ContentEncoding = coding == ContentCoding.Brotli ? "br" : "gzip";
        }

        if (HttpMethods.IsGet(request.Method))
        {
            // The server's buffers take all they are given: a slow reader of a long playlist shall hold a piece of it only.
            for (var at = 0; at < bytes.Length; at += WritePiece)
            {
                var flushed = await context.Response.BodyWriter.WriteAsync(bytes.AsMemory(at, Math.Min(WritePiece, bytes.Length - at)), context.RequestAborted);
                if (flushed.IsCompleted)
                {
                    return;
                }
            }
        }
    }
}
