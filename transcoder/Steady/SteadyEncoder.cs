using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Audio;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Ladder;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Steady;

/// <summary>
/// Encodes one session to a fixed format. A worker process encodes until the configuration of the source changes, its frames have a gap, or
/// it fails; the next one continues at the next frame time, after the previous one has delivered its frames. Frame times are multiples of
/// the frame interval. Audio is always AAC-LC, 48 kHz, stereo, with silence where the source has none.
/// </summary>
internal sealed class SteadyEncoder : ISteadyEncoder
{
    /// <summary>Audio track number, above those of the audio pipeline.</summary>
    private const int AudioTrack = 4000;

    /// <summary>Time without source frames that is filled by repeating a frame. A longer gap stays a gap.</summary>
    private static readonly TimeSpan MaxFill = TimeSpan.FromSeconds(2);

    /// <summary>Maximum time for a worker to deliver its last frames.</summary>
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(4);

    private readonly SteadyOptions _options;
    private readonly string _ffmpeg;
    private readonly Func<bool> _canToneMap;
    private readonly string _channel;
    private readonly Action<RenditionSample> _sink;
    private readonly OutageReport _outage;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ByteBoundedChannel<MediaSample> _queue = new(
        new BoundedChannelOptions(EncoderWorker.QueueLength) { SingleReader = true },
        EncoderWorker.QueueBytes, sample => sample.Payload.Length);
    private readonly CancellationTokenSource _stop = new();
    private readonly GopBuffer _gop = new();
    private readonly RestartBackoff _backoff;
    private readonly AudioEncoder _audio;
    private readonly AudioGapFiller _filler = new(AudioTrack, isNeeded: true, isExpected: true);
    private readonly Rendition _audioRendition = new(SteadyRenditions.Audio, TrackKind.Audio, IsLeading: false);
    private readonly RungTrack _output = new(new Rendition(SteadyRenditions.Video, TrackKind.Video, IsLeading: false), 0);
    private readonly EncodeProfile _profile;
    private readonly Lock _lock = new();
    private readonly Lock _offering = new();
    private readonly Task _running;
    private RenditionSet? _set;
    private Rendition? _setAudio;
    private bool _isDropping;
    private RungWorkerRun? _run;
    private Track? _track;
    private MediaTime _newest;
    private bool _waitsForSync = true;
    private LatestSample _latest = new(long.MinValue, default);

    // Time of the next output frame, in ticks; guarded by the lock.
    private long _next = long.MinValue;

    private sealed record LatestSample(long Present, DateTimeOffset Arrival);

    /// <summary>Starts the encoder. Processes start with the first samples.</summary>
    /// <param name="options">Output format.</param>
    /// <param name="ffmpeg">Path or name of ffmpeg.</param>
    /// <param name="canToneMap">Whether ffmpeg has the filters for HDR sources.</param>
    /// <param name="channel">The channel's name, for the log.</param>
    /// <param name="sink">Receives the encoded samples, sequentially.</param>
    /// <param name="outage">Receives failures of the processes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public SteadyEncoder(SteadyOptions options, string ffmpeg, Func<bool> canToneMap, string channel, Action<RenditionSample> sink,
        OutageReport outage, TimeProvider time, ILogger logger)
    {
        (_options, _ffmpeg, _canToneMap, _channel, _sink) = (options, ffmpeg, canToneMap, channel, sink);
        (_outage, _time, _logger) = (outage, time, logger);
        _backoff = new RestartBackoff(time);
        _audio = new AudioEncoder(ffmpeg, channel, AudioTrack + 1, PassAudio, time, logger,
            new AudioEncodeTarget(SilentAac.DefaultSampleRate, SilentAac.DefaultChannels, options.AudioBitsPerSecond));
        _profile = new EncodeProfile(0, false,
            [new Rung(SteadyRenditions.Video, options.Width, options.Height, false, options.VideoBitsPerSecond)]);
        _running = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public EncoderOutage? Outage => _outage.Current;

    /// <inheritdoc/>
    public void Offer(RenditionSet renditions, in RenditionSample item)
    {
        lock (_offering)
        {
            OfferLocked(renditions, item);
        }
    }

    private void OfferLocked(RenditionSet renditions, in RenditionSample item)
    {
        if (!ReferenceEquals(_set, renditions))
        {
            var audio = renditions.Renditions.Where(rendition => rendition.Kind == TrackKind.Audio).ToList();
            (_set, _setAudio) = (renditions, audio.Find(rendition => rendition.Name == SteadyRenditions.Audio) ?? audio.FirstOrDefault());
        }

        var isVideo = item.Rendition.Kind == TrackKind.Video;
        if (isVideo ? !item.Rendition.IsLeading : item.Rendition.Name != _setAudio?.Name)
        {
            return;
        }

        if (isVideo && _isDropping && !item.Sample.IsSync)
        {
            DroppedSamples.Count(PipelineStage.Encoder);
            return;
        }

        var isQueued = _queue.Writer.TryWrite(item.Sample);
        if (isVideo)
        {
            _isDropping = !isQueued;
        }

        if (!isQueued)
        {
            DroppedSamples.Count(isVideo ? PipelineStage.Encoder : PipelineStage.AudioEncoder);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync(_stop.Token))
            {
                while (_queue.Reader.TryRead(out var sample))
                {
                    await PushAsync(sample);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // No target needs it, or the session has ended.
        }
        finally
        {
            if (_run is { } run)
            {
                run.Abandon();
                await DisposeWhenEndedAsync(run);
            }

            await _audio.DisposeAsync();
        }
    }

    private async ValueTask PushAsync(MediaSample sample)
    {
        try
        {
            if (sample.Track.Kind == TrackKind.Audio)
            {
                _audio.Push(sample);
            }
            else
            {
                await PushVideoAsync(sample);
            }
        }
        catch (Exception error) when (!_stop.IsCancellationRequested)
        {
            SteadyLog.Failed(_logger, error, _channel);
            RecordFailure(_run, error.Message);
        }
    }

    private async ValueTask PushVideoAsync(MediaSample sample)
    {
        if (!sample.Track.Config.IsComplete || !RungOutput.CanEncode(sample))
        {
            return;
        }

        if (_track is null || (!ReferenceEquals(_track, sample.Track) && !CanContinue(_track, sample.Track))
            || (sample.Decode - _newest).ToTimeSpan() > MaxFill)
        {
            // Nothing before the keyframe of a new configuration can be decoded.
            if (!sample.IsSync)
            {
                return;
            }

            await DrainAsync();
            _gop.Clear();
            _track = sample.Track;
        }

        _newest = sample.Decode;
        _latest = new LatestSample(Math.Max(_latest.Present, sample.Present.Ticks), sample.Arrival);
        _gop.Add(sample);
        if (_run is { HasEnded: true } ended)
        {
            RecordFailure(ended, ended.Reason);
        }
        else if (_run?.HangReason() is { } reason)
        {
            RecordFailure(_run, reason);
        }

        if (_run is null)
        {
            TryStart();
        }
        else if (!_waitsForSync || sample.IsSync)
        {
            _waitsForSync = !_run.TryOffer(sample);
        }
    }

    private static bool CanContinue(Track before, Track next) => before.Config.Equals(next.Config) && before.Timescale == next.Timescale
        && Equals(before.Color, next.Color);

    private void TryStart()
    {
        if (_gop.Count == 0 || !_backoff.MayStart)
        {
            return;
        }

        var frames = FramesFor(out var start);
        if (SourceHeader.Of(frames[0]) is not { } header)
        {
            return;
        }

        var mayBeInterlaced = _track is { Config: CodecConfig.Avc { Sequence.MayBeInterlaced: true } };
        var hdrColor = ToneMapping.IsNeeded(_track!.Color) && _canToneMap() ? _track.Color : null;
        var job = new EncoderJob(header, RungOutput.Offset, 1, (input, outputs) =>
            new SteadyCommand(input, outputs[0], _options, start + RungOutput.Offset)
            {
                MayBeInterlaced = mayBeInterlaced, HdrColor = hdrColor,
            }.Arguments(), AnnexBConverter.ConfigurationOf)
        {
            Limits = WorkerLimits.Software,
        };
        _run = new RungWorkerRun(_ffmpeg, job, _profile, EncodePath.Software, [_output], TimeSpan.Zero, Pass, _time);
        _outage.Attempt();
        SteadyLog.Started(_logger, _channel, _track.Config.CodecString, _options.Width, _options.Height, _options.FrameRate);
        _waitsForSync = false;
        foreach (var frame in frames)
        {
            _waitsForSync = _waitsForSync || !_run.TryOffer(frame);
        }
    }

    /// <summary>Gets the frames for a new worker, from a sync sample on, and the time of its first output frame.</summary>
    private IReadOnlyList<MediaSample> FramesFor(out long start)
    {
        var next = Next;
        var interval = _options.FrameInterval;
        var frames = _gop.From(next);
        if (next != long.MinValue && frames[0].Present.Ticks - next <= MaxFill.TotalSeconds * MediaTime.VideoTimescale)
        {
            start = next;
            return frames;
        }

        // With a gap in any case, the newest keyframe keeps video close to the audio, which has continued.
        frames = _gop.From(long.MaxValue);
        start = Math.Max((long)Math.Round((double)frames[0].Present.Ticks / interval) * interval, next);
        return frames;
    }

    private long Next
    {
        get
        {
            lock (_lock)
            {
                return _next;
            }
        }
    }

    /// <summary>Ends the input of the worker and waits until its frames are delivered.</summary>
    private async Task DrainAsync()
    {
        if (_run is { HasEnded: true } ended)
        {
            RecordFailure(ended, ended.Reason);
        }

        if (_run is not { } run)
        {
            return;
        }

        (_run, _waitsForSync) = (null, true);
        run.Complete();
        _backoff.RecordSourceChange(run.StartedAt);
        await run.Ended.WaitAsync(DrainTimeout, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        run.Abandon();
        await DisposeWhenEndedAsync(run);
    }

    private void RecordFailure(RungWorkerRun? run, string reason)
    {
        run?.Abandon();
        (_run, _waitsForSync) = (null, true);
        var age = run?.Age ?? TimeSpan.Zero;
        _backoff.RecordFailure(age);
        var delay = _backoff.Delay();
        SteadyLog.WorkerExited(_logger, _channel, age.TotalSeconds, reason, delay.TotalSeconds);
        _outage.Fail(reason, delay);
        _ = run is null ? Task.CompletedTask : DisposeWhenEndedAsync(run);
    }

    private static async Task DisposeWhenEndedAsync(RungWorkerRun run)
    {
        // A process may hang in the kernel, where it cannot be killed.
        await run.Ended.WaitAsync(DrainTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (run.HasEnded)
        {
            await run.DisposeAsync();
        }
    }

    private void Pass(RungTrack rungTrack, CodecConfig configuration, in NutFrame frame)
    {
        lock (_lock)
        {
            var time = new MediaTime(frame.Present - RungOutput.Offset, MediaTime.VideoTimescale);
            if (time.Ticks < _next)
            {
                return;
            }

            rungTrack.Last = time.Ticks;
            _next = time.Ticks + _options.FrameInterval;
            _outage.End();
            var sample = new MediaSample(rungTrack.TrackOf(configuration), time, time, frame.IsKey,
                AnnexBConverter.ToLengths(frame.Payload.Span), ArrivalOf(time));
            _sink(new RenditionSample(rungTrack.Rendition, sample));
            _filler.PushVideo(sample);
            FlushAudio();
        }
    }

    private void PassAudio(MediaSample sample)
    {
        lock (_lock)
        {
            _filler.FillHole(sample);
            _filler.PushAudio(sample);
            FlushAudio();
        }
    }

    private void FlushAudio()
    {
        foreach (var sample in _filler.Output)
        {
            _sink(new RenditionSample(_audioRendition, sample));
        }

        _filler.Output.Clear();
    }

    /// <summary>Arrival time of the source frame with the same timestamp.</summary>
    private DateTimeOffset ArrivalOf(MediaTime time)
    {
        var latest = Volatile.Read(ref _latest);
        return latest.Arrival - new MediaTime(Math.Max(0, latest.Present - time.Ticks), MediaTime.VideoTimescale).ToTimeSpan();
    }
}
