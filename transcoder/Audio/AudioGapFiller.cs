using Broadcast.Media;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// Keeps one audio rendition continuous while video continues. If the source has no audio, or its audio starts late or stops, the rendition
/// contains silence. Players then get both from the first segment on. Pure: takes the source's samples and fills <see cref="Output"/>; the
/// only clock is the samples' arrival time.
/// <para>
/// Silence before any audio is AAC-LC, 48 kHz, stereo. Equivalent audio continues it without a discontinuity. Other audio starts at the
/// next video sync sample: a new configuration requires a discontinuity, which splits all renditions there. Silence after audio uses the
/// audio's format.
/// </para>
/// </summary>
/// <param name="track">Number of the track that carries silence before any audio.</param>
/// <param name="isNeeded">Whether the rendition must exist; without audio it then starts with silence.</param>
/// <param name="isExpected">Whether audio is announced; it is then awaited for <see cref="Timeout"/>.</param>
internal sealed class AudioGapFiller(int track, bool isNeeded, bool isExpected)
{
    /// <summary>
    /// Maximum time without audio, by arrival and relative to the video, before silence replaces it. Encoders send in bursts, and audio
    /// that arrives after silence is dropped. A segment is awaited for the shortest target duration only, 3 s.
    /// </summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1.5);

    /// <summary>Video frames further apart than this have a hole between them. The packager allows no longer segment.</summary>
    private static readonly TimeSpan HoleThreshold = TimeSpan.FromSeconds(3);

    private Track? _outputTrack;
    private Track? _source;
    private Track? _next;
    private SilentFrame? _silentFrame;
    private MediaSample _lastSample;
    private long _end = long.MinValue;
    private bool _isSilent;
    private MediaTime? _start;
    private long _delay;
    private MediaTime _videoEnd;
    private DateTimeOffset _lastVideoArrival;
    private DateTimeOffset? _lastAudioArrival;

    /// <summary>Output samples in order; the caller clears the list.</summary>
    public List<MediaSample> Output { get; } = [];

    /// <summary>Indicates whether the rendition currently contains silence.</summary>
    public bool IsSilent => _isSilent;

    /// <summary>
    /// Audio frames dropped because silence was written at their time, or because they preceded the video frame that starts the new track.
    /// </summary>
    public long DroppedFrames { get; private set; }

    /// <summary>Accepts the next audio frame.</summary>
    public void PushAudio(in MediaSample sample)
    {
        _lastAudioArrival = sample.Arrival;
        if (!ReferenceEquals(sample.Track, _source))
        {
            SwitchTo(sample.Track);
        }

        if (_next is not null && sample.Arrival - _lastVideoArrival > Timeout)
        {
            // No video frame arrives at which the track could start.
            TakeNext(default);
        }

        if (_next is not null || (_isSilent && sample.Decode.Ticks < _end))
        {
            DroppedFrames++;
            return;
        }

        _isSilent = false;
        _lastSample = ReferenceEquals(sample.Track, _outputTrack) ? sample : sample with { Track = _outputTrack! };
        Output.Add(_lastSample);
    }

    /// <summary>
    /// Fills a hole before the next frame with whole frames of silence. Encoded audio has holes only while its encoder restarts.
    /// </summary>
    public void FillHole(in MediaSample next)
    {
        if (!_isSilent && _outputTrack is not null && _lastSample.Track is not null && _silentFrame is { Length: > 0 } silence
            && End() is { } end && next.Decode > end && (next.Decode - end).ToTimeSpan() <= HoleThreshold)
        {
            Fill(new MediaTime(next.Decode.Rescale(_outputTrack.Timescale).Ticks - silence.Length + 1, _outputTrack.Timescale),
                next.Arrival);
        }
    }

    /// <summary>Accepts the next frame of the leading video rendition, which is passed on before the resulting audio.</summary>
    public void PushVideo(in MediaSample frame)
    {
        var at = new MediaTime(frame.Decode.Ticks + _delay, frame.Track.Timescale);
        if (_start is null)
        {
            if (!frame.IsSync)
            {
                return;
            }

            // Segments start at the presentation time of their first frame.
            (_start, _delay, at) = (frame.Present, frame.Present.Ticks - frame.Decode.Ticks, frame.Present);
            _lastAudioArrival ??= isExpected ? frame.Arrival : DateTimeOffset.MinValue;
        }
        else if ((at - _videoEnd).ToTimeSpan() > HoleThreshold)
        {
            // The video has a hole too. Audio after it gets the full timeout again.
            Skip(at, frame.Arrival);
        }

        (_videoEnd, _lastVideoArrival) = (at, frame.Arrival);
        if (_next is not null && frame.IsSync)
        {
            Fill(at, frame.Arrival);
            TakeNext(at);
            return;
        }

        if (_next is not null || (frame.Arrival - _lastAudioArrival > Timeout && (_isSilent || IsMissed(at))))
        {
            Fill(at, frame.Arrival);
        }
    }

    /// <summary>Switches to a new audio track or configuration.</summary>
    private void SwitchTo(Track track)
    {
        _source = track;
        _next = null;
        if (_outputTrack is not null && _outputTrack.Timescale == track.Timescale && _outputTrack.Language == track.Language
            && SilentAac.AreEquivalent(_outputTrack.Config, track.Config))
        {
            return;
        }

        if (_isSilent)
        {
            _next = track;
        }
        else
        {
            Start(track);
        }
    }

    private void TakeNext(MediaTime at)
    {
        var next = _next!;
        _next = null;
        Start(next);
        if (at.Timescale > 0)
        {
            // Audio before this frame is dropped; if none follows, silence does.
            (_isSilent, _end) = (true, RescaleUp(at, next.Timescale));
        }
    }

    private void Start(Track track) => (_outputTrack, _silentFrame, _end, _lastSample, _isSilent) =
        (track, SilentFrame.ForTrack(track), long.MinValue, default, false);

    private bool IsMissed(MediaTime at) => _outputTrack is null ? isNeeded : End() is { } end && (at - end).ToTimeSpan() > Timeout;

    /// <summary>Writes silence from the end of the rendition up to a video frame.</summary>
    private void Fill(MediaTime upTo, DateTimeOffset arrival)
    {
        if (_outputTrack is null)
        {
            Start(new Track(track, SilentAac.Of().Config, SilentAac.DefaultSampleRate));
            _end = RescaleUp(_start!.Value, SilentAac.DefaultSampleRate);
        }

        if (_silentFrame is not { Length: > 0 } silence || End() is not { } end)
        {
            return;
        }

        (_isSilent, _end) = (true, end.Ticks);
        var limit = RescaleUp(upTo, _outputTrack!.Timescale);
        for (; _end < limit; _end += silence.Length)
        {
            var time = new MediaTime(_end, _outputTrack.Timescale);
            Output.Add(new MediaSample(_outputTrack, time, time, true, silence.Payload, arrival));
        }
    }

    private void Skip(MediaTime to, DateTimeOffset arrival)
    {
        _lastAudioArrival = arrival;
        if (_outputTrack is null)
        {
            _start = to;
        }
        else if (_isSilent)
        {
            _end = Math.Max(_end, RescaleUp(to, _outputTrack.Timescale));
        }
        else
        {
            (_end, _lastSample) = (RescaleUp(to, _outputTrack.Timescale), default);
        }
    }

    /// <summary>End of the rendition; <see langword="null"/> if unknown.</summary>
    private MediaTime? End()
    {
        if (!_isSilent && _lastSample.Track is { } track)
        {
            var length = track.Config.TryInspect(_lastSample.Payload.Span, out var info)
                && track.Config.AudioFormat is { } audio ? (long)info.Samples * track.Timescale / audio.SampleRate : 0;
            return _lastSample.Decode with { Ticks = _lastSample.Decode.Ticks + length };
        }

        return _end == long.MinValue ? null : new MediaTime(_end, _outputTrack!.Timescale);
    }

    /// <summary>Rescales a time to another timescale, rounding up.</summary>
    private static long RescaleUp(MediaTime time, int clock)
    {
        var ticks = time.Rescale(clock);
        return ticks < time ? ticks.Ticks + 1 : ticks.Ticks;
    }
}
