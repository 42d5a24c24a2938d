using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Receives an encoded frame of a worker.</summary>
/// <param name="output">Index of the output.</param>
/// <param name="configuration">Codec configuration; the same instance for all frames of one output.</param>
/// <param name="frame">The frame, as encoded.</param>
internal delegate void EncodedFrameSink(int output, CodecConfig configuration, in NutFrame frame);

/// <summary>Job of a worker.</summary>
/// <param name="Source">NUT header of the input.</param>
/// <param name="Offset">Added to input presentation times so that none is negative; the sink subtracts it.</param>
/// <param name="Outputs">Number of separate output streams.</param>
/// <param name="Arguments">Builds ffmpeg's arguments from the addresses of the input socket and the output sockets.</param>
/// <param name="Configuration">Reads an output's configuration from its header and first frame.</param>
internal sealed record EncoderJob(
    NutStream Source, long Offset, int Outputs, Func<string, IReadOnlyList<string>, IReadOnlyList<string>> Arguments,
    Func<NutStream, ReadOnlyMemory<byte>, CodecConfig> Configuration)
{
    /// <summary>Resource limits of the process.</summary>
    public WorkerLimits Limits { get; init; } = WorkerLimits.Software;
}

/// <summary>
/// One ffmpeg process. Encoded video or audio enters through one Unix socket, and each output leaves through another. The sockets lie in a
/// private folder that only this user can enter. When this side closes them, because the session ends or this process exits, the worker
/// exits too.
/// </summary>
internal sealed class EncoderWorker : IAsyncDisposable
{
    /// <summary>Maximum queued frames: about 17 s at 60 fps. Further frames are rejected.</summary>
    public const int QueueLength = 1024;

    /// <summary>Maximum bytes of queued frames.</summary>
    public const long QueueBytes = 64 << 20;

    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(10);

    /// <summary>Time to accept connections after the process has exited: connections that it made before are still queued.</summary>
    private static readonly TimeSpan AcceptGracePeriod = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(3);

    private readonly ByteBoundedChannel<MediaSample> _queue = new(
        new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true }, QueueBytes, sample => sample.Payload.Length);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _acceptStop = new();
    private WorkerProcess? _process;
    private volatile bool _hasDecoderErrors;
    private readonly string _program;
    private readonly EncoderJob _job;
    private readonly EncodedFrameSink _sink;

    /// <summary>Starts a worker. Samples offered from now on are queued until it is ready.</summary>
    /// <param name="program">Path or name of ffmpeg.</param>
    /// <param name="job">The worker's job.</param>
    /// <param name="sink">Called for each frame, sequentially per output.</param>
    public EncoderWorker(string program, EncoderJob job, EncodedFrameSink sink)
    {
        (_program, _job, _sink) = (program, job, sink);
        Ended = Task.Run(RunAsync);
    }

    /// <summary>Completes when the process has exited and its sockets are drained. Never fails.</summary>
    public Task Ended { get; }

    /// <summary>
    /// Exit reason with the last output lines; <see langword="null"/> while running. Contains no secrets, because the process receives
    /// none.
    /// </summary>
    public string? Reason { get; private set; }

    /// <summary>Indicates whether the process's decoder reported errors. Thread-safe.</summary>
    public bool HasDecoderErrors => _hasDecoderErrors;

    /// <summary>Offers the next video or audio frame, in decode order.</summary>
    /// <returns><see langword="false"/> if the queue is full, in frames or bytes; the worker then needs a sync sample next.</returns>
    public bool TryOffer(in MediaSample sample) => _queue.Writer.TryWrite(sample);

    /// <summary>Ends the input. Queued samples are encoded, for at most <see cref="FlushTime"/>.</summary>
    public void Complete()
    {
        if (_queue.Writer.TryComplete())
        {
            _stop.CancelAfter(FlushTime);
        }
    }

    /// <summary>Stops the process without waiting, and without running cleanup on the caller's thread.</summary>
    public void Kill() => _ = _stop.CancelAsync();

    /// <summary>Kills the process if it is still running.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stop.CancelAsync();
        await Ended;
        _stop.Dispose();
        _acceptStop.Dispose();
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
            // Any failure affects this worker only; the log contains the reason.
            var reason = e is OperationCanceledException ? "stopped" : e.Message;
            Reason = _process?.Explain(reason) ?? reason;
        }
        finally
        {
            // Nothing reads the remaining queue.
            _queue.Writer.TryComplete();
        }
    }

    private async Task<string> RunInAsync(string folder)
    {
        var sandbox = Sandbox.Of(_program, _job.Limits);
        sandbox.TransferOwnership(folder);
        List<string> paths = [.. Enumerable.Range(0, _job.Outputs).Select(i => $"out{i}").Prepend("in")
            .Select(name => Path.Combine(folder, name))];
        using var input = Listen(paths[0]);
        var outputs = paths.Skip(1).Select(Listen).ToList();
        paths.ForEach(sandbox.TransferOwnership);
        var addresses = sandbox.AddressesOf(paths);
        await using var process = _process = WorkerProcess.Start(_program, _job.Arguments(addresses[0], [.. addresses.Skip(1)]),
            limits: _job.Limits, sandbox: sandbox, sockets: paths, onErrorLine: ReadErrorLine);
        using var stopped = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var stdout = process.DiscardOutputAsync();
        var exit = WatchAsync(process, stopped);
        try
        {
            await Task.WhenAll([FeedAsync(input, stopped), .. outputs.Select((output, i) => DrainAsync(output, i, stopped))]);
            return await exit;
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // The process exited before it connected.
            return await exit;
        }
        finally
        {
            await _stop.CancelAsync();
            await exit;
            await stdout;
            outputs.ForEach(o => o.Dispose());
        }
    }

    private void ReadErrorLine(string line)
    {
        DecoderErrorCounter.CountLine(line);
        _hasDecoderErrors |= DecoderErrorCounter.IsDecoderLine(line);
    }

    private async Task<string> WatchAsync(WorkerProcess process, CancellationTokenSource stopped)
    {
        var reason = await process.WaitAsync(_stop.Token);

        // Data in the sockets is still read; only pending accepts are canceled.
        _acceptStop.CancelAfter(AcceptGracePeriod);
        stopped.CancelAfter(TimeSpan.FromSeconds(1));
        return reason;
    }

    private async Task FeedAsync(Socket listener, CancellationTokenSource stopped)
    {
        using var socket = await AcceptAsync(listener, stopped.Token);
        var header = new ArrayBufferWriter<byte>(512);
        new NutWriter([_job.Source]).WriteHeaders(header);
        try
        {
            await SendAsync(socket, header.WrittenMemory, stopped.Token);
            await foreach (var sample in _queue.Reader.ReadAllAsync(stopped.Token))
            {
                header.ResetWrittenCount();
                header.Advance(NutWriter.WriteFrameHeader(header.GetSpan(NutWriter.MaxFrameHeader), 0, sample.Present.Ticks + _job.Offset,
                    sample.IsSync, sample.Payload.Length));
                await SendAsync(socket, header.WrittenMemory, stopped.Token);
                await SendAsync(socket, sample.Payload, stopped.Token);
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The process closed its end; its exit status gives the reason.
        }
    }

    private async Task DrainAsync(Socket listener, int output, CancellationTokenSource stopped)
    {
        using var socket = await AcceptAsync(listener, stopped.Token);
        var bytes = PipeReader.Create(new NetworkStream(socket, ownsSocket: false), new StreamPipeReaderOptions(bufferSize: 64 * 1024));
        var nut = new NutReader();
        CodecConfig? configuration = null;
        try
        {
            while (true)
            {
                var read = await bytes.ReadAsync(stopped.Token);
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
            // Invalid output: the process is unusable.
            await _stop.CancelAsync();
            throw new IOException($"invalid encoder output: {e.Message}", e);
        }
    }

    private async Task<Socket> AcceptAsync(Socket listener, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _acceptStop.Token);
        limit.CancelAfter(ConnectTime);
        try
        {
            return await listener.AcceptAsync(limit.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested && !_acceptStop.IsCancellationRequested)
        {
            throw new IOException($"the process did not connect within {ConnectTime.TotalSeconds} s", e);
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
