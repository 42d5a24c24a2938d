using Broadcast.Media;

namespace Broadcast.Transcoder.Switching;

/// <summary>One track of what is on air: takes samples of the input's track that stands for it now, puts them behind each other, and knows where it ends.</summary>
/// <param name="track">The track as it begins.</param>
internal sealed class AirTrack(Track track)
{
    private Track _air = track;
    private Track? _input;
    private int _inputId = track.Id;
    private long _shift;
    private MediaTime _shiftBy;
    private bool _settling;
    private long _lastDecode = long.MinValue;
    private long _step;
    private long _lastPresent = long.MinValue;

    public TrackKind Kind => _air.Kind;

    /// <summary>Whether an input's track could go on in it without players being told.</summary>
    public bool Fits(Track track) => track with { Id = _air.Id, ClaimedBitsPerSecond = _air.ClaimedBitsPerSecond } == _air;

    /// <summary>Whether it takes an input's track.</summary>
    public bool Takes(Track track) => _inputId == track.Id;

    /// <summary>An input's track stands for it from now on.</summary>
    public void Join(Track track, MediaTime shift) => (_inputId, _input, _shiftBy, _settling) = (track.Id, null, shift, true);

    /// <summary>Where it ends; <see langword="null"/> before its first sample.</summary>
    public AirEnd? End => _lastDecode == long.MinValue
        ? null
        : new AirEnd(new MediaTime(_lastDecode + _step, _air.Timescale), new MediaTime(_lastPresent + _step, _air.Timescale));

    /// <summary>The track as it is now.</summary>
    public Track Track => _air;

    /// <summary>Ticks from its newest sample but one to its newest; 0 when there was only one.</summary>
    public long Step => _step;

    /// <summary>Makes an input's sample one of it.</summary>
    /// <returns><see langword="false"/> when it would begin before the end of what the other input has sent, or cannot be decoded behind it.</returns>
    public bool TryTake(ref MediaSample sample)
    {
        if (!ReferenceEquals(sample.Track, _input))
        {
            Follow(sample.Track);
        }

        if (_settling)
        {
            if (!sample.IsSync || (_lastDecode != long.MinValue && sample.Decode.Ticks + _shift < _lastDecode + _step))
            {
                return false;
            }

            _settling = false;
        }

        if (_shift != 0 || !ReferenceEquals(sample.Track, _air))
        {
            sample = sample with
            {
                Track = _air, Decode = sample.Decode with { Ticks = sample.Decode.Ticks + _shift }, Present = sample.Present with { Ticks = sample.Present.Ticks + _shift },
            };
        }

        var (decode, present) = (sample.Decode.Ticks, sample.Present.Ticks);
        if (_lastDecode != long.MinValue && decode - _lastDecode is var step && step > 0 && step <= _air.Timescale)
        {
            _step = step;
        }

        _lastDecode = decode;
        _lastPresent = Math.Max(_lastPresent, present);
        return true;
    }

    /// <summary>The input's track is another than before: has begun to stand for this one, or is configured anew.</summary>
    private void Follow(Track track)
    {
        var clock = _air.Timescale;
        _input = track;
        if (!Fits(track))
        {
            _air = track.Id == _air.Id ? track : track with { Id = _air.Id };
        }

        _shift = _shiftBy.Timescale == 0 ? 0 : _shiftBy.Rescale(track.Timescale).Ticks;
        if (clock != track.Timescale && _lastDecode != long.MinValue)
        {
            _lastDecode = new MediaTime(_lastDecode, clock).Rescale(track.Timescale).Ticks + 1;
            _lastPresent = new MediaTime(_lastPresent, clock).Rescale(track.Timescale).Ticks + 1;
            _step = new MediaTime(_step, clock).Rescale(track.Timescale).Ticks + 1;
        }
    }
}
