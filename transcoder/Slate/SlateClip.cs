using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Slate;

/// <summary>What is left of a source, and what shall follow it.</summary>
/// <param name="Group">Its pictures from the last keyframe on, in decode order, of one configuration; none when there is nothing to decode.</param>
/// <param name="Format">What comes out.</param>
/// <param name="Hold">Pictures that the last one stands for.</param>
internal sealed record SlateMaterial(IReadOnlyList<MediaSample> Group, SlateFormat Format, int Hold);

/// <summary>A picture or clip to show: the bytes of a file.</summary>
/// <param name="Bytes">The file.</param>
/// <param name="IsClip">Whether it moves.</param>
internal sealed record SlateFile(ReadOnlyMemory<byte> Bytes, bool IsClip);

/// <summary>A slate's picture, coded.</summary>
/// <param name="Configuration">The same instance for all of a slate.</param>
/// <param name="IsSync">Whether decoding can begin with it.</param>
/// <param name="Payload">As <see cref="MediaSample"/> has it.</param>
internal readonly record struct SlatePicture(CodecConfig.Avc Configuration, bool IsSync, ReadOnlyMemory<byte> Payload);

/// <summary>The slate could not be made; the message says why.</summary>
internal sealed class SlateFailedException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// The pictures of a slate without end: those of the last picture that stands, once, then those of the slate again and again. A process codes each of them once, as fast as it can; from then on they come from
/// memory and cost nothing. For one reader.
/// </summary>
internal sealed class SlateClip : IAsyncDisposable
{
    /// <summary>Most bytes kept; a clip that is larger begins again where they end.</summary>
    public const int MostBytes = 32 << 20;

    /// <summary>Most pictures: those of the longest clip behind the longest hold, at 60 a second.</summary>
    private const int MostPictures = 60 * 40;

    /// <summary>Half an hour, so that no time is negative.</summary>
    private const long Offset = MediaTime.VideoTimescale * 1800L;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Never full: what would not fit is not coded.
    private readonly Channel<SlatePicture> _coded = Channel.CreateBounded<SlatePicture>(new BoundedChannelOptions(MostPictures) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly string _program;
    private readonly TimeProvider _time;
    private readonly SlateMaterial _material;
    private readonly SlateFile _file;
    private int _count;

    /// <summary>Begins to make one.</summary>
    /// <param name="program">Path or name of ffmpeg.</param>
    /// <param name="time">The clock.</param>
    /// <param name="material">What is left of the source.</param>
    /// <param name="file">The slate.</param>
    public SlateClip(string program, TimeProvider time, SlateMaterial material, SlateFile file)
    {
        (_program, _time, _material, _file) = (program, time, material, file);
        Coded = Task.Run(CodeAllAsync);
    }

    /// <summary>Completes when all is coded, or cannot be. Never fails.</summary>
    public Task Coded { get; }

    /// <summary>All pictures, until nobody reads on.</summary>
    /// <exception cref="SlateFailedException">There are none.</exception>
    public async IAsyncEnumerable<SlatePicture> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pictures = new List<SlatePicture>();
        while (await NextAsync(pictures.Count, cancellationToken) is { } picture)
        {
            pictures.Add(picture);
            yield return picture;
        }

        // What stands is shown once. Where it could not be decoded there is none, and the slate is at the beginning.
        var again = SlateCommand.AgainAt(_material.Format, _material.Hold, _file.IsClip);
        var from = again < pictures.Count && pictures[again].IsSync ? again : 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            for (var i = from; i < pictures.Count; i++)
            {
                yield return pictures[i];
            }
        }
    }

    /// <summary>Ends the process where it has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Coded;
        _stop.Dispose();
    }

    private async ValueTask<SlatePicture?> NextAsync(int before, CancellationToken cancellationToken)
    {
        try
        {
            return await _coded.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException e) when (before > 0)
        {
            // Also where it broke off: there is something to show.
            _ = e;
            return null;
        }
        catch (ChannelClosedException e)
        {
            throw e.InnerException as SlateFailedException ?? new SlateFailedException(e.InnerException?.Message ?? "no picture came", e.InnerException);
        }
    }

    private async Task CodeAllAsync()
    {
        try
        {
            try
            {
                await CodeAllAsync(_material);
            }
            catch (SlateFailedException) when (_count == 0 && _material.Group.Count > 0)
            {
                // What is left of the source cannot be decoded at all: then without it.
                await CodeAllAsync(_material with { Group = [] });
            }

            _coded.Writer.TryComplete();
        }
        catch (Exception e)
        {
            // Whatever it was, the reader is told.
            _coded.Writer.TryComplete(e);
        }
    }

    private async Task CodeAllAsync(SlateMaterial material)
    {
        var bytes = 0L;
        await foreach (var picture in CodeAsync(material, _file, _stop.Token))
        {
            bytes += picture.Payload.Length;
            if (bytes > MostBytes || ++_count > MostPictures || !_coded.Writer.TryWrite(picture))
            {
                return;
            }
        }
    }

    private async IAsyncEnumerable<SlatePicture> CodeAsync(SlateMaterial material, SlateFile file, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("broadcast-");
        try
        {
            var command = await PrepareAsync(folder.FullName, material, file, cancellationToken);
            await using var process = WorkerProcess.Start(_program, command.Arguments(), limits: WorkerLimits.Reader);
            var bytes = PipeReader.Create(process.Output, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
            var nut = new NutReader();
            CodecConfig.Avc? configuration = null;
            while (await ReadAsync(bytes, process, cancellationToken) is { } read)
            {
                var rest = read.Buffer;
                while (Next(nut, ref rest, ref configuration) is { } picture)
                {
                    yield return picture;
                }

                bytes.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            if (configuration is null)
            {
                throw new SlateFailedException(process.Explain($"no picture came: {await process.WaitAsync(cancellationToken)}"));
            }
        }
        finally
        {
            Remove(folder);
        }
    }

    /// <summary>Reads what has come. A process from which nothing comes for <see cref="Patience"/> hangs.</summary>
    private async Task<ReadResult?> ReadAsync(PipeReader bytes, WorkerProcess process, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await bytes.ReadAsync(either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SlateFailedException(process.Explain($"nothing came for {Patience.TotalSeconds} s"), e);
        }
    }

    private static SlatePicture? Next(NutReader nut, ref ReadOnlySequence<byte> bytes, ref CodecConfig.Avc? configuration)
    {
        try
        {
            while (nut.TryRead(ref bytes, out var frame))
            {
                if (!frame.Payload.IsEmpty)
                {
                    configuration ??= StartCodes.Configuration(nut.Streams[0].Private.IsEmpty ? frame.Payload.Span : nut.Streams[0].Private.Span);


                    // Players that take no second configuration, and there are some, find it here.
                    var payload = StartCodes.ToLengths(frame.Payload.Span);
                    return new SlatePicture(configuration, frame.IsKey, frame.IsKey ? [.. SetsOf(configuration), .. payload] : payload);
                }
            }

            return null;
        }
        catch (Exception e) when (e is InvalidNutException or InvalidCodecConfigException)
        {
            throw new SlateFailedException($"what came is not to be understood: {e.Message}", e);
        }
    }

    /// <summary>A configuration's parameter sets as NAL units of a picture.</summary>
    private static byte[] SetsOf(CodecConfig.Avc configuration) =>
        [.. configuration.Configuration.SequenceParameterSets.Concat(configuration.Configuration.PictureParameterSets).SelectMany(set => (byte[])[0, 0, (byte)(set.Length >> 8), (byte)set.Length, .. set.Span])];

    private static async Task<SlateCommand> PrepareAsync(string folder, SlateMaterial material, SlateFile file, CancellationToken cancellationToken)
    {
        var picture = Path.Combine(folder, "slate");
        await using (var stream = File.Create(picture))
        {
            await stream.WriteAsync(file.Bytes, cancellationToken);
        }

        if (material.Hold == 0 || material.Group.Count == 0 || SourceHeader.Of(material.Group[0]) is not { } header)
        {
            return new SlateCommand(null, 0, picture, file.IsClip, material.Format, 0);
        }

        var group = Path.Combine(folder, "group");
        await using (var stream = File.Create(group))
        {
            var written = new ArrayBufferWriter<byte>(512);
            new NutWriter([header]).WriteHeaders(written);
            foreach (var sample in material.Group)
            {
                var present = sample.Present.Ticks + Offset;
                written.Advance(NutWriter.WriteFrameHeader(written.GetSpan(NutWriter.MaxFrameHeader), 0, Math.Max(0, present), sample.IsSync, sample.Payload.Length));
                await stream.WriteAsync(written.WrittenMemory, cancellationToken);
                await stream.WriteAsync(sample.Payload, cancellationToken);
                written.ResetWrittenCount();
            }
        }

        return new SlateCommand(group, material.Group.Max(s => s.Present.Ticks) + Offset, picture, file.IsClip, material.Format, material.Hold);
    }

    private static void Remove(DirectoryInfo folder)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // In the folder for temporary files; nothing is lost with it.
        }
    }
}
