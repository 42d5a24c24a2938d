namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// The read loops. Connections without media share a loop without pauses, so commands are answered at once. Publishers of low-latency
/// channels have loops with short pauses. For all others, players stay whole segments behind the live edge, so their loops
/// pause for as long as permitted: a pass then costs little more than the media in it.
/// </summary>
/// <param name="maxPause">Maximum pause for publishers' data.</param>
internal sealed class ReadLoops(TimeSpan maxPause) : IDisposable
{
    /// <summary>Maximum pause for publishers of low-latency channels. A part of these channels takes 350 ms.</summary>
    public static readonly TimeSpan MaxLowLatencyPause = TimeSpan.FromMilliseconds(40);

    /// <summary>Pause per low-latency publisher. A single publisher waits 2 ms; with some dozens the maximum is reached.</summary>
    private static readonly TimeSpan PausePerPublisher = TimeSpan.FromMilliseconds(2);

    private readonly PublisherLoops _standard = new("RTMP", _ => maxPause);
    private readonly PublisherLoops _lowLatency = new("RTMP low", publishers => GetLowLatencyPause(publishers, maxPause));

    /// <summary>Loop for connections that have sent no media yet.</summary>
    public ReadLoop Prompt { get; } = new("RTMP", () => TimeSpan.Zero);

    /// <summary>Gets a loop for another publisher.</summary>
    /// <param name="lowLatency">Whether viewers of the channel wait for parts of segments.</param>
    public ReadLoop GetLoopForPublisher(bool lowLatency) => (lowLatency ? _lowLatency : _standard).GetLoop();

    /// <summary>Computes the pause before a pass over publishers of low-latency channels.</summary>
    /// <param name="publishers">Number of these publishers on all threads.</param>
    /// <param name="maxPause">Maximum pause for all publishers; <see cref="MaxLowLatencyPause"/> applies as well.</param>
    public static TimeSpan GetLowLatencyPause(int publishers, TimeSpan maxPause)
    {
        var longest = maxPause < MaxLowLatencyPause ? maxPause : MaxLowLatencyPause;
        return publishers >= longest / PausePerPublisher ? longest : publishers * PausePerPublisher;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Prompt.Dispose();
        _standard.Dispose();
        _lowLatency.Dispose();
    }
}

/// <summary>Read loops of publishers with the same tolerance of delay, distributed over as many threads as their number requires.</summary>
/// <param name="name">Name of the threads, to which a number is added.</param>
/// <param name="getPause">Pause before a pass, from the number of publishers in all these loops.</param>
internal sealed class PublisherLoops(string name, Func<int, TimeSpan> getPause) : IDisposable
{
    /// <summary>Number of publishers per thread before another is started, up to the number of processors.</summary>
    private const int PublishersPerLoop = 32;

    private readonly Lock _gate = new();
    private volatile ReadLoop[] _loops = [];

    private int Publishers
    {
        get
        {
            var publishers = 0;
            foreach (var loop in _loops)
            {
                publishers += loop.Count;
            }

            return publishers;
        }
    }

    /// <summary>Gets the loop with the fewest publishers, after starting another if all are full.</summary>
    public ReadLoop GetLoop()
    {
        lock (_gate)
        {
            if (_loops.Length < Environment.ProcessorCount && Publishers >= _loops.Length * PublishersPerLoop)
            {
                _loops = [.. _loops, new ReadLoop($"{name} {_loops.Length + 1}", () => getPause(Publishers))];
            }

            return _loops.MinBy(loop => loop.Count)!;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Dispose();
        }
    }
}
