using Broadcast.Media;

namespace Broadcast.Transcoder.Ladder;

/// <summary>
/// The source's bitrate, as an upper bound for rungs: the declared value, or a higher measured one. It only rises. A source without a
/// declared bitrate sets no bound: video that is still at first has few bits, and later motion would get too few.
/// </summary>
/// <param name="declared">Declared bits per second; 0 if none.</param>
internal sealed class SourceBitrate(int declared)
{
    /// <summary>Measurement window: several GOPs, because keyframes are large.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>Measured bitrates above this multiple of the known one replace it; encoders keep their rate only roughly.</summary>
    private const double ChangeThreshold = 1.25;

    private const double MinBitrateRatio = 1.15;

    private long _windowStart = long.MinValue;
    private long _bytes;

    /// <summary>Maximum bits per second of a rung; 0 for no bound.</summary>
    public int Maximum { get; private set; } = declared;

    /// <summary>Counts the source's next frame.</summary>
    /// <returns>Whether <see cref="Maximum"/> changed.</returns>
    public bool Count(in MediaSample sample)
    {
        if (Maximum == 0)
        {
            return false;
        }

        var now = sample.Decode.ToTimeSpan().Ticks;
        if (_windowStart == long.MinValue || now < _windowStart)
        {
            (_windowStart, _bytes) = (now, 0);
        }

        if (now - _windowStart < Window.Ticks)
        {
            _bytes += sample.Payload.Length;
            return false;
        }

        var measured = _bytes * 8 / TimeSpan.FromTicks(now - _windowStart).TotalSeconds;
        (_windowStart, _bytes) = (now, sample.Payload.Length);
        if (measured <= Maximum * ChangeThreshold)
        {
            return false;
        }

        Maximum = (int)Math.Min(measured, int.MaxValue);
        return true;
    }

    /// <summary>
    /// Limits the rungs to the source's bitrate. A limited rung with less than 15 % more bits than the next smaller one is omitted: it
    /// would cost CPU time without better quality.
    /// </summary>
    /// <param name="rungs">The planned rungs, largest first.</param>
    /// <param name="maximum">The source's bits per second; 0 if unknown.</param>
    public static IReadOnlyList<Rung> Bound(IReadOnlyList<Rung> rungs, int maximum)
    {
        if (maximum == 0)
        {
            return rungs;
        }

        var limited = new List<Rung>(rungs.Count);
        for (var i = rungs.Count - 1; i >= 0; i--)
        {
            var isLimited = rungs[i].BitsPerSecond > maximum;
            var rung = isLimited ? rungs[i] with { BitsPerSecond = maximum } : rungs[i];
            if (!isLimited || limited.Count == 0 || rung.BitsPerSecond >= limited[0].BitsPerSecond * MinBitrateRatio)
            {
                limited.Insert(0, rung);
            }
        }

        return limited;
    }
}
