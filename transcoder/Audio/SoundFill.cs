using Broadcast.Media;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// Keeps one rendition of sound without holes while pictures go on: a source without sound, or whose sound comes late or stops, has silence there, so that players have both from the first segment on.
/// Pure: the source's samples in, the rendition's out (<see cref="Output"/>), and no clock but their arrival.
/// <para>
/// Silence that comes before any sound is AAC-LC, 48 kHz, stereo. Sound of the same kind goes on in it without a seam. Other sound begins with the next picture that decoding can begin with, because players
/// are told of another configuration by a discontinuity, where all renditions are cut. Silence behind sound is coded as that was.
/// </para>
/// </summary>
/// <param name="track">Number of the track that silence before any sound is on.</param>
/// <param name="isNeeded">Whether the rendition has to exist: then silence begins it when no sound does.</param>
/// <param name="isExpected">Whether sound is announced: then it is waited for, for <see cref="Patience"/>.</param>
internal sealed class SoundFill(int track, bool isNeeded, bool isExpected)
{
    /// <summary>
    /// How long sound may fail to come, by arrival and by its pictures, before there is silence in its place. Encoders send in bursts, and what comes behind silence is lost; but a segment is waited for
    /// only as long as the shortest target duration, 3 s.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    /// <summary>Pictures further apart than this have a hole between them: as in the packager, where no segment may be longer.</summary>
    private static readonly TimeSpan Hole = TimeSpan.FromSeconds(3);

    private Track? _air;
    private Track? _source;
    private Track? _next;
    private SilentFrame? _silence;
    private MediaSample _last;
    private long _end = long.MinValue;
    private bool _isSilent;
    private MediaTime? _begin;
    private long _delay;
    private MediaTime _front;
    private DateTimeOffset _seen;
    private DateTimeOffset? _heard;

    /// <summary>Samples of the rendition, in order; whoever takes them clears the list.</summary>
    public List<MediaSample> Output { get; } = [];

    /// <summary>Whether there is silence in place of sound now.</summary>
    public bool IsSilent => _isSilent;

    /// <summary>Frames of sound left out, because there was silence at their time already, or because they waited for a picture to begin with.</summary>
    public long Lost { get; private set; }

    /// <summary>The next frame of sound.</summary>
    public void Hear(in MediaSample sample)
    {
        _heard = sample.Arrival;
        if (!ReferenceEquals(sample.Track, _source))
        {
            Follow(sample.Track);
        }

        if (_next is not null && sample.Arrival - _seen > Patience)
        {
            // No picture comes that it could begin with.
            TakeNext(default);
        }

        if (_next is not null || (_isSilent && sample.Decode.Ticks < _end))
        {
            Lost++;
            return;
        }

        _isSilent = false;
        _last = ReferenceEquals(sample.Track, _air) ? sample : sample with { Track = _air! };
        Output.Add(_last);
    }

    /// <summary>Puts silence into a hole between what there is and the next frame, where whole frames of it fit: encoded sound has holes only where an encoder was missing.</summary>
    public void Bridge(in MediaSample next)
    {
        if (!_isSilent && _air is not null && _last.Track is not null && _silence is { Length: > 0 } silence && End() is { } end && next.Decode > end && (next.Decode - end).ToTimeSpan() <= Hole)
        {
            Fill(new MediaTime(next.Decode.Rescale(_air.Timescale).Ticks - silence.Length + 1, _air.Timescale), next.Arrival);
        }
    }

    /// <summary>The next picture of the rendition that leads, which is passed on before what this makes of it.</summary>
    public void See(in MediaSample picture)
    {
        var at = new MediaTime(picture.Decode.Ticks + _delay, picture.Track.Timescale);
        if (_begin is null)
        {
            if (!picture.IsSync)
            {
                return;
            }

            // Segments begin where their first picture is shown.
            (_begin, _delay, at) = (picture.Present, picture.Present.Ticks - picture.Decode.Ticks, picture.Present);
            _heard ??= isExpected ? picture.Arrival : DateTimeOffset.MinValue;
        }
        else if ((at - _front).ToTimeSpan() > Hole)
        {
            // Pictures have a hole there themselves. Sound that comes behind it has its time to do so.
            Skip(at, picture.Arrival);
        }

        (_front, _seen) = (at, picture.Arrival);
        if (_next is not null && picture.IsSync)
        {
            Fill(at, picture.Arrival);
            TakeNext(at);
            return;
        }

        if (_next is not null || (picture.Arrival - _heard > Patience && (_isSilent || IsMissed(at))))
        {
            Fill(at, picture.Arrival);
        }
    }

    /// <summary>Sound is configured anew, or comes for the first time.</summary>
    private void Follow(Track track)
    {
        _source = track;
        _next = null;
        if (_air is not null && _air.Timescale == track.Timescale && _air.Language == track.Language && SilentAac.AreAlike(_air.Config, track.Config))
        {
            return;
        }

        if (_isSilent)
        {
            _next = track;
        }
        else
        {
            Take(track);
        }
    }

    private void TakeNext(MediaTime at)
    {
        var next = _next!;
        _next = null;
        Take(next);
        if (at.Timescale > 0)
        {
            // What comes before this picture is not wanted; where nothing comes behind it, silence does.
            (_isSilent, _end) = (true, Up(at, next.Timescale));
        }
    }

    private void Take(Track track) => (_air, _silence, _end, _last, _isSilent) = (track, SilentFrame.In(track), long.MinValue, default, false);

    private bool IsMissed(MediaTime at) => _air is null ? isNeeded : End() is { } end && (at - end).ToTimeSpan() > Patience;

    /// <summary>Silence from where the rendition ends up to a picture.</summary>
    private void Fill(MediaTime upTo, DateTimeOffset arrival)
    {
        if (_air is null)
        {
            Take(new Track(track, SilentAac.Of().Config, SilentAac.UsualSampleRate));
            _end = Up(_begin!.Value, SilentAac.UsualSampleRate);
        }

        if (_silence is not { Length: > 0 } silence || End() is not { } end)
        {
            return;
        }

        (_isSilent, _end) = (true, end.Ticks);
        var limit = Up(upTo, _air!.Timescale);
        for (; _end < limit; _end += silence.Length)
        {
            var time = new MediaTime(_end, _air.Timescale);
            Output.Add(new MediaSample(_air, time, time, true, silence.Payload, arrival));
        }
    }

    private void Skip(MediaTime to, DateTimeOffset arrival)
    {
        _heard = arrival;
        if (_air is null)
        {
            _begin = to;
        }
        else if (_isSilent)
        {
            _end = Math.Max(_end, Up(to, _air.Timescale));
        }
        else
        {
            (_end, _last) = (Up(to, _air.Timescale), default);
        }
    }

    /// <summary>Where the rendition ends; <see langword="null"/> when that is not known.</summary>
    private MediaTime? End()
    {
        if (!_isSilent && _last.Track is { } track)
        {
            var length = track.Config.TryInspect(_last.Payload.Span, out var frame) && track.Config.Sound is { } sound ? (long)frame.Samples * track.Timescale / sound.SampleRate : 0;
            return _last.Decode with { Ticks = _last.Decode.Ticks + length };
        }

        return _end == long.MinValue ? null : new MediaTime(_end, _air!.Timescale);
    }

    /// <summary>An instant on another clock, rounded up: nothing begins before it.</summary>
    private static long Up(MediaTime time, int clock)
    {
        var ticks = time.Rescale(clock);
        return ticks < time ? ticks.Ticks + 1 : ticks.Ticks;
    }
}
