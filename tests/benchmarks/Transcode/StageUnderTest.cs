using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>A frame in the output of the stage.</summary>
/// <param name="Present">Presentation time in ticks of 1/90,000 s.</param>
/// <param name="IsSync">Whether the frame is a sync sample.</param>
/// <param name="At">Time of the output, a timestamp of the system's clock.</param>
internal readonly record struct SeenFrame(long Present, bool IsSync, long At);

/// <summary>
/// The product's transcoder alone in this process: receives frames as a publication; records the times of its output and discards it.
/// Neither ingest nor packager count. Fed from one thread.
/// </summary>
internal sealed class StageUnderTest : IRenditionSink, IAsyncDisposable
{
    private const int QueueLength = 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Channel<MediaSample> _samples = Channel.CreateBounded<MediaSample>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });
    private readonly Dictionary<string, List<SeenFrame>> _rungs = [];
    private readonly Dictionary<long, long> _given = [];
    private readonly ServiceProvider _services;
    private readonly Task _running;
    private readonly List<(long Present, TaskCompletionSource Reached)> _awaited = [];
    private long _last;

    /// <summary>Starts the stage.</summary>
    /// <param name="track">The video track.</param>
    /// <param name="latency">Latency profile of the channel.</param>
    /// <param name="time">
    /// Clock of the stage; by default the system's. With a stopped clock the stage changes no quality and detects no stalls at any input
    /// speed.
    /// </param>
    /// <param name="progress">Receives warnings.</param>
    public StageUnderTest(Track track, string latency, TimeProvider? time = null, Action<string>? progress = null)
    {
        Log = new StageLog(progress);
        _services = new ServiceCollection()
            .AddSingleton(time ?? TimeProvider.System)
            .AddSingleton<IRenditionSink>(this)
            .AddLogging(logging => logging.AddProvider(Log))
            .AddTranscoder(new ConfigurationBuilder().Build())
            .BuildServiceProvider();
        var session = new BroadcastSession(ChannelName.Parse("bench"), SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch,
            LatencyProfile.Find(latency)!);
        _running = _services.GetRequiredService<LadderTranscoder>()
            .RunAsync(new Publication(new PublishGrant(Guid.NewGuid(), session, "auto", CancellationToken.None), [track], _samples.Reader),
                CancellationToken.None);
    }

    /// <summary>Log of the stage.</summary>
    public StageLog Log { get; }

    /// <summary>Names of all rungs of its ladder.</summary>
    public IReadOnlyList<string> Rungs
    {
        get
        {
            lock (_gate)
            {
                return [.. _rungs.Keys];
            }
        }
    }

    /// <summary>Sends the next frame.</summary>
    /// <exception cref="InvalidOperationException">The queue of the stage is full.</exception>
    public void Give(in MediaSample sample)
    {
        lock (_gate)
        {
            _given[sample.Present.Ticks] = TimeProvider.System.GetTimestamp();
        }

        if (!_samples.Writer.TryWrite(sample))
        {
            throw new InvalidOperationException(_running.IsCompleted ? "The stage has ended." : "The stage does not accept frames.");
        }
    }

    /// <summary>Output of a rung so far.</summary>
    public IReadOnlyList<SeenFrame> Seen(string rung)
    {
        lock (_gate)
        {
            return [.. _rungs[rung]];
        }
    }

    /// <summary>Returns the time of a frame's input, a timestamp of the system's clock.</summary>
    public long GivenAt(long present)
    {
        lock (_gate)
        {
            return _given[present];
        }
    }

    /// <summary>Waits until all rungs have reached a time.</summary>
    /// <param name="present">Time in ticks of 1/90,000 s.</param>
    /// <exception cref="TimeoutException">A rung does not advance.</exception>
    public async Task ReachAsync(long present)
    {
        TaskCompletionSource reached;
        lock (_gate)
        {
            if (HasReached(present))
            {
                return;
            }

            _awaited.Add((present, reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        await reached.Task.WaitAsync(Timeout, TimeProvider.System);
    }

    /// <summary>Waits until the output stops: only frames buffered by the encoder remain.</summary>
    public async Task CalmAsync()
    {
        while (TimeProvider.System.GetElapsedTime(Interlocked.Read(ref _last)) < Calm)
        {
            await Task.Delay(Calm / 10, TimeProvider.System);
        }
    }

    /// <summary>Ends the input and waits until all frames are encoded.</summary>
    public async Task EndAsync()
    {
        _samples.Writer.TryComplete();
        await _running;
    }

    public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var rung in renditions.Renditions.Where(IsRung))
            {
                _rungs.TryAdd(rung.Name, []);
            }
        }

        while (await renditions.Samples.WaitToReadAsync(cancellationToken))
        {
            while (renditions.Samples.TryRead(out var sample))
            {
                if (IsRung(sample.Rendition))
                {
                    Note(sample.Rendition.Name, sample.Sample);
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        await _services.DisposeAsync();
    }

    private void Note(string rung, in MediaSample sample)
    {
        lock (_gate)
        {
            _rungs[rung].Add(new SeenFrame(sample.Present.Ticks, sample.IsSync, TimeProvider.System.GetTimestamp()));
            _last = _rungs[rung][^1].At;
            foreach (var awaited in _awaited.Where(a => HasReached(a.Present)).ToList())
            {
                _awaited.Remove(awaited);
                awaited.Reached.TrySetResult();
            }
        }
    }

    /// <summary>Ignores the source and its generated silent audio.</summary>
    private static bool IsRung(Rendition rendition) => rendition is { Kind: TrackKind.Video, IsLeading: false };

    private bool HasReached(long present) => _rungs.Count > 0 && _rungs.Values.All(r => r.Count > 0 && r[^1].Present >= present);
}
