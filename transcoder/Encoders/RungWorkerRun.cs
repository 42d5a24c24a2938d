using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Receives a frame encoded by a worker.</summary>
/// <param name="track">The rung's track.</param>
/// <param name="configuration">Codec configuration.</param>
/// <param name="frame">The frame, with the worker's timestamps.</param>
internal delegate void RungFrameSink(RungTrack track, CodecConfig configuration, in NutFrame frame);

/// <summary>
/// One running worker of a publication, with its responsiveness and speed. Fed and monitored from one thread; frames arrive on the
/// worker's.
/// </summary>
internal sealed class RungWorkerRun
{
    /// <summary>Frames that may be sent without output: more than encoder and decoder hold.</summary>
    private const int MaxFramesWithoutOutput = 45;

    /// <summary>The same limit for hardware, which holds fewer frames.</summary>
    private const int MaxFramesWithoutOutputOfHardware = 35;

    private static readonly TimeSpan HangTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Hardware can be replaced, so it is not awaited for long.</summary>
    private static readonly TimeSpan HardwareHangTimeout = TimeSpan.FromSeconds(1.5);

    /// <summary>The first frame takes longer on a busy machine.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Hardware gets this time, or three times its probe time, but at most <see cref="StartTimeout"/>.</summary>
    private static readonly TimeSpan HardwareStartTimeout = TimeSpan.FromSeconds(2);

    private readonly EncoderWorker _worker;
    private readonly RungFrameSink _sink;
    private readonly TimeProvider _time;
    private readonly TimeSpan _startTimeout;
    private readonly long _startedAt;
    private readonly Lock _lock = new();
    private bool _isAbandoned;
    private int _framesWithoutOutput;
    private long _withoutOutputSince;
    private volatile bool _hasOutput;

    /// <summary>Starts the worker.</summary>
    /// <param name="program">Path or name of ffmpeg.</param>
    /// <param name="job">The worker's job.</param>
    /// <param name="profile">Encode profile of the outputs.</param>
    /// <param name="path">Encoder backend.</param>
    /// <param name="tracks">Destinations of the outputs.</param>
    /// <param name="probeTime">The hardware's time to the first frame in its probe.</param>
    /// <param name="sink">Called sequentially for each frame.</param>
    /// <param name="time">The clock.</param>
    public RungWorkerRun(string program, EncoderJob job, EncodeProfile profile, EncodePath path, IReadOnlyList<RungTrack> tracks,
        TimeSpan probeTime, RungFrameSink sink, TimeProvider time)
    {
        (Profile, EncodePath, Tracks, _sink, _time, _startedAt) = (profile, path, tracks, sink, time, time.GetTimestamp());
        var hardware = TimeSpan.FromTicks(Math.Clamp(probeTime.Ticks * 3, HardwareStartTimeout.Ticks, StartTimeout.Ticks));
        _startTimeout = path.IsSoftware ? StartTimeout : hardware;
        _worker = new EncoderWorker(program, job, Pass);
    }

    /// <summary>Encode profile.</summary>
    public EncodeProfile Profile { get; }

    /// <summary>Encoder backend.</summary>
    public EncodePath EncodePath { get; }

    public IReadOnlyList<RungTrack> Tracks { get; }

    /// <summary>Indicates whether a frame was output.</summary>
    public bool HasOutput => _hasOutput;

    /// <summary>Time since the start.</summary>
    public TimeSpan Age => _time.GetElapsedTime(_startedAt);

    /// <summary>Start time, as a timestamp of the clock.</summary>
    public long StartedAt => _startedAt;

    /// <summary>Indicates whether the process has exited and its output is delivered.</summary>
    public bool HasEnded => _worker.Ended.IsCompleted;

    /// <summary>Indicates whether the process's decoder reported errors.</summary>
    public bool HasDecoderErrors => _worker.HasDecoderErrors;

    /// <summary>Exit reason.</summary>
    public string Reason => _worker.Reason ?? "the process exited";

    /// <summary>Completes when the process has exited.</summary>
    public Task Ended => _worker.Ended;

    /// <summary>Offers the next frame, in decode order.</summary>
    /// <returns><see langword="false"/> if the queue is full; the worker then needs a sync sample next.</returns>
    public bool TryOffer(in MediaSample sample)
    {
        if (!_worker.TryOffer(sample))
        {
            return false;
        }

        if (Interlocked.Increment(ref _framesWithoutOutput) == 1)
        {
            Volatile.Write(ref _withoutOutputSince, _time.GetTimestamp());
        }

        return true;
    }

    /// <summary>Reason why the running process counts as hung, or <see langword="null"/>.</summary>
    public string? HangReason()
    {
        var timeout = !_hasOutput ? _startTimeout : EncodePath.IsSoftware ? HangTimeout : HardwareHangTimeout;
        var maxFrames = EncodePath.IsSoftware ? MaxFramesWithoutOutput : MaxFramesWithoutOutputOfHardware;
        return Volatile.Read(ref _framesWithoutOutput) >= maxFrames
            && _time.GetElapsedTime(Volatile.Read(ref _withoutOutputSince)) >= timeout
            ? string.Create(CultureInfo.InvariantCulture, $"no frame output for {timeout.TotalSeconds:0.#} s")
            : null;
    }

    /// <summary>Lag of the slowest rung behind the source.</summary>
    /// <param name="newest">Presentation time of the source's newest frame.</param>
    public TimeSpan LagBehind(long newest)
    {
        var slowest = Tracks.Min(l => l.Last);
        return slowest == long.MinValue ? Age : new MediaTime(Math.Max(0, newest - slowest), MediaTime.VideoTimescale).ToTimeSpan();
    }

    /// <summary>Ends the input; received frames are encoded and delivered.</summary>
    public void Complete() => _worker.Complete();

    /// <summary>
    /// Stops the worker without waiting. Its frames are no longer delivered, so a replacement can start even if the process cannot be
    /// killed.
    /// </summary>
    public void Abandon()
    {
        lock (_lock)
        {
            _isAbandoned = true;
        }

        _worker.Kill();
    }

    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    private void Pass(int output, CodecConfig configuration, in NutFrame frame)
    {
        lock (_lock)
        {
            if (_isAbandoned)
            {
                return;
            }

            _hasOutput = true;
            Volatile.Write(ref _framesWithoutOutput, 0);
            _sink(Tracks[output], configuration, frame);
        }
    }
}
