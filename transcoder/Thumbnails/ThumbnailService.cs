using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Storage;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Thumbnails;

/// <summary>
/// Makes posters and sprite sheets for all sessions, with a limited number of processes. Reads keyframes from the spool, decodes them in
/// separate processes, and hands the images to the packager. Failures affect images only.
/// </summary>
internal sealed class ThumbnailService(
    ThumbnailScheduler scheduler, ISpool spool, IImageSink images, IOptions<ThumbnailOptions> options, IOptions<EncodingOptions> encoding,
    ILogger<ThumbnailService> logger) : BackgroundService
{
    private static readonly Counter<long> Runs = Telemetry.Meter.CreateCounter<long>(
        "broadcast_thumbnail_jobs", "{job}", "Processes that created posters or thumbnails, by result.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Enabled)
        {
            return;
        }

        try
        {
            await Task.WhenAll(Enumerable.Range(0, options.Value.MaxProcesses)
                .Select(_ => Task.Run(() => WorkAsync(stoppingToken), stoppingToken)));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal shutdown, also of a server whose startup failed.
        }
    }

    private async Task WorkAsync(CancellationToken stopping)
    {
        await foreach (var slot in scheduler.Slots.ReadAllAsync(stopping))
        {
            try
            {
                if (scheduler.Take(slot) is { } job)
                {
                    await MakeAsync(slot, job, stopping);
                    Runs.Add(1, new KeyValuePair<string, object?>("result", "succeeded"));
                }

                scheduler.Done(slot);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                Runs.Add(1, new KeyValuePair<string, object?>("result", "failed"));
                if (scheduler.Failed(slot) == 1)
                {
                    ThumbnailLog.Failed(logger, slot.Channel.Value, failure.Message);
                }
            }
        }
    }

    private async Task MakeAsync(ThumbnailTurn slot, ThumbnailJob job, CancellationToken stopping)
    {
        var format = job.Init.Format;
        var init = InitSegmentReader.Read(await ReadAsync(job.Init.Object, 0, job.Init.Length, stopping));

        // One second per tile: the process does not need the real times.
        var source = NutStream.Of(init.Config, timescale: 1, decodeDelay: 0)
            ?? throw new IOException($"video of codec {format.Codecs} cannot be decoded");
        var poster = job.Poster is null ? ((int, int)?)null : ImageSize.OfPoster(format.Width, format.Height);
        var command = new ThumbnailCommand(format, job.SpriteSheet?.Layout, poster);
        var coded = new List<CodedKeyframe>();
        foreach (var (tile, keyframe) in job.SpriteSheet?.Keyframes ?? [])
        {
            coded.Add(new CodedKeyframe(tile, await ReadAsync(keyframe, stopping)));
        }

        if (job.Poster is { } posterKeyframe)
        {
            coded.Add(new CodedKeyframe(command.PosterTime, await ReadAsync(posterKeyframe, stopping)));
        }

        var jpegs = await ThumbnailWorker.RunAsync(encoding.Value.Ffmpeg, source, coded, command, options.Value.Timeout, stopping);
        if (job.SpriteSheet is { } spriteSheet)
        {
            images.Offer(slot.Channel, slot.Session,
                new SessionImage.SpriteSheet(spriteSheet.Start, spriteSheet.Duration, spriteSheet.Layout, jpegs[0]));
        }

        if (job.Poster is { } newPoster && poster is var (width, height))
        {
            images.Offer(slot.Channel, slot.Session, new SessionImage.Poster(newPoster.Time, width, height, jpegs[^1]));
        }
    }

    /// <summary>Reads a part's first sample.</summary>
    private async Task<ReadOnlyMemory<byte>> ReadAsync(KeyframeReference keyframe, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(keyframe.Object, keyframe.Offset, keyframe.Length, cancellationToken);
        return FragmentReader.TryRead(bytes, 0, out var fragment) && fragment.Samples[0] is { Size: var size }
            && (long)fragment.DataOffset + size <= bytes.Length
            ? bytes.AsMemory(fragment.DataOffset, (int)size)
            : throw new IOException($"{keyframe.Object} has no complete part at byte {keyframe.Offset}");
    }

    private async Task<byte[]> ReadAsync(ObjectName name, long offset, int length, CancellationToken cancellationToken)
    {
        await using var content = await spool.ReadOnceAsync(name, offset, length, cancellationToken)
            ?? throw new IOException($"{name} no longer exists");
        var bytes = new byte[Math.Min(length, content.Length)];
        if (content.Stream is { } stream)
        {
            await stream.ReadExactlyAsync(bytes, cancellationToken);
            return bytes;
        }

        var position = 0;
        foreach (var slice in content.Slices!)
        {
            slice.CopyTo(bytes.AsMemory(position));
            position += slice.Length;
        }

        return bytes;
    }
}

internal static partial class ThumbnailLog
{
    [LoggerMessage(2040, LogLevel.Warning,
        "Channel {Channel}: poster and thumbnails could not be made: {Reason}; retrying with increasing delays")]
    public static partial void Failed(ILogger logger, string channel, string reason);
}
