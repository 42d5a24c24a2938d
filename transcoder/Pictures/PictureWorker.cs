using System.Buffers;
using System.IO.Pipelines;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Pictures;

/// <summary>A picture to be decoded, and the second it stands for in what the process gets.</summary>
internal readonly record struct CodedPicture(int Second, ReadOnlyMemory<byte> Payload);

/// <summary>
/// One run of ffmpeg: coded pictures in, JPEGs out. It works on a stranger's bytes: it is given pipes and nothing else, an environment without our secrets, no leave to write files or to gain privileges, and bounds for
/// memory and processor time. What it says is bounded too, and so is the time it may take.
/// </summary>
internal static class PictureWorker
{
    /// <summary>Most bytes that a run may give back.</summary>
    public const int MaxOutput = 16 * 1024 * 1024;

    /// <summary>
    /// Sets limits, then becomes the program: core files, files (in blocks), open files, processor seconds, memory (KiB). No privileges can be gained from there on, and the priority is lower, because media comes first;
    /// a system that has no tool for one of these goes without it.
    /// </summary>
    private const string Confined =
        "ulimit -c 0; ulimit -f 0; ulimit -n 64; ulimit -t 10; ulimit -v 3145728; "
        + "command -v setpriv >/dev/null && set -- setpriv --no-new-privs \"$@\"; command -v nice >/dev/null && set -- nice -n 10 \"$@\"; exec \"$@\"";

    /// <summary>Runs it.</summary>
    /// <param name="program">Path or name of ffmpeg.</param>
    /// <param name="source">What goes in, by its NUT header; its clock ticks once a second.</param>
    /// <param name="pictures">What goes in.</param>
    /// <param name="command">What is to be made of it.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A JPEG for each output of the command, in their order.</returns>
    /// <exception cref="IOException">It did not; the message says why in plain words, with what it said first. No secrets reach it, so none are in there.</exception>
    public static async Task<IReadOnlyList<byte[]>> RunAsync(
        string program, NutStream source, IReadOnlyList<CodedPicture> pictures, PictureCommand command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var outputs = (command.Sheet is null ? 0 : 1) + (command.Poster is null ? 0 : 1);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        await using var process = Start(program, command);
        try
        {
            var fed = FeedAsync(process.Input, source, pictures, limit.Token);
            var jpegs = await DrainAsync(process.Output, outputs, limit.Token).WaitAsync(limit.Token);
            await fed.WaitAsync(limit.Token);
            var end = await process.WaitAsync(limit.Token);
            limit.Token.ThrowIfCancellationRequested();
            return jpegs.TrueForAll(jpeg => jpeg is not null) ? [.. jpegs.Select(jpeg => jpeg!)] : throw new IOException($"{end} and gave no picture");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException(process.Explain(FormattableString.Invariant($"it took longer than {timeout.TotalSeconds} s")), e);
        }
        catch (InvalidNutException e)
        {
            throw new IOException(process.Explain($"what it sent is not to be understood ({e.Message})"), e);
        }
    }

    private static WorkerProcess Start(string program, PictureCommand command)
    {
        try
        {
            return WorkerProcess.Start("/bin/sh", ["-c", Confined, "sh", program, .. command.Arguments()], isFed: true, reaches: program);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"it did not start: {e.Message}", e);
        }
    }

    private static async Task FeedAsync(Stream input, NutStream source, IReadOnlyList<CodedPicture> pictures, CancellationToken cancellationToken)
    {
        var header = new ArrayBufferWriter<byte>(512);
        new NutWriter([source]).WriteHeaders(header);
        try
        {
            await input.WriteAsync(header.WrittenMemory, cancellationToken);
            foreach (var picture in pictures)
            {
                header.ResetWrittenCount();
                header.Advance(NutWriter.WriteFrameHeader(header.GetSpan(NutWriter.MaxFrameHeader), 0, picture.Second, isKey: true, picture.Payload.Length));
                await input.WriteAsync(header.WrittenMemory, cancellationToken);
                await input.WriteAsync(picture.Payload, cancellationToken);
            }

            await input.DisposeAsync();
        }
        catch (IOException)
        {
            // It has closed its end: what it gave back tells whether that was too early.
        }
    }

    /// <summary>The first whole frame of each stream. Reads to the end, so that the process can end.</summary>
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
                throw new IOException($"it gave back more than {MaxOutput} bytes");
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
