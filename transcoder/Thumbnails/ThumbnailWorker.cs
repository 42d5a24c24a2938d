using System.Buffers;
using System.IO.Pipelines;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Thumbnails;

/// <summary>A coded keyframe, and its time in the process's input, in seconds.</summary>
internal readonly record struct CodedKeyframe(int Second, ReadOnlyMemory<byte> Payload);

/// <summary>
/// One run of ffmpeg: coded keyframes in, JPEG images out. The input is untrusted. The process gets pipes only, an environment without
/// secrets, no permission to write files or to gain privileges, and limits on memory and CPU time. Its output and run time are
/// limited too.
/// </summary>
internal static class ThumbnailWorker
{
    /// <summary>Maximum output bytes of a run.</summary>
    public const int MaxOutput = 16 * 1024 * 1024;

    /// <summary>Runs ffmpeg.</summary>
    /// <param name="program">Path or name of ffmpeg.</param>
    /// <param name="source">NUT header of the input; its timescale is 1.</param>
    /// <param name="keyframes">The input keyframes.</param>
    /// <param name="command">The command.</param>
    /// <param name="timeout">Maximum run time.</param>
    /// <param name="cancellationToken">Stops the process.</param>
    /// <returns>One JPEG per output of the command, in order.</returns>
    /// <exception cref="IOException">
    /// The run failed. The message contains the reason and the first output lines, but no secrets, because the process receives none.
    /// </exception>
    public static async Task<IReadOnlyList<byte[]>> RunAsync(
        string program, NutStream source, IReadOnlyList<CodedKeyframe> keyframes, ThumbnailCommand command, TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var outputs = (command.SpriteSheet is null ? 0 : 1) + (command.Poster is null ? 0 : 1);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        await using var process = Start(program, command);
        try
        {
            var fed = FeedAsync(process.Input, source, keyframes, limit.Token);
            var jpegs = await DrainAsync(process.Output, outputs, limit.Token).WaitAsync(limit.Token);
            await fed.WaitAsync(limit.Token);
            var end = await process.WaitAsync(limit.Token);
            limit.Token.ThrowIfCancellationRequested();
            return jpegs.TrueForAll(jpeg => jpeg is not null) ? [.. jpegs.Select(jpeg => jpeg!)]
                : throw new IOException($"{end}, without an image");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException(process.Explain(FormattableString.Invariant($"timed out after {timeout.TotalSeconds} s")), e);
        }
        catch (InvalidNutException e)
        {
            throw new IOException(process.Explain($"invalid output ({e.Message})"), e);
        }
    }

    private static WorkerProcess Start(string program, ThumbnailCommand command)
    {
        try
        {
            return WorkerProcess.Start(program, command.Arguments(), keepsInputOpen: true, limits: WorkerLimits.Image);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"ffmpeg could not be started: {e.Message}", e);
        }
    }

    private static async Task FeedAsync(Stream input, NutStream source, IReadOnlyList<CodedKeyframe> keyframes,
        CancellationToken cancellationToken)
    {
        var header = new ArrayBufferWriter<byte>(512);
        new NutWriter([source]).WriteHeaders(header);
        try
        {
            await input.WriteAsync(header.WrittenMemory, cancellationToken);
            foreach (var keyframe in keyframes)
            {
                header.ResetWrittenCount();
                header.Advance(NutWriter.WriteFrameHeader(header.GetSpan(NutWriter.MaxFrameHeader), 0, keyframe.Second, isKey: true,
                    keyframe.Payload.Length));
                await input.WriteAsync(header.WrittenMemory, cancellationToken);
                await input.WriteAsync(keyframe.Payload, cancellationToken);
            }

            await input.DisposeAsync();
        }
        catch (IOException)
        {
            // The process closed its input early; its output shows whether that was an error.
        }
    }

    /// <summary>Returns the first complete frame of each stream. Reads to the end so that the process can exit.</summary>
    private static async Task<List<byte[]?>> DrainAsync(Stream output, int count, CancellationToken cancellationToken)
    {
        var found = Enumerable.Repeat<byte[]?>(null, count).ToList();
        var reader = PipeReader.Create(output, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        var nut = new NutReader();
        var (total, seen) = (0L, 0L);
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            total += read.Buffer.Length - seen;
            if (total > MaxOutput)
            {
                throw new IOException($"the output exceeds {MaxOutput} bytes");
            }

            var rest = read.Buffer;
            while (nut.TryRead(ref rest, out var frame))
            {
                if (frame.Stream < count && found[frame.Stream] is null && IsJpeg(frame.Payload.Span))
                {
                    found[frame.Stream] = frame.Payload.ToArray();
                }
            }

            seen = rest.Length;
            reader.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                return found;
            }
        }
    }

    private static bool IsJpeg(ReadOnlySpan<byte> bytes) => bytes is [0xff, 0xd8, 0xff, .., 0xff, 0xd9];
}
