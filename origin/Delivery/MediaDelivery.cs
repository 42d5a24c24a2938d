using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Connections;
using Broadcast.Media.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>Sends media, whole or as a range: from memory directly into the response's buffers, or streamed.</summary>
internal sealed class MediaDelivery(ISpool spool, IOptions<OriginOptions> options, ILogger<MediaDelivery> logger)
{
    /// <summary>
    /// Seconds for which caches may serve expired media if the server fails (RFC 5861, 4): one day, because media never changes.
    /// </summary>
    private const int StaleIfError = 86_400;

    /// <summary>Number of bytes in memory to read again at a time.</summary>
    private const int RereadLength = 1 << 20;

    private static readonly Counter<long> Bytes =
        Telemetry.Meter.CreateCounter<long>("broadcast_origin_media_bytes", "By", "Media bytes sent to viewers.");

    private readonly string _cacheControl = string.Create(
        CultureInfo.InvariantCulture,
        $"public, max-age={(long)options.Value.MediaMaxAge.TotalSeconds}, immutable, stale-if-error={StaleIfError}");

    /// <summary>Responds to a request.</summary>
    public async Task AnswerAsync(HttpContext context, MediaLocation source)
    {
        SpoolContent? content = null;
        try
        {
            var isHead = HttpMethods.IsHead(context.Request.Method);
            var total = source.Length;
            if (total is null)
            {
                // Only the object knows its length: open it whole, and again below for a range.
                content = await spool.ReadAsync(source.Object, source.Offset, null, ReadPurpose.Media, context.RequestAborted);
                if (content is null)
                {
                    Responses.NotFound(context);
                    return;
                }

                total = content.TotalLength - source.Offset;
            }

            var tag = string.Create(CultureInfo.InvariantCulture, $"\"{source.Tag}-{total}\"");
            var headers = context.Response.Headers;
            SetHeaders(context, source);
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
                Responses.Empty(context, StatusCodes.Status416RangeNotSatisfiable, Responses.BriefCaching);
                return;
            }

            if (!isHead && (content is null || range.IsRange))
            {
                await DisposeAsync(content);
                content = await spool.ReadAsync(source.Object, source.Offset + range.First, range.Length, ReadPurpose.Media,
                    context.RequestAborted);
                if (content is null || content.Length != range.Length)
                {
                    RespondMissing(context, source, range, content);
                    return;
                }
            }

            context.Response.ContentType = source.ContentType;
            context.Response.ContentLength = range.Length;
            if (range.IsRange)
            {
                context.Response.StatusCode = StatusCodes.Status206PartialContent;
                headers.ContentRange = string.Create(CultureInfo.InvariantCulture,
                    $"bytes {range.First}-{range.First + range.Length - 1}/{total}");
            }

            if (!isHead && content is not null)
            {
                var written = content;
                content = null;
                await WriteAsync(context, source.Object, written);
                Bytes.Add(range.Length);
            }
        }
        catch (ObjectStoreException failure) when (failure.Kind == ObjectStoreErrorKind.TooManyReads)
        {
            Overload.Count(OverloadReason.StoreReads);
            Responses.TryAgain(context);
        }
        catch (Exception failure) when (failure is IOException or ObjectStoreException && !context.RequestAborted.IsCancellationRequested)
        {
            OriginLog.ReadFailed(logger, failure, source.Object);
            Responses.TryAgain(context);
        }
        finally
        {
            await DisposeAsync(content);
        }
    }

    /// <summary>Sets the cache lifetime and the CMSD header.</summary>
    public void SetHeaders(HttpContext context, MediaLocation source)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = source.MaxAge is { } maxAge
            ? string.Create(CultureInfo.InvariantCulture, $"public, max-age={Math.Max(1, (long)maxAge.TotalSeconds)}")
            : _cacheControl;
        Cmsd.SetHeader(headers, source.Cmsd);
    }

    /// <summary>Sends the rest of a resource after the bytes already sent; the caller sets the headers.</summary>
    /// <returns>Number of bytes sent; <see langword="null"/> when they are unavailable.</returns>
    public async Task<long?> SendRestAsync(HttpContext context, MediaLocation source, long sent)
    {
        SpoolContent? content = null;
        try
        {
            content = await spool.ReadAsync(source.Object, source.Offset + sent, source.Length - sent, ReadPurpose.Media,
                context.RequestAborted);
            if (content is null || (source.Length is { } length && content.Length != length - sent))
            {
                return null;
            }

            var (written, sending) = (content.Length, content);
            content = null;
            await WriteAsync(context, source.Object, sending);
            Bytes.Add(written);
            return written;
        }
        catch (ObjectStoreException failure) when (failure.Kind == ObjectStoreErrorKind.TooManyReads)
        {
            Overload.Count(OverloadReason.StoreReads);
            return null;
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
    /// Copies content into the response's buffers in pieces, at the client's speed, so that a slow client holds one or two pieces. This is
    /// the only copy between the spool's memory and the kernel's. Memory that no limit counts is released while the client is waited for,
    /// and read again: otherwise slow clients would keep media in memory that the spool has dropped.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="name">Name of the object.</param>
    /// <param name="content">The content; disposed here. The caller must not keep it.</param>
    /// <exception cref="IOException">The content is no longer available.</exception>
    private async Task WriteAsync(HttpContext context, ObjectName name, SpoolContent content)
    {
        var (position, left, slice, skip) = (content.Offset, content.Length, 0, 0);
        SpoolContent? current = content;
        content = null!;
        try
        {
            // Buffers of a response that has not started would be copied once more.
            await context.Response.StartAsync(context.RequestAborted);
            var writer = context.Response.BodyWriter;
            while (left > 0)
            {
                if (current is null)
                {
                    (current, slice, skip) = (await ReadRestAsync(name, position, left, context.RequestAborted), 0, 0);
                }

                var length = (int)Math.Min(current.Offset + current.Length - position, PipeWriterExtensions.PieceLength);
                var piece = writer.GetMemory(length)[..length];
                if (current.Slices is { } slices)
                {
                    Gather(slices, ref slice, ref skip, piece.Span);
                }
                else
                {
                    await current.Stream!.ReadExactlyAsync(piece, context.RequestAborted);
                }

                writer.Advance(length);
                (position, left) = (position + length, left - length);
                var flushing = writer.FlushAsync(context.RequestAborted);
                if (position == current.Offset + current.Length || (!flushing.IsCompleted && current.IsUncounted))
                {
                    var done = current;
                    current = null;
                    await done.DisposeAsync();
                }

                if ((await flushing).IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            await DisposeAsync(current);
        }
    }

    /// <summary>Reads the rest of an object: the next piece of what is in memory, or all of what is streamed.</summary>
    private async ValueTask<SpoolContent> ReadRestAsync(ObjectName name, long position, long left, CancellationToken cancellationToken)
    {
        var wanted = Math.Min(left, RereadLength);
        var content = await spool.ReadAsync(name, position, wanted, ReadPurpose.Media, cancellationToken);
        if (content is { Slices: null } && wanted < left)
        {
            await content.DisposeAsync();
            wanted = left;
            content = await spool.ReadAsync(name, position, wanted, ReadPurpose.Media, cancellationToken);
        }

        if (content is null || content.Length != wanted)
        {
            await DisposeAsync(content);
            throw new IOException($"{name} is no longer available from byte {position} on.");
        }

        return content;
    }

    /// <summary>Fills a buffer from slices and advances the position.</summary>
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

    private void RespondMissing(HttpContext context, MediaLocation source, ByteRange range, SpoolContent? content)
    {
        if (content is null)
        {
            Responses.NotFound(context);
            return;
        }

        OriginLog.ObjectTooShort(logger, source.Object, range.Length, content.Length, source.Offset + range.First);
        Responses.TryAgain(context);
    }

    private static ValueTask DisposeAsync(SpoolContent? content) => content?.DisposeAsync() ?? default;
}
