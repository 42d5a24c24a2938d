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
    /// <summary>Bytes handed on at a time: enough that system calls cost little, few enough that ten thousand slow readers hold little.</summary>
    private const int PieceLength = 64 * 1024;

    /// <summary>Seconds for which caches may give media that has expired, where we fail (RFC 5861, 4): a day, as it is right however old.</summary>
    private const int StaleIfError = 86_400;

    private static readonly Counter<long> Bytes = Telemetry.Meter.CreateCounter<long>("broadcast_origin_media_bytes", "By", "Media bytes handed to viewers.");

    private readonly string _cacheControl = string.Create(
        CultureInfo.InvariantCulture, $"public, max-age={(long)options.Value.MediaMaxAge.TotalSeconds}, immutable, stale-if-error={StaleIfError}");

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
            SayWhatItIs(context, source);
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

    /// <summary>Says how long caches may keep what is found there, and what it is.</summary>
    public void SayWhatItIs(HttpContext context, MediaSource source)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = source.MaxAge is { } maxAge
            ? string.Create(CultureInfo.InvariantCulture, $"public, max-age={Math.Max(1, (long)maxAge.TotalSeconds)}")
            : _cacheControl;
        Cmsd.Say(headers, source.Cmsd);
    }

    /// <summary>Sends what comes after the bytes that were sent already, of an answer whose headers are the caller's.</summary>
    /// <returns>How many bytes that were; <see langword="null"/> when they could not be had.</returns>
    public async Task<long?> SendRestAsync(HttpContext context, MediaSource source, long sent)
    {
        SpoolContent? content = null;
        try
        {
            content = await spool.ReadAsync(source.Object, source.Offset + sent, source.Length - sent, context.RequestAborted);
            if (content is null || (source.Length is { } length && content.Length != length - sent))
            {
                return null;
            }

            await WriteAsync(context, content);
            Bytes.Add(content.Length);
            return content.Length;
        }
        catch (Exception failure) when (failure is IOException or ObjectStoreException && !context.RequestAborted.IsCancellationRequested)
        {
            OriginLog.ReadFailed(logger, failure, source.Object);
            return null;
        }
        finally
        {
            await DisposeAsync(content);
        }
    }

    /// <summary>
    /// Copies content into the response's buffers in pieces, the only copy there is between the spool's memory and the kernel's, and hands them on as fast as the reader takes
    /// them, so that a slow one holds a piece or two.
    /// </summary>
    private static async Task WriteAsync(HttpContext context, SpoolContent content)
    {
        // Memory from a response that has not started would be copied once more.
        await context.Response.StartAsync(context.RequestAborted);
        var writer = context.Response.BodyWriter;
        var (left, slice, skip) = (content.Length, 0, 0);
        while (left > 0)
        {
            var length = (int)Math.Min(left, PieceLength);
            var piece = writer.GetMemory(length)[..length];
            if (content.Slices is { } slices)
            {
                Gather(slices, ref slice, ref skip, piece.Span);
            }
            else
            {
                await content.Stream!.ReadExactlyAsync(piece, context.RequestAborted);
            }

            writer.Advance(length);
            left -= length;
            if ((await writer.FlushAsync(context.RequestAborted)).IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>Fills a piece from slices, from a place in them on, and moves the place.</summary>
    private static void Gather(IReadOnlyList<ReadOnlyMemory<byte>> slices, ref int slice, ref int skip, Span<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            var rest = slices[slice].Span[skip..];
            var taken = Math.Min(rest.Length, piece.Length);
            rest[..taken].CopyTo(piece);
            piece = piece[taken..];
            (slice, skip) = taken == rest.Length ? (slice + 1, 0) : (slice, skip + taken);
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
