using Broadcast.Media;

namespace Broadcast.Transcoder.Ladder;

/// <summary>
/// How many bits a second a source has, as far as rungs are bound by it: what its encoder says, or more where more is measured. It only rises. A source that says nothing binds nothing: a picture that
/// stands still at first has few bits, and what moves later would have too few for ever.
/// </summary>
/// <param name="claimed">What the encoder says, bits a second; 0 when it does not.</param>
internal sealed class SourceBits(int claimed)
{
    /// <summary>Over how long it is measured: several groups of pictures, for keyframes are large.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>Measured bits beyond this share of the known ones are news: encoders keep their rate only roughly.</summary>
    private const double News = 1.25;

    private const double LeastMore = 1.15;

    private long _begin = long.MinValue;
    private long _bytes;

    /// <summary>Bits a second that no rung may have more of; 0 for no bound.</summary>
    public int Most { get; private set; } = claimed;

    /// <summary>Counts the source's next picture.</summary>
    /// <returns>Whether <see cref="Most"/> is another than before.</returns>
    public bool Count(in MediaSample sample)
    {
        if (Most == 0)
        {
            return false;
        }

        var now = sample.Decode.ToTimeSpan().Ticks;
        if (_begin == long.MinValue || now < _begin)
        {
            (_begin, _bytes) = (now, 0);
        }

        if (now - _begin < Window.Ticks)
        {
            _bytes += sample.Payload.Length;
            return false;
        }

        var measured = _bytes * 8 / TimeSpan.FromTicks(now - _begin).TotalSeconds;
        (_begin, _bytes) = (now, sample.Payload.Length);
        if (measured <= Most * News)
        {
            return false;
        }

        Most = (int)Math.Min(measured, int.MaxValue);
        return true;
    }

    /// <summary>The rungs with no more bits than the source has. One that was cut to almost those of the next smaller one, less than 15 % more, is left out: it would cost processor time and look no better.</summary>
    /// <param name="rungs">As they are wanted, the largest first.</param>
    /// <param name="most">Bits a second of the source; 0 when not known.</param>
    public static IReadOnlyList<Rung> Bound(IReadOnlyList<Rung> rungs, int most)
    {
        if (most == 0)
        {
            return rungs;
        }

        var bound = new List<Rung>(rungs.Count);
        for (var i = rungs.Count - 1; i >= 0; i--)
        {
            var isCut = rungs[i].BitsPerSecond > most;
            var rung = isCut ? rungs[i] with { BitsPerSecond = most } : rungs[i];
            if (!isCut || bound.Count == 0 || rung.BitsPerSecond >= bound[0].BitsPerSecond * LeastMore)
            {
                bound.Insert(0, rung);
            }
        }

        return bound;
    }
}
