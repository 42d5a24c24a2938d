using Broadcast.Media;

namespace Broadcast.Transcoder.Switching;

/// <summary>
/// One encoder of a session, as the switch sees it: how good it is, and, while it stands by, its samples from its last keyframe on. Owned by its <see cref="SwitchLine"/>;
/// <see cref="Status"/> may be asked by any thread.
/// </summary>
internal sealed class SwitchInput
{
    /// <summary>Most samples kept while it stands by.</summary>
    private const int MostKept = 2048;

    private static readonly TimeSpan MeterWindow = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly SwitchOptions _options;
    private readonly DateTimeOffset _since;
    private readonly List<Track> _tracks;
    private readonly List<MediaSample> _kept = [];
    private TrackKind _lead;
    private long _keptBytes;
    private long _heard;
    private long _heardAny;
    private long _goodSince;
    private int _keyframes;
    private long _meterSince;
    private long _meterBytes;
    private long _bitsPerSecond = -1;

    /// <param name="publication">What it delivers.</param>
    /// <param name="options">When it counts as silent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="isSlate">Whether it is the slate.</param>
    public SwitchInput(Publication publication, SwitchOptions options, TimeProvider time, bool isSlate)
    {
        IsSlate = isSlate;
        (Publication, _options, _time, _tracks) = (publication, options, time, [.. publication.Tracks]);
        (_since, _heard) = (time.GetUtcNow(), time.GetTimestamp());
        (_meterSince, _heardAny) = (_heard, _heard);
        _lead = _tracks.Exists(t => t.Kind == TrackKind.Video) ? TrackKind.Video : TrackKind.Audio;
    }

    /// <summary>What it delivers.</summary>
    public Publication Publication { get; }

    public InputRole Role => Publication.Grant.Role;

    /// <summary>Whether it is no encoder's, but stands in for one that is gone.</summary>
    public bool IsSlate { get; }

    /// <summary>How long nothing at all has come.</summary>
    public TimeSpan SilenceAt(long now) => _time.GetElapsedTime(Volatile.Read(ref _heardAny), now);

    /// <summary>Its tracks as they are now.</summary>
    public IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>What decides whether it is silent, and where a switch may begin: its pictures, or its sound where it has none.</summary>
    public TrackKind Lead => _lead;

    /// <summary>Whether it is over, or another has its place: nothing more of it is passed on.</summary>
    public bool IsOver { get; set; }

    /// <summary>Samples from its last keyframe on, which is the first; empty when there is none, or it was too much.</summary>
    public IReadOnlyList<MediaSample> Kept => _kept;

    /// <summary>How it is now.</summary>
    public InputCondition ConditionAt(long now)
    {
        var keyframes = Volatile.Read(ref _keyframes);
        return new(
            Role,
            !IsOver,
            _time.GetElapsedTime(Volatile.Read(ref _heard), now),
            keyframes == 0 ? TimeSpan.FromTicks(-1) : _time.GetElapsedTime(Volatile.Read(ref _goodSince), now),
            keyframes);
    }

    /// <summary>A sample has come.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="now">A timestamp.</param>
    public void Hear(in MediaSample sample, long now)
    {
        Meter(sample.Payload.Length, now);
        Volatile.Write(ref _heardAny, now);
        Know(sample.Track);
        if (sample.Track.Kind != _lead)
        {
            return;
        }

        if (_keyframes > 0 && _time.GetElapsedTime(_heard, now) >= _options.Silence)
        {
            Volatile.Write(ref _keyframes, 0);
        }

        if (sample.IsSync)
        {
            if (_keyframes == 0)
            {
                Volatile.Write(ref _goodSince, now);
            }

            Volatile.Write(ref _keyframes, _keyframes + 1);
        }

        Volatile.Write(ref _heard, now);
    }

    /// <summary>Keeps a sample of an input that stands by, from its last keyframe on.</summary>
    /// <returns>Whether the sample is such a keyframe.</returns>
    public bool Keep(in MediaSample sample)
    {
        var isKeyframe = sample.IsSync && sample.Track.Kind == _lead;
        if (isKeyframe)
        {
            DropKept();
        }
        else if (_kept.Count == 0)
        {
            return false;
        }

        if (_kept.Count >= MostKept || _keptBytes + sample.Payload.Length > _options.StandbyBytes)
        {
            DropKept();
            if (!isKeyframe)
            {
                return false;
            }
        }

        // A keyframe is kept however large it is: it is here already, and the switch may happen with it.
        _kept.Add(sample);
        _keptBytes += sample.Payload.Length;
        return isKeyframe;
    }

    /// <summary>Nothing is kept any more.</summary>
    public void DropKept()
    {
        _kept.Clear();
        _keptBytes = 0;
    }

    /// <summary>How it is, for people.</summary>
    /// <param name="onAir">Whether viewers get it.</param>
    public InputStatus Status(bool onAir)
    {
        var condition = ConditionAt(_time.GetTimestamp());
        var bits = Volatile.Read(ref _bitsPerSecond);
        var state = condition switch
        {
            { Keyframes: 0 } when condition.Silence < _options.Silence => InputState.Waiting,
            _ when condition.Silence >= _options.Silence => InputState.Silent,
            { Role: InputRole.Primary } when !onAir && condition.Good < _options.Recovery => InputState.Recovering,
            _ => InputState.Good,
        };
        return new(Role, state, onAir, _since, state == InputState.Silent ? 0 : bits < 0 ? null : bits);
    }

    private void Know(Track track)
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
            _lead = track.Kind == TrackKind.Video ? TrackKind.Video : _lead;
        }
    }

    private void Meter(int bytes, long now)
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
