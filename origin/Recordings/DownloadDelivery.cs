using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Origin.Delivery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.Recordings;

/// <summary>
/// Sends downloads, whole or from any byte on: the tables from memory, the rest from where the segments are, piece by piece, as fast as the reader takes it. So each holds some pieces, however long it is.
/// </summary>
internal sealed class DownloadDelivery(ISpool spool, ILogger<DownloadDelivery> logger)
{
    /// <summary>Bytes handed on at a time.</summary>
    private const int PieceLength = 64 * 1024;

    /// <summary>Bytes between two chunks' payloads that are rather read and left out than passed over by opening the object once more.</summary>
    private const int LongestSkip = 64 * 1024;

    private static readonly Counter<long> Bytes = Telemetry.Meter.CreateCounter<long>("broadcast_origin_download_bytes", "By", "Bytes of recordings handed out as files.");

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="download">The download; it must have a layout.</param>
    /// <param name="disposition">What it is called: the value of <c>Content-Disposition</c>.</param>
    public async Task AnswerAsync(HttpContext context, Download download, string disposition)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        var total = download.Layout!.Length;

        // Large and asked for once: no cache on the way is to keep it. It may be deleted, so browsers ask again.
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
            Answers.Empty(context, StatusCodes.Status416RangeNotSatisfiable, Answers.Brief);
            return;
        }

        context.Response.ContentType = download.ContentType;
        context.Response.ContentLength = range.Length;
        headers.ContentDisposition = disposition;
        if (range.IsRange)
        {
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {range.First}-{range.First + range.Length - 1}/{total}");
        }

        if (HttpMethods.IsGet(request.Method))
        {
            await SendAsync(context, download, range.First, range.First + range.Length);
        }
    }

    private async Task SendAsync(HttpContext context, Download download, long position, long end)
    {
        // Memory from a response that has not started would be copied once more.
        await context.Response.StartAsync(context.RequestAborted);
        var layout = download.Layout!;
        while (position < Math.Min(end, layout.Head.Length))
        {
            var length = (int)Math.Min(Math.Min(end, layout.Head.Length) - position, PieceLength);
            if ((await context.Response.BodyWriter.WriteAsync(layout.Head.Slice((int)position, length), context.RequestAborted)).IsCompleted)
            {
                return;
            }

            Bytes.Add(length);
            position += length;
        }

        while (position < end)
        {
            var stretch = Stretch.At(layout, position, end);
            if (!await TrySendAsync(context, download, stretch))
            {
                return;
            }

            position = stretch.End;
        }
    }

    /// <summary>Sends what lies together in one object; <see langword="false"/> when nothing more can be sent. The length was promised, so a connection that cannot have all is cut.</summary>
    private async Task<bool> TrySendAsync(HttpContext context, Download download, Stretch stretch)
    {
        var name = download.ObjectOf(stretch.Source);
        try
        {
            await using var content = await spool.ReadOnceAsync(name, stretch.Offset, stretch.Length, context.RequestAborted);
            if (content is null || content.Length != stretch.Length)
            {
                OriginLog.DownloadCut(logger, name, stretch.Start);
                context.Abort();
                return false;
            }

            var (reader, at) = (new ContentReader(content), stretch.Offset);
            for (var i = stretch.First; i <= stretch.Last; i++)
            {
                var (from, to) = stretch.Part(download.Layout![i]);
                if (from > at)
                {
                    // What stands between payloads: read where the next piece will be, and left there.
                    await reader.ReadAsync(context.Response.BodyWriter.GetMemory((int)(from - at))[..(int)(from - at)], context.RequestAborted);
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

    private static async ValueTask<bool> TryCopyAsync(HttpContext context, ContentReader reader, long length)
    {
        var writer = context.Response.BodyWriter;
        while (length > 0)
        {
            var count = (int)Math.Min(length, PieceLength);
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

    /// <summary>Slices that follow each other in one object, with little between them: one read.</summary>
    /// <param name="Source">The object.</param>
    /// <param name="First">The first slice.</param>
    /// <param name="Last">The last slice.</param>
    /// <param name="Start">First byte of the file that is wanted.</param>
    /// <param name="End">Behind the last byte of the file that is wanted.</param>
    /// <param name="Offset">Where in the object the read begins.</param>
    /// <param name="Length">How many bytes are read.</param>
    private readonly record struct Stretch(int Source, int First, int Last, long Start, long End, long Offset, long Length)
    {
        public static Stretch At(MovieLayout layout, long position, long end)
        {
            var first = layout.Find(position);
            var (last, slice) = (first, layout[first]);
            var offset = slice.Offset + (position - slice.Start);
            while (last + 1 < layout.Count && slice.End < end && layout[last + 1] is var next && next.Source == slice.Source
                && next.Offset - (slice.Offset + slice.Length) is >= 0 and <= LongestSkip)
            {
                (last, slice) = (last + 1, next);
            }

            var stop = Math.Min(slice.End, end);
            return new Stretch(slice.Source, first, last, position, stop, offset, slice.Offset + (stop - slice.Start) - offset);
        }

        /// <summary>What of a slice is wanted, in the object.</summary>
        public (long From, long To) Part(in MovieSlice slice) =>
            (slice.Offset + Math.Max(0, Start - slice.Start), slice.Offset + Math.Min(slice.End, End) - slice.Start);
    }
}
