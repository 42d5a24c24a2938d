using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// Encodes one audio track in a worker process and passes each frame on once, in order. A worker that exits or hangs is replaced at once.
/// The new worker receives the last seconds again, so that no audio is missing if it starts quickly. Not thread-safe; frames arrive on the
/// worker's thread.
/// </summary>
/// <param name="ffmpeg">Path or name of ffmpeg.</param>
/// <param name="channel">The channel's name, for the log.</param>
/// <param name="track">Number of the output track.</param>
/// <param name="sink">Receives the encoded frames.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="fixedTarget">
/// Output format of all sources, also of those that players support; <see langword="null"/> for that of <see cref="AudioPlan"/>.
/// </param>
internal sealed class AudioEncoder(string ffmpeg, string channel, int track, Action<MediaSample> sink, TimeProvider time, ILogger logger,
    AudioEncodeTarget? fixedTarget = null) : IAsyncDisposable
{
    /// <summary>30 minutes: no source timestamp lies further before the start of its session.</summary>
    private const int OffsetSeconds = 1800;

    /// <summary>Source frames cached for a replacement worker, spanning at most <see cref="RetainedDuration"/>.</summary>
    private const int MaxRetainedFrames = EncoderWorker.QueueLength / 4;

    /// <summary>Frames that may be sent without output before the timeout applies.</summary>
    private const int MaxFramesWithoutOutput = 12;

    private static readonly TimeSpan RetainedDuration = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan HangTimeout = TimeSpan.FromSeconds(3);

    /// <summary>The first frame takes longer on a busy machine.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Maximum time that the end of the session waits for a process.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);

    /// <summary>A worker that ran this long resets the restart delay.</summary>
    private static readonly TimeSpan StableRunTime = TimeSpan.FromMinutes(1);

    private static readonly Counter<long> Exits = Telemetry.Meter.CreateCounter<long>(
        "broadcast_audio_encoder_exits", "{process}", "Audio encoder processes that exited or were killed because they hung.");

    private readonly Queue<MediaSample> _retained = new();
    private readonly List<EncoderWorker> _stopping = [];
    private EncoderWorker? _worker;
    private Track? _source;
    private Track? _outputTrack;
    private string? _killReason;
    private int _exits;
    private long _startedAt;
    private long _notBefore = long.MinValue;
    private long _withoutOutputSince;
    private int _framesWithoutOutput;
    private volatile bool _hasOutput;
    private long _outputEnd = long.MinValue;
    private LatestSample _newest = new(default, default);

    private sealed record LatestSample(MediaTime Present, DateTimeOffset Arrival);

    /// <summary>Accepts the source's next frame.</summary>
    public void Push(in MediaSample sample)
    {
        if (!ReferenceEquals(sample.Track, _source))
        {
            Drain();
            _retained.Clear();
            _source = sample.Track;
        }

        Volatile.Write(ref _newest, new LatestSample(sample.Present, sample.Arrival));
        _retained.Enqueue(sample);
        while (_retained.Count > MaxRetainedFrames || (sample.Present - _retained.Peek().Present).ToTimeSpan() > RetainedDuration)
        {
            _retained.Dequeue();
        }

        if (_worker is { Ended.IsCompleted: true })
        {
            RecordExit();
        }

        if (_worker is null)
        {
            TryStart();
        }
        else
        {
            CheckWorker();
            Offer(sample);
        }
    }

    /// <summary>Stops encoding after the frames received so far.</summary>
    public void Drain()
    {
        if (_worker is { } worker)
        {
            worker.Complete();
            _stopping.RemoveAll(w => w.Ended.IsCompleted);
            _stopping.Add(worker);
            (_worker, _killReason, _source) = (null, null, null);
        }
    }

    /// <summary>Ends the publication.</summary>
    public async ValueTask DisposeAsync()
    {
        Drain();
        foreach (var worker in _stopping)
        {
            // A killed process may hang, where it cannot be awaited.
            await worker.Ended.WaitAsync(StopTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (worker.Ended.IsCompleted)
            {
                await worker.DisposeAsync();
            }
            else
            {
                worker.Kill();
            }
        }
    }

    private void TryStart()
    {
        var now = time.GetTimestamp();
        if (now < _notBefore || _source is null || AudioEncodeCommand.Source(_source) is not { } source
            || (fixedTarget ?? AudioPlan.For(_source.Config).Target) is not { } target)
        {
            return;
        }

        (_startedAt, _hasOutput) = (now, false);
        Volatile.Write(ref _framesWithoutOutput, 0);
        var job = new EncoderJob(
            source.Header, (long)OffsetSeconds * _source.Timescale, 1, (input, outputs) =>
            new AudioEncodeCommand(input, outputs[0], source.Decoder, target).Arguments(), AudioEncodeCommand.ConfigurationOf);
        var from = _source;
        _worker = new EncoderWorker(ffmpeg, job, (int _, CodecConfig configuration, in NutFrame frame) => Pass(from, configuration, frame));
        AudioEncoderLog.Started(logger, channel, _source.Config.CodecString, target.SampleRate, target.Channels);
        foreach (var sample in _retained)
        {
            Offer(sample);
        }
    }

    private void Offer(in MediaSample sample)
    {
        if (!_worker!.TryOffer(sample))
        {
            DroppedSamples.Count(PipelineStage.AudioEncoder);
        }
        else if (Interlocked.Increment(ref _framesWithoutOutput) == 1)
        {
            Volatile.Write(ref _withoutOutputSince, time.GetTimestamp());
        }
    }

    /// <summary>Passes a frame on if it follows the frames of earlier workers.</summary>
    private void Pass(Track from, CodecConfig configuration, in NutFrame frame)
    {
        _hasOutput = true;
        Volatile.Write(ref _framesWithoutOutput, 0);
        var (audio, clock) = (configuration.AudioFormat!, configuration.AudioFormat!.SampleRate);
        if (_outputTrack is null || !_outputTrack.Config.Equals(configuration) || _outputTrack.Language != from.Language
            || _outputTrack.Name != from.Name)
        {
            _outputEnd = _outputTrack is null || _outputEnd == long.MinValue ? _outputEnd
                : new MediaTime(_outputEnd, _outputTrack.Timescale).Rescale(clock).Ticks + 1;
            _outputTrack = new Track(track, configuration, audio.SampleRate, from.Language, from.Name);
        }

        var at = new MediaTime(frame.Present - ((long)OffsetSeconds * clock), clock);
        if (at.Ticks < _outputEnd)
        {
            return;
        }

        _outputEnd = at.Ticks + (configuration.TryInspect(frame.Payload.Span, out var coded) ? coded.Samples : 0);
        var newest = Volatile.Read(ref _newest);

        // Its arrival time is that of the source frame with the same timestamp.
        var lag = (newest.Present - at).ToTimeSpan();
        sink(new MediaSample(_outputTrack, at, at, true, frame.Payload, newest.Arrival - (lag > TimeSpan.Zero ? lag : TimeSpan.Zero)));
    }

    private void CheckWorker()
    {
        var timeout = _hasOutput ? HangTimeout : StartTimeout;
        if (_killReason is null && Volatile.Read(ref _framesWithoutOutput) >= MaxFramesWithoutOutput
            && time.GetElapsedTime(Volatile.Read(ref _withoutOutputSince)) >= timeout)
        {
            _killReason = string.Create(CultureInfo.InvariantCulture, $"no audio output for {timeout.TotalSeconds} s");
            _worker!.Kill();
        }
    }

    private void RecordExit()
    {
        var reason = _killReason ?? _worker!.Reason ?? "the process exited";
        (_worker, _killReason) = (null, null);
        var lived = time.GetElapsedTime(_startedAt);
        _exits = lived >= StableRunTime ? 1 : _exits + 1;
        Exits.Add(1);
        var pause = TimeSpan.FromTicks(Math.Min(MaxDelay.Ticks, FirstDelay.Ticks << Math.Min(_exits - 1, 20)));
        _notBefore = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
        AudioEncoderLog.WorkerExited(logger, channel, lived.TotalSeconds, reason, pause.TotalSeconds);
    }
}

internal static partial class AudioEncoderLog
{
    [LoggerMessage(2070, LogLevel.Information,
        "Channel {Channel}: encoding audio ({Codec}) to AAC-LC, {SampleRate} Hz, {Channels} channels")]
    public static partial void Started(ILogger logger, string channel, string codec, int sampleRate, int channels);

    [LoggerMessage(2071, LogLevel.Warning,
        "Channel {Channel}: audio encoder exited after {RunTime:0.0} s: {Reason}; viewers get silence, retrying in {Pause:0.0} s")]
    public static partial void WorkerExited(ILogger logger, string channel, double runTime, string reason, double pause);
}
