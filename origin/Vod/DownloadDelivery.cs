using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Connections;
using Broadcast.Media.Storage;
using Broadcast.Origin.Delivery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.Vod;

/// <summary>
/// Sends downloads, whole or as ranges: the tables from memory, the media from the segments' objects, piece by piece at the client's speed.
/// So each download holds few pieces in memory, whatever its length.
/// </summary>
internal sealed class DownloadDelivery(ISpool spool, ILogger<DownloadDelivery> logger)
{
    /// <summary>
    /// Maximum gap between the payloads of two chunks that is read and discarded; for a longer gap, the object is opened again.
    /// </summary>
    private const int MaxSkip = 64 * 1024;

    private static readonly Counter<long> Bytes =
        Telemetry.Meter.CreateCounter<long>("broadcast_origin_download_bytes", "By", "Bytes of recordings sent as downloads.");

    /// <summary>Responds to a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="download">The download; must have a layout.</param>
    /// <param name="disposition">Value of <c>Content-Disposition</c>.</param>
    public async Task AnswerAsync(HttpContext context, Download download, string disposition)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        var total = download.Layout!.Length;

        // Large and requested once: shared caches must not store it. The recording may be deleted, so browsers revalidate.
        headers.CacheControl = "private, no-cache";
        headers.ETag = download.Tag;
        if (EntityTag.IsKnown(request.Headers.IfNoneMatch, download.Tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        headers.AcceptRanges = "bytes";
        var range = ByteRange.Parse(
            EntityTag.AllowsRange(request.Headers.IfRange, download.Tag) && request.Headers.Range is [{ } asked] ? asked : null, total);
        if (range.IsUnsatisfiable)
        {
            headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{total}");
            Responses.Empty(context, StatusCodes.Status416RangeNotSatisfiable, Responses.BriefCaching);
            return;
        }

        context.Response.ContentType = download.ContentType;
        context.Response.ContentLength = range.Length;
        headers.ContentDisposition = disposition;
        if (range.IsRange)
        {
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            headers.ContentRange = string.Create(CultureInfo.InvariantCulture,
                $"bytes {range.First}-{range.First + range.Length - 1}/{total}");
        }

        if (HttpMethods.IsGet(request.Method))
        {
            await SendAsync(context, download, range.First, range.First + range.Length);
        }
    }

    /// <summary>Opens the first object before the response starts, so that a server at its limit can still respond with 503.</summary>
    private async Task SendAsync(HttpContext context, Download download, long position, long end)
    {
        SpoolContent? first = null;
        var mediaStart = Math.Max(position, download.Layout!.Head.Length);
        try
        {
            if (mediaStart < end)
            {
                var range = ReadRange.At(download.Layout!, mediaStart, end);
                first = await spool.ReadAsync(download.ObjectOf(range.Source), range.Offset, range.Length, ReadPurpose.Download,
                    context.RequestAborted);
            }
        }
        catch (ObjectStoreException failure) when (failure.Kind == ObjectStoreErrorKind.TooManyReads)
        {
            Overload.Count(OverloadReason.StoreReads);
            context.Response.Headers.Remove("Content-Range");
            context.Response.Headers.Remove("Content-Disposition");
            Responses.TryAgain(context);
            return;
        }
        catch (Exception failure) when (failure is IOException or ObjectStoreException && !context.RequestAborted.IsCancellationRequested)
        {
            // Reported when the object is read again, after the bytes before it.
        }

        await using var opened = first;
        await SendAsync(context, download, position, end, first);
    }

    private async Task SendAsync(HttpContext context, Download download, long position, long end, SpoolContent? first)
    {
        // Buffers of a response that has not started would be copied once more.
        await context.Response.StartAsync(context.RequestAborted);
        var layout = download.Layout!;
        while (position < Math.Min(end, layout.Head.Length))
        {
            var length = (int)Math.Min(Math.Min(end, layout.Head.Length) - position, PipeWriterExtensions.PieceLength);
            if ((await context.Response.BodyWriter.WriteAsync(layout.Head.Slice((int)position, length),
                context.RequestAborted)).IsCompleted)
            {
                return;
            }

            Bytes.Add(length);
            position += length;
        }

        while (position < end)
        {
            var readRange = ReadRange.At(layout, position, end);
            if (!await TrySendAsync(context, download, readRange, first))
            {
                return;
            }

            first = null;

            position = readRange.End;
        }
    }

    /// <summary>
    /// Sends one contiguous range of an object; <see langword="false"/> when the download ends. The length was announced, so an incomplete
    /// response is aborted.
    /// </summary>
    private async Task<bool> TrySendAsync(HttpContext context, Download download, ReadRange readRange, SpoolContent? opened)
    {
        var name = download.ObjectOf(readRange.Source);
        try
        {
            await using var content = opened ?? await spool.ReadAsync(name, readRange.Offset, readRange.Length,
                ReadPurpose.StartedDownload, context.RequestAborted);
            if (content is null || content.Length != readRange.Length)
            {
                OriginLog.DownloadAborted(logger, name, readRange.Start);
                context.Abort();
                return false;
            }

            var (reader, at) = (new SpoolContentReader(content), readRange.Offset);
            for (var i = readRange.First; i <= readRange.Last; i++)
            {
                var (from, to) = readRange.Part(download.Layout![i]);
                if (from > at)
                {
                    // Bytes between payloads are read into the buffer of the next piece, which overwrites them.
                    await reader.ReadAsync(context.Response.BodyWriter.GetMemory((int)(from - at))[..(int)(from - at)],
                        context.RequestAborted);
                }

                at = to;
                if (!await TryCopyAsync(context, reader, to - from))
                {
                    return false;
                }
            }

            return true;
        }
        catch (Exception failure) when (failure is IOException or ObjectStoreException && !context.RequestAborted.IsCancellationRequested)
        {
            OriginLog.ReadFailed(logger, failure, name);
            context.Abort();
            return false;
        }
    }

    private static async ValueTask<bool> TryCopyAsync(HttpContext context, SpoolContentReader reader, long length)
    {
        var writer = context.Response.BodyWriter;
        while (length > 0)
        {
            var count = (int)Math.Min(length, PipeWriterExtensions.PieceLength);
            await reader.ReadAsync(writer.GetMemory(count)[..count], context.RequestAborted);
            writer.Advance(count);
            length -= count;
            Bytes.Add(count);
            if ((await writer.FlushAsync(context.RequestAborted)).IsCompleted)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Consecutive slices of one object with small gaps, read at once.</summary>
    /// <param name="Source">Index of the object.</param>
    /// <param name="First">The first slice.</param>
    /// <param name="Last">The last slice.</param>
    /// <param name="Start">First requested byte of the file.</param>
    /// <param name="End">Byte after the last requested byte of the file.</param>
    /// <param name="Offset">Offset in the object at which the read starts.</param>
    /// <param name="Length">Number of bytes to read.</param>
    private readonly record struct ReadRange(int Source, int First, int Last, long Start, long End, long Offset, long Length)
    {
        public static ReadRange At(MovieLayout layout, long position, long end)
        {
            var first = layout.Find(position);
            var (last, slice) = (first, layout[first]);
            var offset = slice.Offset + (position - slice.Start);
            while (last + 1 < layout.Count && slice.End < end && layout[last + 1] is var next && next.Source == slice.Source
                && next.Offset - (slice.Offset + slice.Length) is >= 0 and <= MaxSkip)
            {
                (last, slice) = (last + 1, next);
            }

            var stop = Math.Min(slice.End, end);
            return new ReadRange(slice.Source, first, last, position, stop, offset, slice.Offset + (stop - slice.Start) - offset);
        }

        /// <summary>The requested part of a slice, as offsets in the object.</summary>
        public (long From, long To) Part(in MovieSlice slice) =>
            (slice.Offset + Math.Max(0, Start - slice.Start), slice.Offset + Math.Min(slice.End, End) - slice.Start);
    }
}
