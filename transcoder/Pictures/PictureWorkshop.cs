using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Pictures;

/// <summary>
/// Makes posters and sheets of thumbnails of all sessions, a few at a time whatever number there is: reads what is to be decoded from the spool, has it decoded by a process of its own, and offers the pictures to the packager.
/// Whatever goes wrong costs pictures and nothing else.
/// </summary>
internal sealed class PictureWorkshop(
    PictureDesk desk, ISpool spool, IPictureSink pictures, IOptions<PictureOptions> options, IOptions<EncodingOptions> encoding, ILogger<PictureWorkshop> logger) : BackgroundService
{
    private static readonly Counter<long> Runs = Telemetry.Meter.CreateCounter<long>(
        "broadcast_picture_runs", "{run}", "Processes that made posters or thumbnails, by whether they did.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Enabled)
        {
            return;
        }

        try
        {
            await Task.WhenAll(Enumerable.Range(0, options.Value.MaxProcesses).Select(_ => Task.Run(() => WorkAsync(stoppingToken), stoppingToken)));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end, also of a server whose start failed.
        }
    }

    private async Task WorkAsync(CancellationToken stopping)
    {
        await foreach (var turn in desk.Turns.ReadAllAsync(stopping))
        {
            try
            {
                if (desk.Take(turn) is { } job)
                {
                    await MakeAsync(turn, job, stopping);
                    Runs.Add(1, new KeyValuePair<string, object?>("result", "made"));
                }

                desk.Done(turn);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                Runs.Add(1, new KeyValuePair<string, object?>("result", "failed"));
                if (desk.Failed(turn) == 1)
                {
                    PictureLog.Failed(logger, turn.Channel.Value, failure.Message);
                }
            }
        }
    }

    private async Task MakeAsync(PictureTurn turn, PictureJob job, CancellationToken stopping)
    {
        var format = job.Init.Format;
        var init = InitSegmentReader.Read(await ReadAsync(job.Init.Object, 0, job.Init.Length, stopping));

        // One second a tile: the tiles' real times are nothing to the process.
        var source = NutStream.Of(init.Config, timescale: 1, decodeDelay: 0) ?? throw new IOException($"pictures of {format.Codecs} cannot be decoded");
        var poster = job.Poster is null ? ((int, int)?)null : PictureSize.OfPoster(format.Width, format.Height);
        var command = new PictureCommand(format, job.Sheet?.Layout, poster);
        var coded = new List<CodedPicture>();
        foreach (var (tile, shot) in job.Sheet?.Shots ?? [])
        {
            coded.Add(new CodedPicture(tile, await ReadAsync(shot, stopping)));
        }

        if (job.Poster is { } shown)
        {
            coded.Add(new CodedPicture(command.PosterTime, await ReadAsync(shown, stopping)));
        }

        var jpegs = await PictureWorker.RunAsync(encoding.Value.Ffmpeg, source, coded, command, options.Value.Timeout, stopping);
        if (job.Sheet is { } sheet)
        {
            pictures.Offer(turn.Channel, turn.Session, new SessionPicture.Sheet(sheet.Start, sheet.Duration, sheet.Layout, jpegs[0]));
        }

        if (job.Poster is { } made && poster is var (width, height))
        {
            pictures.Offer(turn.Channel, turn.Session, new SessionPicture.Poster(made.Time, width, height, jpegs[^1]));
        }
    }

    /// <summary>The part's first sample.</summary>
    private async Task<ReadOnlyMemory<byte>> ReadAsync(Shot shot, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(shot.Object, shot.Offset, shot.Length, cancellationToken);
        return FragmentReader.TryRead(bytes, 0, out var fragment) && fragment.Samples[0] is { Size: var size } && (long)fragment.DataOffset + size <= bytes.Length
            ? bytes.AsMemory(fragment.DataOffset, (int)size)
            : throw new IOException($"{shot.Object} has no whole part at byte {shot.Offset}");
    }

    private async Task<byte[]> ReadAsync(ObjectName name, long offset, int length, CancellationToken cancellationToken)
    {
        await using var content = await spool.ReadAsync(name, offset, length, cancellationToken) ?? throw new IOException($"{name} is gone");
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

internal static partial class PictureLog
{
    [LoggerMessage(2040, LogLevel.Warning, "Channel {Channel}: no picture could be made of it ({Reason}). Viewers lack poster and thumbnails, nothing else; it is tried again, later each time")]
    public static partial void Failed(ILogger logger, string channel, string reason);
}
