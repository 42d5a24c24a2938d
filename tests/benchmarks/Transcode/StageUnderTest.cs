using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>A picture that came out of the stage.</summary>
/// <param name="Present">Its time, ticks of 1/90,000 s.</param>
/// <param name="IsSync">Whether decoding can begin with it.</param>
/// <param name="At">When it came out, a timestamp of the system's clock.</param>
internal readonly record struct SeenPicture(long Present, bool IsSync, long At);

/// <summary>
/// The transcoder as the server has it, alone in this process: pictures go in as a publication, and what comes out is noted with its time and forgotten. Neither ingest before it nor packager
/// behind it count. Given from one thread.
/// </summary>
internal sealed class StageUnderTest : IRenditionSink, IAsyncDisposable
{
    private const int QueueLength = 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Channel<MediaSample> _samples = Channel.CreateBounded<MediaSample>(new BoundedChannelOptions(QueueLength) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });
    private readonly Dictionary<string, List<SeenPicture>> _rungs = [];
    private readonly Dictionary<long, long> _given = [];
    private readonly ServiceProvider _services;
    private readonly Task _running;
    private readonly List<(long Present, TaskCompletionSource Reached)> _awaited = [];
    private long _last;

    /// <summary>Starts it.</summary>
    /// <param name="track">What will be given.</param>
    /// <param name="latency">Latency profile of the channel.</param>
    /// <param name="time">The stage's clock; the system's when not given. With one that stands still it takes no steps and finds nothing hanging, however fast it is fed.</param>
    /// <param name="progress">Told of warnings.</param>
    public StageUnderTest(Track track, string latency, TimeProvider? time = null, Action<string>? progress = null)
    {
        Log = new StageLog(progress);
        _services = new ServiceCollection()
            .AddSingleton(time ?? TimeProvider.System)
            .AddSingleton<IRenditionSink>(this)
            .AddLogging(logging => logging.AddProvider(Log))
            .AddTranscoder(new ConfigurationBuilder().Build())
            .BuildServiceProvider();
        var session = new BroadcastSession(ChannelName.Parse("bench"), SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch, LatencyProfile.Find(latency)!);
        _running = _services.GetRequiredService<LadderTranscoder>()
            .RunAsync(new Publication(new PublishGrant(Guid.NewGuid(), session, "auto", CancellationToken.None), [track], _samples.Reader), CancellationToken.None);
    }

    /// <summary>What it says.</summary>
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

    /// <summary>The next picture.</summary>
    /// <exception cref="InvalidOperationException">It takes no more: as many as may wait do.</exception>
    public void Give(in MediaSample sample)
    {
        lock (_gate)
        {
            _given[sample.Present.Ticks] = TimeProvider.System.GetTimestamp();
        }

        if (!_samples.Writer.TryWrite(sample))
        {
            throw new InvalidOperationException(_running.IsCompleted ? "The stage has ended." : "The stage does not take its pictures.");
        }
    }

    /// <summary>All that came of a rung so far.</summary>
    public IReadOnlyList<SeenPicture> Seen(string rung)
    {
        lock (_gate)
        {
            return [.. _rungs[rung]];
        }
    }

    /// <summary>When a picture went in, a timestamp of the system's clock.</summary>
    public long GivenAt(long present)
    {
        lock (_gate)
        {
            return _given[present];
        }
    }

    /// <summary>Waits until every rung has come as far.</summary>
    /// <param name="present">Ticks of 1/90,000 s.</param>
    /// <exception cref="TimeoutException">One of them stands still.</exception>
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

        await reached.Task.WaitAsync(Patience, TimeProvider.System);
    }

    /// <summary>Waits until nothing more comes: all that is not held by the encoder until its end has come.</summary>
    public async Task CalmAsync()
    {
        while (TimeProvider.System.GetElapsedTime(Interlocked.Read(ref _last)) < Calm)
        {
            await Task.Delay(Calm / 10, TimeProvider.System);
        }
    }

    /// <summary>No more will be given; returns when all that came is encoded.</summary>
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
            _rungs[rung].Add(new SeenPicture(sample.Present.Ticks, sample.IsSync, TimeProvider.System.GetTimestamp()));
            _last = _rungs[rung][^1].At;
            foreach (var awaited in _awaited.Where(a => HasReached(a.Present)).ToList())
            {
                _awaited.Remove(awaited);
                awaited.Reached.TrySetResult();
            }
        }
    }

    /// <summary>Neither the source nor the silence that is put beside it.</summary>
    private static bool IsRung(Rendition rendition) => rendition is { Kind: TrackKind.Video, IsLeading: false };

    private bool HasReached(long present) => _rungs.Count > 0 && _rungs.Values.All(r => r.Count > 0 && r[^1].Present >= present);
}
