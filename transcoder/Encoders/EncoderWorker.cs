using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Takes a frame that a worker has encoded.</summary>
/// <param name="output">Index of the output.</param>
/// <param name="configuration">The same instance for all frames of a worker's output.</param>
/// <param name="frame">The frame, as the encoder gave it.</param>
internal delegate void EncodedFrameSink(int output, CodecConfig configuration, in NutFrame frame);

/// <summary>What a worker is for.</summary>
/// <param name="Source">What goes in, by its NUT header.</param>
/// <param name="Offset">Added to all presentation times on the way in, so that none is negative; the sink subtracts it.</param>
/// <param name="Outputs">How many streams come out, each by itself.</param>
/// <param name="Arguments">ffmpeg's arguments, from the path of the input's socket and those of the outputs'.</param>
/// <param name="Configuration">How an output is configured, from its header and its first frame.</param>
internal sealed record EncoderJob(
    NutStream Source, long Offset, int Outputs, Func<string, IReadOnlyList<string>, IReadOnlyList<string>> Arguments, Func<NutStream, ReadOnlyMemory<byte>, CodecConfig> Configuration)
{
    /// <summary>What the process may use.</summary>
    public WorkerLimits Limits { get; init; } = WorkerLimits.Processor;
}

/// <summary>
/// One ffmpeg process: coded pictures, or coded sound, go in through a Unix socket, each output comes out of one. All sockets lie in a folder of its own that only this user can enter. When our end of them is
/// closed, because the session ends or this process dies, the worker ends too.
/// </summary>
internal sealed class EncoderWorker : IAsyncDisposable
{
    /// <summary>Pictures that may wait to be decoded: about 17 s at 60 a second. What comes beyond is refused.</summary>
    public const int QueueLength = 1024;

    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(10);

    /// <summary>From the end of a process to the end of waiting for its connections: those that were made lie ready to be accepted.</summary>
    private static readonly TimeSpan LingerTime = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(3);

    private readonly Channel<MediaSample> _queue = Channel.CreateBounded<MediaSample>(new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _absent = new();
    private WorkerProcess? _process;
    private readonly string _program;
    private readonly EncoderJob _job;
    private readonly EncodedFrameSink _sink;

    /// <summary>Starts one. What is offered from now on waits until it is ready.</summary>
    /// <param name="program">Path or name of ffmpeg.</param>
    /// <param name="job">What it is for.</param>
    /// <param name="sink">Called for each frame, one at a time for each output.</param>
    public EncoderWorker(string program, EncoderJob job, EncodedFrameSink sink)
    {
        (_program, _job, _sink) = (program, job, sink);
        Ended = Task.Run(RunAsync);
    }

    /// <summary>Completes when the process has ended and its sockets are read to their end. Never fails.</summary>
    public Task Ended { get; }

    /// <summary>Why it ended, in plain words, with what it said last; <see langword="null"/> before. No secrets reach it, so none are in there.</summary>
    public string? Reason { get; private set; }

    /// <summary>Offers the next picture or frame of sound, in decode order.</summary>
    /// <returns><see langword="false"/> when too many wait: then the worker needs a sync sample next.</returns>
    public bool TryOffer(in MediaSample sample) => _queue.Writer.TryWrite(sample);

    /// <summary>No more will come. What has come is encoded, for <see cref="FlushTime"/> at most.</summary>
    public void Complete()
    {
        if (_queue.Writer.TryComplete())
        {
            _stop.CancelAfter(FlushTime);
        }
    }

    /// <summary>Ends it at once, without waiting for that and without doing any of it on the caller's thread.</summary>
    public void Kill() => _ = _stop.CancelAsync();

    /// <summary>Ends the process at once where it has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stop.CancelAsync();
        await Ended;
        _stop.Dispose();
        _absent.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            using var folder = new WorkerFolder();
            Reason = await RunInAsync(folder.Path);
        }
        catch (Exception e)
        {
            // Whatever it was, it costs this worker only, and the log says it.
            var reason = e is OperationCanceledException ? "it was stopped" : e.Message;
            Reason = _process?.Explain(reason) ?? reason;
        }
        finally
        {
            // What was offered and not taken is of no use to anybody.
            _queue.Writer.TryComplete();
        }
    }

    private async Task<string> RunInAsync(string folder)
    {
        var confinement = Confinement.Of(_program, _job.Limits);
        confinement.Give(folder);
        using var input = Listen(Path.Combine(folder, "in"));
        var paths = Enumerable.Range(0, _job.Outputs).Select(i => Path.Combine(folder, $"out{i}")).ToList();
        var outputs = paths.ConvertAll(Listen);
        paths.ForEach(confinement.Give);
        confinement.Give(Path.Combine(folder, "in"));
        await using var process = _process = WorkerProcess.Start(_program, _job.Arguments(Path.Combine(folder, "in"), paths), limits: _job.Limits, heard: DecoderComplaints.Hear);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var talk = process.DiscardOutputAsync();
        var exit = WatchAsync(process, gone);
        try
        {
            await Task.WhenAll([FeedAsync(input, gone), .. outputs.Select((output, i) => DrainAsync(output, i, gone))]);
            return await exit;
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // It was gone before it had connected.
            return await exit;
        }
        finally
        {
            await _stop.CancelAsync();
            await exit;
            await talk;
            outputs.ForEach(o => o.Dispose());
        }
    }

    private async Task<string> WatchAsync(WorkerProcess process, CancellationTokenSource gone)
    {
        var reason = await process.WaitAsync(_stop.Token);

        // What lies in the sockets is still read; only who waits to be connected to waits in vain.
        _absent.CancelAfter(LingerTime);
        gone.CancelAfter(TimeSpan.FromSeconds(1));
        return reason;
    }

    private async Task FeedAsync(Socket listener, CancellationTokenSource gone)
    {
        using var socket = await AcceptAsync(listener, gone.Token);
        var header = new ArrayBufferWriter<byte>(512);
        new NutWriter([_job.Source]).WriteHeaders(header);
        try
        {
            await SendAsync(socket, header.WrittenMemory, gone.Token);
            await foreach (var sample in _queue.Reader.ReadAllAsync(gone.Token))
            {
                header.ResetWrittenCount();
                header.Advance(NutWriter.WriteFrameHeader(header.GetSpan(NutWriter.MaxFrameHeader), 0, sample.Present.Ticks + _job.Offset, sample.IsSync, sample.Payload.Length));
                await SendAsync(socket, header.WrittenMemory, gone.Token);
                await SendAsync(socket, sample.Payload, gone.Token);
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The process has closed its end: why, its exit tells.
        }
    }

    private async Task DrainAsync(Socket listener, int output, CancellationTokenSource gone)
    {
        using var socket = await AcceptAsync(listener, gone.Token);
        var bytes = PipeReader.Create(new NetworkStream(socket, ownsSocket: false), new StreamPipeReaderOptions(bufferSize: 64 * 1024));
        var nut = new NutReader();
        CodecConfig? configuration = null;
        try
        {
            while (true)
            {
                var read = await bytes.ReadAsync(gone.Token);
                var rest = read.Buffer;
                while (nut.TryRead(ref rest, out var frame))
                {
                    if (!frame.Payload.IsEmpty)
                    {
                        configuration ??= _job.Configuration(nut.Streams[0], frame.Payload);
                        _sink(output, configuration, frame);
                    }
                }

                bytes.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is InvalidNutException or InvalidCodecConfigException)
        {
            // Not to be understood: the process is of no use any more.
            await _stop.CancelAsync();
            throw new IOException($"what it sent is not to be understood: {e.Message}", e);
        }
    }

    private async Task<Socket> AcceptAsync(Socket listener, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _absent.Token);
        limit.CancelAfter(ConnectTime);
        try
        {
            return await listener.AcceptAsync(limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested && !_absent.IsCancellationRequested)
        {
            throw new IOException($"it did not connect within {ConnectTime.TotalSeconds} s", e);
        }
    }

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        return socket;
    }

    private static async ValueTask SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, cancellationToken)..];
        }
    }
}
