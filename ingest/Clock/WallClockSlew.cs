namespace Broadcast.Ingest.Clock;

/// <summary>
/// Aligns the session's timeline with wall-clock time. An encoder's crystal is off by some hundred ppm, which amounts to minutes in a week.
/// Within <see cref="DeadBand"/> of arrival, nothing changes. Beyond it, the timeline slows down or speeds up by at most 1,000 ppm, which
/// viewers do not notice. Times thereby stay within half a second of arrival for every encoder that is off by less than that.
/// </summary>
internal sealed class WallClockSlew
{
    /// <summary>Measurement time of the lead: longer than most network stutters.</summary>
    public const long Window = 10L * Nanoseconds.PerSecond;

    /// <summary>Lead or lag that is not corrected.</summary>
    public const long DeadBand = 300 * Nanoseconds.PerMillisecond;

    /// <summary>Maximum rate change, in parts per million.</summary>
    public const int MaxPerMillion = 1000;

    private const long Million = 1_000_000;
    private const long MaxElapsed = Nanoseconds.PerSecond;

    /// <summary>Time in which an excess over the dead band is corrected, in seconds.</summary>
    private const long CorrectionSeconds = 120;

    private long _perMillion;
    private long _remainder;

    /// <summary>Offset of the timeline so far, in nanoseconds.</summary>
    public long Offset { get; private set; }

    /// <summary>Evaluates a window and sets the rate.</summary>
    /// <param name="lead">Maximum lead of the window's samples over their arrival, in nanoseconds; negative when all were late.</param>
    public void Adjust(long lead)
    {
        var excess = lead - Math.Clamp(lead, -DeadBand, DeadBand);
        _perMillion = Math.Clamp(-excess / CorrectionSeconds / (Nanoseconds.PerSecond / Million), -MaxPerMillion, MaxPerMillion);
    }

    /// <summary>Advances time.</summary>
    /// <param name="elapsed">Elapsed time in nanoseconds. At most one second counts, so that a pause causes no jump.</param>
    public void Advance(long elapsed)
    {
        var moved = (Math.Min(elapsed, MaxElapsed) * _perMillion) + _remainder;
        Offset += moved / Million;
        _remainder = moved % Million;
    }
}
