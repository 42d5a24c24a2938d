using Broadcast.Media;

namespace Broadcast.Transcoder.Failover;

/// <summary>One delivered track: accepts samples of the input track currently assigned to it, appends them, and knows its end.</summary>
/// <param name="track">The initial track.</param>
internal sealed class SwitchedTrack(Track track)
{
    private Track _track = track;
    private Track? _input;
    private int _inputId = track.Id;
    private long _shift;
    private MediaTime _shiftBy;
    private bool _waitsForSync;
    private long _lastDecode = long.MinValue;
    private long _sampleInterval;
    private long _lastPresent = long.MinValue;

    public TrackKind Kind => _track.Kind;

    /// <summary>Returns whether an input's track can continue it without a discontinuity.</summary>
    public bool Fits(Track track) => track with { Id = _track.Id, DeclaredBitsPerSecond = _track.DeclaredBitsPerSecond } == _track;

    /// <summary>Returns whether the input's track is assigned to it.</summary>
    public bool IsAssigned(Track track) => _inputId == track.Id;

    /// <summary>Assigns an input's track.</summary>
    public void Assign(Track track, MediaTime shift) => (_inputId, _input, _shiftBy, _waitsForSync) = (track.Id, null, shift, true);

    /// <summary>Its end; <see langword="null"/> before the first sample.</summary>
    public SwitchedEnd? End => _lastDecode == long.MinValue
        ? null
        : new SwitchedEnd(new MediaTime(_lastDecode + _sampleInterval, _track.Timescale),
            new MediaTime(_lastPresent + _sampleInterval, _track.Timescale));

    /// <summary>The current track.</summary>
    public Track Track => _track;

    /// <summary>Ticks between the two newest samples; 0 with a single sample.</summary>
    public long SampleInterval => _sampleInterval;

    /// <summary>Converts an input's sample.</summary>
    /// <returns>
    /// <see langword="false"/> if it would start before the end of the previous input's samples, or cannot be decoded after them.
    /// </returns>
    public bool TryAppend(ref MediaSample sample)
    {
        if (!ReferenceEquals(sample.Track, _input))
        {
            SwitchTo(sample.Track);
        }

        if (_waitsForSync)
        {
            if (!sample.IsSync || (_lastDecode != long.MinValue && sample.Decode.Ticks + _shift < _lastDecode + _sampleInterval))
            {
                return false;
            }

            _waitsForSync = false;
        }

        if (_shift != 0 || !ReferenceEquals(sample.Track, _track))
        {
            sample = sample with
            {
                Track = _track, Decode = sample.Decode with { Ticks = sample.Decode.Ticks + _shift },
                Present = sample.Present with { Ticks = sample.Present.Ticks + _shift },
            };
        }

        var (decode, present) = (sample.Decode.Ticks, sample.Present.Ticks);
        if (_lastDecode != long.MinValue && decode - _lastDecode is var interval && interval > 0 && interval <= _track.Timescale)
        {
            _sampleInterval = interval;
        }

        _lastDecode = decode;
        _lastPresent = Math.Max(_lastPresent, present);
        return true;
    }

    /// <summary>Switches to a new input track or a new configuration.</summary>
    private void SwitchTo(Track track)
    {
        var timescale = _track.Timescale;
        _input = track;
        if (!Fits(track))
        {
            _track = track.Id == _track.Id ? track : track with { Id = _track.Id };
        }

        _shift = _shiftBy.Timescale == 0 ? 0 : _shiftBy.Rescale(track.Timescale).Ticks;
        if (timescale != track.Timescale && _lastDecode != long.MinValue)
        {
            _lastDecode = new MediaTime(_lastDecode, timescale).Rescale(track.Timescale).Ticks + 1;
            _lastPresent = new MediaTime(_lastPresent, timescale).Rescale(track.Timescale).Ticks + 1;
            _sampleInterval = new MediaTime(_sampleInterval, timescale).Rescale(track.Timescale).Ticks + 1;
        }
    }
}
