using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;

namespace Broadcast.Transcoder.Failover;

/// <summary>
/// One encoder of a session as seen by the switch: its health and, on standby, its samples from the last keyframe on. Owned by its
/// <see cref="SessionSwitch"/>; <see cref="Status"/> is thread-safe.
/// </summary>
internal sealed class SwitchInput
{
    /// <summary>Maximum samples buffered on standby.</summary>
    private const int MaxBuffered = 2048;

    private static readonly TimeSpan MeterWindow = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly FailoverOptions _options;
    private readonly DateTimeOffset _since;
    private readonly List<Track> _tracks;
    private readonly List<MediaSample> _buffer = [];
    private TrackKind _leadKind;
    private long _bufferedBytes;
    private long _lastLeadingSample;
    private long _lastSample;
    private long _stableSince;
    private int _keyframes;
    private long _meterSince;
    private long _meterBytes;
    private long _bitsPerSecond = -1;

    /// <param name="publication">The input's publication.</param>
    /// <param name="options">The failover options.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isSlate">Whether it is the slate.</param>
    public SwitchInput(Publication publication, FailoverOptions options, TimeProvider time, bool isSlate)
    {
        IsSlate = isSlate;
        (Publication, _options, _time, _tracks) = (publication, options, time, [.. publication.Tracks]);
        (_since, _lastLeadingSample) = (time.GetUtcNow(), time.GetTimestamp());
        (_meterSince, _lastSample) = (_lastLeadingSample, _lastLeadingSample);
        _leadKind = _tracks.Exists(t => t.Kind == TrackKind.Video) ? TrackKind.Video : TrackKind.Audio;
    }

    /// <summary>The input's publication.</summary>
    public Publication Publication { get; }

    public InputRole Role => Publication.Grant.Role;

    /// <summary>Indicates whether it is the slate rather than an encoder.</summary>
    public bool IsSlate { get; }

    /// <summary>Time since the last sample of any kind.</summary>
    public TimeSpan SilenceDurationAt(long now) => _time.GetElapsedTime(Volatile.Read(ref _lastSample), now);

    /// <summary>Its current tracks.</summary>
    public IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>The media type that decides input loss and switch points: video, or audio without video.</summary>
    public TrackKind LeadKind => _leadKind;

    /// <summary>Indicates whether the input has ended or was replaced; nothing more of it is forwarded.</summary>
    public bool IsEnded { get; set; }

    /// <summary>Newest output with media of the input; <see langword="null"/> before.</summary>
    public SwitchedOutput? Output { get; set; }

    /// <summary>Samples from its last keyframe on; empty without a keyframe or if they exceed the limit.</summary>
    public IReadOnlyList<MediaSample> Buffered => _buffer;

    /// <summary>Condition of the input at a time.</summary>
    public InputCondition ConditionAt(long now)
    {
        var keyframes = Volatile.Read(ref _keyframes);
        return new(
            Role,
            !IsEnded,
            _time.GetElapsedTime(Volatile.Read(ref _lastLeadingSample), now),
            keyframes == 0 ? TimeSpan.FromTicks(-1) : _time.GetElapsedTime(Volatile.Read(ref _stableSince), now),
            keyframes);
    }

    /// <summary>Records a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="now">Current timestamp of the clock.</param>
    public void Record(in MediaSample sample, long now)
    {
        Measure(sample.Payload.Length, now);
        Volatile.Write(ref _lastSample, now);
        UpdateTrack(sample.Track);
        if (sample.Track.Kind != _leadKind)
        {
            return;
        }

        if (_keyframes > 0 && _time.GetElapsedTime(_lastLeadingSample, now) >= _options.InputLossThreshold)
        {
            Volatile.Write(ref _keyframes, 0);
        }

        if (sample.IsSync)
        {
            if (_keyframes == 0)
            {
                Volatile.Write(ref _stableSince, now);
            }

            Volatile.Write(ref _keyframes, _keyframes + 1);
        }

        Volatile.Write(ref _lastLeadingSample, now);
    }

    /// <summary>Buffers a sample of a standby input, from its last keyframe on.</summary>
    /// <returns>Whether the sample is such a keyframe.</returns>
    public bool TryBuffer(in MediaSample sample)
    {
        var isKeyframe = sample.IsSync && sample.Track.Kind == _leadKind;
        if (isKeyframe)
        {
            ClearBuffer();
        }
        else if (_buffer.Count == 0)
        {
            return false;
        }

        if (_buffer.Count >= MaxBuffered || _bufferedBytes + sample.Payload.Length > _options.GopBufferBytes)
        {
            ClearBuffer();
            if (!isKeyframe)
            {
                return false;
            }
        }

        // A keyframe of any size is buffered: it is already in memory, and the switch may need it.
        _buffer.Add(sample);
        _bufferedBytes += sample.Payload.Length;
        return isKeyframe;
    }

    /// <summary>Clears the buffer.</summary>
    public void ClearBuffer()
    {
        _buffer.Clear();
        _bufferedBytes = 0;
    }

    /// <summary>Status for display.</summary>
    /// <param name="onAir">Whether viewers get it.</param>
    public InputStatus Status(bool onAir)
    {
        var condition = ConditionAt(_time.GetTimestamp());
        var bits = Volatile.Read(ref _bitsPerSecond);
        var state = condition switch
        {
            { Keyframes: 0 } when condition.Silence < _options.InputLossThreshold => InputState.Waiting,
            _ when condition.Silence >= _options.InputLossThreshold => InputState.Silent,
            { Role: InputRole.Primary } when !onAir && condition.StableFor < _options.RecoveryTime => InputState.Recovering,
            _ => InputState.Good,
        };
        return new(Role, state, onAir, _since, state == InputState.Silent ? 0 : bits < 0 ? null : bits);
    }

    private void UpdateTrack(Track track)
    {
        for (var i = 0; i < _tracks.Count; i++)
        {
            if (ReferenceEquals(_tracks[i], track))
            {
                return;
            }

            if (_tracks[i].Id == track.Id)
            {
                _tracks[i] = track;
                return;
            }
        }

        if (_tracks.Count < RenditionPlan.MaxRenditions)
        {
            _tracks.Add(track);
            _leadKind = track.Kind == TrackKind.Video ? TrackKind.Video : _leadKind;
        }
    }

    private void Measure(int bytes, long now)
    {
        _meterBytes += bytes;
        var elapsed = _time.GetElapsedTime(_meterSince, now);
        if (elapsed >= MeterWindow)
        {
            Volatile.Write(ref _bitsPerSecond, (long)(_meterBytes * 8 / elapsed.TotalSeconds));
            (_meterSince, _meterBytes) = (now, 0);
        }
    }
}
