using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>Answers requests for media: whole or a range, from memory straight into the response's own buffers, or streamed.</summary>
internal sealed class MediaDelivery(ISpool spool, IOptions<OriginOptions> options, ILogger<MediaDelivery> logger)
{
    private static readonly Counter<long> Bytes = Telemetry.Meter.CreateCounter<long>("broadcast.origin.media.bytes", "By", "Media bytes handed to viewers.");

    private readonly string _cacheControl = string.Create(
        CultureInfo.InvariantCulture, $"public, max-age={(long)options.Value.MediaMaxAge.TotalSeconds}, immutable");

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context, MediaSource source)
    {
        SpoolContent? content = null;
        try
        {
            var isHead = HttpMethods.IsHead(context.Request.Method);
            var total = source.Length;
            if (total is null)
            {
                // Only the object knows how long it is: open it all, and again below when a range is wanted.
                content = await spool.ReadAsync(source.Object, source.Offset, null, context.RequestAborted);
                if (content is null)
                {
                    Answers.NotFound(context);
                    return;
                }

                total = content.TotalLength - source.Offset;
            }

            var tag = string.Create(CultureInfo.InvariantCulture, $"\"{source.Tag}-{total}\"");
            var headers = context.Response.Headers;
            headers.CacheControl = source.MaxAge is { } maxAge
                ? string.Create(CultureInfo.InvariantCulture, $"public, max-age={Math.Max(1, (long)maxAge.TotalSeconds)}")
                : _cacheControl;
            headers.ETag = tag;
            if (EntityTag.IsKnown(context.Request.Headers.IfNoneMatch, tag))
            {
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }

            headers.AcceptRanges = "bytes";
            var range = EntityTag.AllowsRange(context.Request.Headers.IfRange, tag) && context.Request.Headers.Range is [{ } asked]
                ? ByteRange.Parse(asked, total.Value)
                : ByteRange.Parse(null, total.Value);
            if (range.IsUnsatisfiable)
            {
                headers.Remove("ETag");
                headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{total}");
                Answers.Empty(context, StatusCodes.Status416RangeNotSatisfiable, Answers.Brief);
                return;
            }

            if (!isHead && (content is null || range.IsRange))
            {
                await DisposeAsync(content);
                content = await spool.ReadAsync(source.Object, source.Offset + range.First, range.Length, context.RequestAborted);
                if (content is null || content.Length != range.Length)
                {
                    Miss(context, source, range, content);
                    return;
                }
            }

            context.Response.ContentType = source.ContentType;
            context.Response.ContentLength = range.Length;
            if (range.IsRange)
            {
                context.Response.StatusCode = StatusCodes.Status206PartialContent;
                headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {range.First}-{range.First + range.Length - 1}/{total}");
            }

            if (!isHead && content is not null)
            {
                await WriteAsync(context, content);
                Bytes.Add(range.Length);
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectStoreException && !context.RequestAborted.IsCancellationRequested)
        {
            OriginLog.ReadFailed(logger, failure, source.Object);
            Answers.TryAgain(context);
        }
        finally
        {
            await DisposeAsync(content);
        }
    }

    private static async Task WriteAsync(HttpContext context, SpoolContent content)
    {
        var writer = context.Response.BodyWriter;
        if (content.Slices is { } slices)
        {
            foreach (var slice in slices)
            {
                var flushed = await writer.WriteAsync(slice, context.RequestAborted);
                if (flushed.IsCompleted)
                {
                    return;
                }
            }

            return;
        }

        var left = content.Length;
        while (left > 0)
        {
            var memory = writer.GetMemory(16 * 1024);
            var read = await content.Stream!.ReadAsync(memory[..(int)Math.Min(memory.Length, left)], context.RequestAborted);
            if (read == 0)
            {
                throw new EndOfStreamException($"{left} of {content.Length} bytes are missing.");
            }

            writer.Advance(read);
            left -= read;
            var flushed = await writer.FlushAsync(context.RequestAborted);
            if (flushed.IsCompleted)
            {
                return;
            }
        }
    }

    private void Miss(HttpContext context, MediaSource source, ByteRange range, SpoolContent? content)
    {
        if (content is null)
        {
            Answers.NotFound(context);
            return;
        }

        OriginLog.ReadShort(logger, source.Object, range.Length, content.Length, source.Offset + range.First);
        Answers.TryAgain(context);
    }

    private static ValueTask DisposeAsync(SpoolContent? content) => content?.DisposeAsync() ?? default;
}
