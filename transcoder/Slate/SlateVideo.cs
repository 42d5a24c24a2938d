using System.Buffers;
using System.ComponentModel;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Slate;

/// <summary>Input of a slate: the end of a source, and the format of what follows.</summary>
/// <param name="Gop">
/// The source's frames from the last keyframe on, in decode order, with one configuration; empty if nothing can be decoded.
/// </param>
/// <param name="Format">Output format.</param>
/// <param name="Hold">Number of times the last frame is repeated.</param>
internal sealed record SlateInput(IReadOnlyList<MediaSample> Gop, SlateFormat Format, int Hold);

/// <summary>A slate file, image or video.</summary>
/// <param name="Bytes">Contents of the file. Untrusted input.</param>
/// <param name="Type">Type of the file.</param>
internal sealed record SlateFile(ReadOnlyMemory<byte> Bytes, SlateFileType Type);

/// <summary>A coded frame of a slate.</summary>
/// <param name="Configuration">The same instance for all frames of a slate.</param>
/// <param name="IsSync">Whether decoding can start here.</param>
/// <param name="Payload">Payload in the format of <see cref="MediaSample"/>.</param>
internal readonly record struct SlateFrame(CodecConfig.Avc Configuration, bool IsSync, ReadOnlyMemory<byte> Payload);

/// <summary>Encodes the frames of a slate: the held frame, then the slate once.</summary>
internal delegate IAsyncEnumerable<SlateFrame> SlateEncoder(SlateInput input, SlateFile file, CancellationToken cancellationToken);

/// <summary>The slate could not be encoded; the message contains the reason.</summary>
internal sealed class SlateFailedException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Indicates whether ffmpeg could not be started.</summary>
    public bool IsProgramMissing { get; init; } = inner is Win32Exception;
}

/// <summary>
/// The endless video of a slate: the source's last frame, held once, then the slate repeatedly. A process encodes every frame once, as fast
/// as possible; after that, frames come from memory. Single reader.
/// </summary>
internal sealed class SlateVideo : IAsyncDisposable
{
    /// <summary>Maximum bytes held; a larger video restarts where the limit was reached.</summary>
    public const int MaxBytes = 32 << 20;

    /// <summary>Maximum frames: the longest video after the longest hold, at 60 fps.</summary>
    public const int MaxFrames = 60 * 40;

    /// <summary>
    /// Maximum time for encoding: the duration of the longest slate. Encoding that is slower than playback would stall anyway. The slate
    /// then repeats what was encoded.
    /// </summary>
    public static readonly TimeSpan MaxEncodingTime = TimeSpan.FromSeconds(30);

    /// <summary>30 minutes, so that no timestamp is negative.</summary>
    private const long Offset = MediaTime.VideoTimescale * 1800L;

    /// <summary>Exit codes of a launcher whose program cannot be executed or found (POSIX, <c>env</c>).</summary>
    private const int NotExecutable = 126, NotFound = 127;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    // Never full: encoding stops at the limit.
    private readonly Channel<SlateFrame> _coded =
        Channel.CreateBounded<SlateFrame>(new BoundedChannelOptions(MaxFrames) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly string _program;
    private readonly TimeProvider _time;
    private readonly SlateInput _input;
    private readonly SlateFile _file;
    private readonly WorkerLimits _limits;
    private readonly SlateEncoder _encoder;
    private int _count;

    /// <summary>Starts encoding a slate.</summary>
    /// <param name="program">Path or name of ffmpeg.</param>
    /// <param name="time">The clock.</param>
    /// <param name="input">The end of the source.</param>
    /// <param name="file">The slate file.</param>
    /// <param name="limits">Resource limits of the process; default <see cref="WorkerLimits.Slate"/>.</param>
    /// <param name="encoder">The encoder; <see langword="null"/> for ffmpeg.</param>
    public SlateVideo(string program, TimeProvider time, SlateInput input, SlateFile file, WorkerLimits? limits = null,
        SlateEncoder? encoder = null)
    {
        (_program, _time, _input, _file) = (program, time, input, file);
        (_limits, _encoder) = (limits ?? WorkerLimits.Slate, encoder ?? CodeAsync);
        Coded = Task.Run(CodeAllAsync);
    }

    /// <summary>Completes when encoding has finished or failed. Never fails.</summary>
    public Task Coded { get; }

    /// <summary>Endless frames, until the reader stops.</summary>
    /// <exception cref="SlateFailedException">There are no frames.</exception>
    public async IAsyncEnumerable<SlateFrame> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var frames = new List<SlateFrame>();
        while (await NextAsync(frames.Count, cancellationToken) is { } frame)
        {
            frames.Add(frame);
            yield return frame;
        }

        // The held frame is shown once. If it could not be decoded, the slate starts at once.
        var loopStart = SlateCommand.LoopStartOf(_input.Format, _input.Hold, _file.Type == SlateFileType.Mp4);
        var from = loopStart < frames.Count && frames[loopStart].IsSync ? loopStart : 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            for (var i = from; i < frames.Count; i++)
            {
                yield return frames[i];
            }
        }
    }

    /// <summary>Kills the process if it is still running.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Coded;
        _stop.Dispose();
    }

    private async ValueTask<SlateFrame?> NextAsync(int framesRead, CancellationToken cancellationToken)
    {
        try
        {
            return await _coded.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException e) when (framesRead > 0)
        {
            // Encoding was aborted, but some frames can be shown.
            _ = e;
            return null;
        }
        catch (ChannelClosedException e)
        {
            throw e.InnerException as SlateFailedException
                ?? new SlateFailedException(e.InnerException?.Message ?? "no encoder output", e.InnerException);
        }
    }

    private async Task CodeAllAsync()
    {
        using var limit = new CancellationTokenSource(MaxEncodingTime, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        try
        {
            try
            {
                await CodeAllAsync(_input, linked.Token);
            }
            catch (SlateFailedException) when (_count == 0 && _input.Gop.Count > 0)
            {
                // The end of the source cannot be decoded, so the slate starts without it.
                await CodeAllAsync(_input with { Gop = [] }, linked.Token);
            }

            _coded.Writer.TryComplete();
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !_stop.IsCancellationRequested)
        {
            _coded.Writer.TryComplete(new SlateFailedException($"encoding took longer than {MaxEncodingTime.TotalSeconds} s", e));
        }
        catch (Exception e)
        {
            // Any error is passed to the reader.
            _coded.Writer.TryComplete(e);
        }
    }

    private async Task CodeAllAsync(SlateInput input, CancellationToken cancellationToken)
    {
        var bytes = 0L;
        await foreach (var frame in _encoder(input, _file, cancellationToken))
        {
            bytes += frame.Payload.Length;
            if (bytes > MaxBytes || ++_count > MaxFrames || !_coded.Writer.TryWrite(frame))
            {
                return;
            }
        }
    }

    private async IAsyncEnumerable<SlateFrame> CodeAsync(SlateInput input, SlateFile file,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var folder = new WorkerFolder();
        var command = await PrepareAsync(folder.Path, input, file, cancellationToken);
        var feeding = Task.CompletedTask;
        try
        {
            await using var process = WorkerProcess.Start(_program, command.Arguments(), keepsInputOpen: command.LastFrameTime is not null,
                limits: _limits, folder: folder.Path);
            if (command.LastFrameTime is not null)
            {
                feeding = FeedAsync(process.Input, input.Gop, cancellationToken);
            }

            var bytes = PipeReader.Create(process.Output, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
            var nut = new NutReader();
            CodecConfig.Avc? configuration = null;
            while (await ReadAsync(bytes, process, cancellationToken) is { } read)
            {
                var rest = read.Buffer;
                while (NextFrame(nut, ref rest, ref configuration) is { } frame)
                {
                    yield return frame;
                }

                bytes.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            if (configuration is null)
            {
                var reason = process.Explain($"no encoder output: {await process.WaitAsync(cancellationToken)}");
                throw new SlateFailedException(reason) { IsProgramMissing = process.ExitCode is NotExecutable or NotFound };
            }
        }
        finally
        {
            await feeding;
        }
    }

    /// <summary>Reads available output. A process without output for <see cref="Timeout"/> counts as hung.</summary>
    private async Task<ReadResult?> ReadAsync(PipeReader bytes, WorkerProcess process, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await bytes.ReadAsync(linked.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SlateFailedException(process.Explain($"no output for {Timeout.TotalSeconds} s"), e);
        }
    }

    private static SlateFrame? NextFrame(NutReader nut, ref ReadOnlySequence<byte> bytes, ref CodecConfig.Avc? configuration)
    {
        try
        {
            while (nut.TryRead(ref bytes, out var frame))
            {
                if (!frame.Payload.IsEmpty)
                {
                    configuration ??= AnnexBConverter.Configuration(nut.Streams[0].Private.IsEmpty ? frame.Payload.Span : nut.Streams[0]
                        .Private.Span);


                    // Some players ignore a second configuration and need the parameter sets in the stream.
                    var payload = AnnexBConverter.ToLengths(frame.Payload.Span);
                    return new SlateFrame(configuration, frame.IsKey,
                        frame.IsKey ? [.. ParameterSetsOf(configuration), .. payload] : payload);
                }
            }

            return null;
        }
        catch (Exception e) when (e is InvalidNutException or InvalidCodecConfigException)
        {
            throw new SlateFailedException($"invalid encoder output: {e.Message}", e);
        }
    }

    /// <summary>Parameter sets of a configuration as NAL units for a frame.</summary>
    private static byte[] ParameterSetsOf(CodecConfig.Avc configuration) =>
        [.. configuration.Configuration.SpsUnits.Concat(configuration.Configuration.PpsUnits)
            .SelectMany(set => (byte[])[0, 0, (byte)(set.Length >> 8), (byte)set.Length, .. set.Span])];

    /// <summary>Writes the slate file, which only the user of the process can read.</summary>
    private async Task<SlateCommand> PrepareAsync(string folder, SlateInput input, SlateFile file, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, "slate");
        await File.WriteAllBytesAsync(path, file.Bytes, cancellationToken);
        var sandbox = Sandbox.Of(_program, _limits);
        sandbox.TransferOwnership(path);
        sandbox.TransferOwnership(folder);
        var showsLastFrame = input.Hold > 0 && input.Gop.Count > 0 && SourceHeader.Of(input.Gop[0]) is not null;
        return new SlateCommand(showsLastFrame ? input.Gop.Max(s => s.Present.Ticks) + Offset : null, path, file.Type, input.Format,
            showsLastFrame ? input.Hold : 0);
    }

    /// <summary>Writes the source's last frames to the process, until it closes its input or exits.</summary>
    private static async Task FeedAsync(Stream input, IReadOnlyList<MediaSample> gop, CancellationToken cancellationToken)
    {
        try
        {
            await using (input)
            {
                var written = new ArrayBufferWriter<byte>(512);
                new NutWriter([SourceHeader.Of(gop[0])!]).WriteHeaders(written);
                foreach (var sample in gop)
                {
                    var present = sample.Present.Ticks + Offset;
                    written.Advance(NutWriter.WriteFrameHeader(written.GetSpan(NutWriter.MaxFrameHeader), 0, Math.Max(0, present),
                        sample.IsSync, sample.Payload.Length));
                    await input.WriteAsync(written.WrittenMemory, cancellationToken);
                    await input.WriteAsync(sample.Payload, cancellationToken);
                    written.ResetWrittenCount();
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The output shows whether the process had read enough.
        }
    }
}
