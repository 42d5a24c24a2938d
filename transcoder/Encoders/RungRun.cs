using System.Globalization;
using Broadcast.Media;
using Broadcast.Transcoder.Encoders.Vendors;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Takes a picture that a worker has encoded.</summary>
/// <param name="lane">Whose.</param>
/// <param name="configuration">How it is coded.</param>
/// <param name="frame">The picture, with times as the worker has them.</param>
internal delegate void RungSink(RungLane lane, CodecConfig configuration, in NutFrame frame);

/// <summary>One worker at work for a publication: whether it answers, and how fast. Fed and watched from one thread; pictures come from the worker's.</summary>
internal sealed class RungRun
{
    /// <summary>Pictures that may go in without one coming out: more than encoder and decoder keep back.</summary>
    private const int MostUnanswered = 45;

    /// <summary>The same for hardware, which keeps fewer back.</summary>
    private const int MostUnansweredOfHardware = 35;

    private static readonly TimeSpan Hanging = TimeSpan.FromSeconds(3);

    /// <summary>There is something else to take the place of hardware, so it need not be waited for.</summary>
    private static readonly TimeSpan HangingOfHardware = TimeSpan.FromSeconds(1.5);

    /// <summary>A process on a busy machine needs a while for its first picture.</summary>
    private static readonly TimeSpan Starting = TimeSpan.FromSeconds(10);

    /// <summary>Hardware is given this, or three times what it needed when it was proved, but never more than <see cref="Starting"/>.</summary>
    private static readonly TimeSpan StartingOfHardware = TimeSpan.FromSeconds(2);

    private readonly EncoderWorker _worker;
    private readonly RungSink _sink;
    private readonly TimeProvider _time;
    private readonly TimeSpan _starting;
    private readonly long _startedAt;
    private readonly Lock _gate = new();
    private bool _isOver;
    private int _unanswered;
    private long _unansweredSince;
    private volatile bool _hasAnswered;

    /// <summary>Starts the worker.</summary>
    /// <param name="program">Path or name of ffmpeg.</param>
    /// <param name="job">What it is for.</param>
    /// <param name="effort">What of that its outputs are.</param>
    /// <param name="route">Who encodes.</param>
    /// <param name="lanes">Where its outputs go.</param>
    /// <param name="proved">How long the hardware needed for its first pictures when it was proved.</param>
    /// <param name="sink">Called for each picture, one at a time.</param>
    /// <param name="time">The clock.</param>
    public RungRun(string program, EncoderJob job, Effort effort, Route route, IReadOnlyList<RungLane> lanes, TimeSpan proved, RungSink sink, TimeProvider time)
    {
        (Effort, Route, Lanes, _sink, _time, _startedAt) = (effort, route, lanes, sink, time, time.GetTimestamp());
        var hardware = TimeSpan.FromTicks(Math.Clamp(proved.Ticks * 3, StartingOfHardware.Ticks, Starting.Ticks));
        _starting = route.IsProcessor ? Starting : hardware;
        _worker = new EncoderWorker(program, job, Pass);
    }

    /// <summary>What is encoded.</summary>
    public Effort Effort { get; }

    /// <summary>Who encodes.</summary>
    public Route Route { get; }

    /// <summary>The rungs.</summary>
    public IReadOnlyList<RungLane> Lanes { get; }

    /// <summary>Whether a picture has come out.</summary>
    public bool HasAnswered => _hasAnswered;

    /// <summary>Since the start.</summary>
    public TimeSpan Age => _time.GetElapsedTime(_startedAt);

    /// <summary>When it began, as the clock's timestamp.</summary>
    public long StartedAt => _startedAt;

    /// <summary>Whether the process is gone, and all that it left has been passed on.</summary>
    public bool HasEnded => _worker.Ended.IsCompleted;

    /// <summary>Why it is gone.</summary>
    public string Reason => _worker.Reason ?? "it is gone";

    /// <summary>Completes when the process is gone.</summary>
    public Task Ended => _worker.Ended;

    /// <summary>Offers the next picture, in decode order.</summary>
    /// <returns><see langword="false"/> when too many wait: then the worker needs a sync sample next.</returns>
    public bool TryOffer(in MediaSample sample)
    {
        if (!_worker.TryOffer(sample))
        {
            return false;
        }

        if (Interlocked.Increment(ref _unanswered) == 1)
        {
            Volatile.Write(ref _unansweredSince, _time.GetTimestamp());
        }

        return true;
    }

    /// <summary>Why it has to be taken for dead though the process lives, or <see langword="null"/>.</summary>
    public string? Silence()
    {
        var patience = !_hasAnswered ? _starting : Route.IsProcessor ? Hanging : HangingOfHardware;
        return Volatile.Read(ref _unanswered) >= (Route.IsProcessor ? MostUnanswered : MostUnansweredOfHardware) && _time.GetElapsedTime(Volatile.Read(ref _unansweredSince)) >= patience
            ? string.Create(CultureInfo.InvariantCulture, $"no picture came out of it for {patience.TotalSeconds:0.#} s")
            : null;
    }

    /// <summary>How far the slowest rung is behind the source.</summary>
    /// <param name="newest">Presentation time of the source's newest picture.</param>
    public TimeSpan Behind(long newest)
    {
        var slowest = Lanes.Min(l => l.Last);
        return slowest == long.MinValue ? Age : new MediaTime(Math.Max(0, newest - slowest), MediaTime.VideoTimescale).ToTimeSpan();
    }

    /// <summary>No more will come: what has come is encoded and passed on.</summary>
    public void Complete() => _worker.Complete();

    /// <summary>Ends it at once, without waiting for that. No picture of it is passed on any more, so that another may take its place even while the process cannot be ended.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        _worker.Kill();
    }

    /// <summary>Waits for its end.</summary>
    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    private void Pass(int output, CodecConfig configuration, in NutFrame frame)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            _hasAnswered = true;
            Volatile.Write(ref _unanswered, 0);
            _sink(Lanes[output], configuration, frame);
        }
    }
}
