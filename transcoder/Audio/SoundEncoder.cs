using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// Encodes one track of sound: keeps a worker for it and passes on what that makes, each instant once and in order. A worker that dies, or hangs, is followed by another within a moment, which gets the last
/// seconds once more, so that nothing is missing when it is quick. Called from one thread at a time; frames come from the worker's.
/// </summary>
/// <param name="ffmpeg">Path or name of ffmpeg.</param>
/// <param name="channel">The channel's name, for the log.</param>
/// <param name="track">Number of the track that comes out.</param>
/// <param name="sink">Takes what comes out.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class SoundEncoder(string ffmpeg, string channel, int track, Action<MediaSample> sink, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>Half an hour: no source's times lie as far before its session's beginning.</summary>
    private const int OffsetSeconds = 1800;

    /// <summary>Frames of the source kept for a worker that follows another; they also lie no more than <see cref="Kept"/> apart.</summary>
    private const int MostKept = EncoderWorker.QueueLength / 4;

    /// <summary>Frames that may go in without one coming out before it matters how long that is.</summary>
    private const int MostUnanswered = 12;

    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Hanging = TimeSpan.FromSeconds(3);

    /// <summary>A process on a busy machine needs a while for its first frame.</summary>
    private static readonly TimeSpan Starting = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>A worker that has lived for so long was a good one.</summary>
    private static readonly TimeSpan GoodLife = TimeSpan.FromMinutes(1);

    private static readonly Counter<long> Deaths = Telemetry.Meter.CreateCounter<long>(
        "broadcast_sound_encoder_deaths", "{worker}", "Encoder processes for sound that ended, or were ended because they hung.");

    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private readonly Queue<MediaSample> _kept = new();
    private readonly List<EncoderWorker> _ending = [];
    private EncoderWorker? _worker;
    private Track? _source;
    private Track? _air;
    private string? _ended;
    private int _deaths;
    private long _startedAt;
    private long _notBefore = long.MinValue;
    private long _unansweredSince;
    private int _unanswered;
    private volatile bool _answered;
    private long _end = long.MinValue;
    private Newest _newest = new(default, default);

    private sealed record Newest(MediaTime Present, DateTimeOffset Arrival);

    /// <summary>The source's next frame.</summary>
    public void Take(in MediaSample sample)
    {
        if (!ReferenceEquals(sample.Track, _source))
        {
            Leave();
            _kept.Clear();
            _source = sample.Track;
        }

        Volatile.Write(ref _newest, new Newest(sample.Present, sample.Arrival));
        _kept.Enqueue(sample);
        while (_kept.Count > MostKept || (sample.Present - _kept.Peek().Present).ToTimeSpan() > Kept)
        {
            _kept.Dequeue();
        }

        if (_worker is { Ended.IsCompleted: true })
        {
            Bury();
        }

        if (_worker is null)
        {
            TryStart();
        }
        else
        {
            Watch();
            Offer(sample);
        }
    }

    /// <summary>Nothing is to be encoded for now: what has come is encoded and passed on.</summary>
    public void Leave()
    {
        if (_worker is { } worker)
        {
            worker.Complete();
            _ending.RemoveAll(w => w.Ended.IsCompleted);
            _ending.Add(worker);
            (_worker, _ended, _source) = (null, null, null);
        }
    }

    /// <summary>The publication is over.</summary>
    public async ValueTask DisposeAsync()
    {
        Leave();
        foreach (var worker in _ending)
        {
            await worker.Ended;
            await worker.DisposeAsync();
        }
    }

    private void TryStart()
    {
        var now = time.GetTimestamp();
        if (now < _notBefore || SoundCommand.Source(_source!) is not { } source || SoundPlan.For(_source!.Config).Target is not { } target)
        {
            return;
        }

        (_startedAt, _answered) = (now, false);
        Volatile.Write(ref _unanswered, 0);
        var job = new EncoderJob(
            source.Header, (long)OffsetSeconds * _source.Timescale, 1, (input, outputs) => new SoundCommand(input, outputs[0], source.Decoder, target).Arguments(), SoundCommand.ConfigurationOf);
        var from = _source;
        _worker = new EncoderWorker(ffmpeg, job, (int _, CodecConfig configuration, in NutFrame frame) => Pass(from, configuration, frame));
        SoundLog.Started(logger, channel, _source.Config.CodecString, target.SampleRate, target.Channels);
        foreach (var sample in _kept)
        {
            Offer(sample);
        }
    }

    private void Offer(in MediaSample sample)
    {
        if (!_worker!.TryOffer(sample))
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "sound encoder"));
        }
        else if (Interlocked.Increment(ref _unanswered) == 1)
        {
            Volatile.Write(ref _unansweredSince, time.GetTimestamp());
        }
    }

    /// <summary>Passes a frame on, where it lies behind what another worker has made.</summary>
    private void Pass(Track from, CodecConfig configuration, in NutFrame frame)
    {
        _answered = true;
        Volatile.Write(ref _unanswered, 0);
        var (sound, clock) = (configuration.Sound!, configuration.Sound!.SampleRate);
        if (_air is null || !_air.Config.Equals(configuration) || _air.Language != from.Language || _air.Name != from.Name)
        {
            _end = _air is null || _end == long.MinValue ? _end : new MediaTime(_end, _air.Timescale).Rescale(clock).Ticks + 1;
            _air = new Track(track, configuration, sound.SampleRate, from.Language, from.Name);
        }

        var at = new MediaTime(frame.Present - ((long)OffsetSeconds * clock), clock);
        if (at.Ticks < _end)
        {
            return;
        }

        _end = at.Ticks + (configuration.TryInspect(frame.Payload.Span, out var coded) ? coded.Samples : 0);
        var newest = Volatile.Read(ref _newest);

        // It came when the source's frame of its time came.
        var behind = (newest.Present - at).ToTimeSpan();
        sink(new MediaSample(_air, at, at, true, frame.Payload, newest.Arrival - (behind > TimeSpan.Zero ? behind : TimeSpan.Zero)));
    }

    private void Watch()
    {
        var patience = _answered ? Hanging : Starting;
        if (_ended is null && Volatile.Read(ref _unanswered) >= MostUnanswered && time.GetElapsedTime(Volatile.Read(ref _unansweredSince)) >= patience)
        {
            _ended = string.Create(CultureInfo.InvariantCulture, $"no sound came out of it for {patience.TotalSeconds} s");
            _worker!.Kill();
        }
    }

    private void Bury()
    {
        var reason = _ended ?? _worker!.Reason ?? "it is gone";
        (_worker, _ended) = (null, null);
        var lived = time.GetElapsedTime(_startedAt);
        _deaths = lived >= GoodLife ? 1 : _deaths + 1;
        Deaths.Add(1);
        var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(_deaths - 1, 20)));
        _notBefore = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
        SoundLog.Died(logger, channel, lived.TotalSeconds, reason, pause.TotalSeconds);
    }
}

internal static partial class SoundLog
{
    [LoggerMessage(2070, LogLevel.Information, "Channel {Channel}: encoding its sound ({Codec}) as AAC-LC, {SampleRate} Hz, {Channels} channels")]
    public static partial void Started(ILogger logger, string channel, string codec, int sampleRate, int channels);

    [LoggerMessage(2071, LogLevel.Warning, "Channel {Channel}: the encoder of its sound is gone after {Lived:0.0} s ({Reason}). Viewers have silence where it is missing; the next try comes in {Pause:0.0} s")]
    public static partial void Died(ILogger logger, string channel, double lived, string reason, double pause);
}
