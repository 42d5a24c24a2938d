namespace Broadcast.Ingest.Clock;

/// <summary>
/// Keeps the session's timeline by the clock on the wall: an encoder's crystal is wrong by some hundred parts in a million, which in a week is minutes. Within
/// <see cref="DeadBand"/> of arrival nothing is done; beyond it the timeline goes slower or faster by up to one part in a thousand, which nobody sees or hears.
/// So times stay within half a second of arrival for every encoder that is wrong by less than that.
/// </summary>
internal sealed class WallClockSlew
{
    /// <summary>How long the lead is watched before it is judged: longer than most lines stutter.</summary>
    public const long Window = 10L * Nanoseconds.PerSecond;

    /// <summary>Lead or lag that is left alone.</summary>
    public const long DeadBand = 300 * Nanoseconds.PerMillisecond;

    /// <summary>Most that the pace is changed, parts in a million.</summary>
    public const int MostPerMillion = 1000;

    private const long Millionth = 1_000_000;
    private const long LongestPass = Nanoseconds.PerSecond;

    /// <summary>What is over the dead band is worked off in about this time.</summary>
    private const long Relaxation = 120;

    private long _perMillion;
    private long _rest;

    /// <summary>By how much the timeline has been moved so far, nanoseconds.</summary>
    public long Offset { get; private set; }

    /// <summary>The lead last judged, nanoseconds.</summary>
    public long Lead { get; private set; }

    /// <summary>Judges a window.</summary>
    /// <param name="lead">How far its best sample came ahead of its time, nanoseconds; negative when all came late.</param>
    public void Steer(long lead)
    {
        Lead = lead;
        var excess = lead - Math.Clamp(lead, -DeadBand, DeadBand);
        _perMillion = Math.Clamp(-excess / Relaxation / (Nanoseconds.PerSecond / Millionth), -MostPerMillion, MostPerMillion);
    }

    /// <summary>Time goes on.</summary>
    /// <param name="elapsed">By how much, nanoseconds. A pause counts as a second: nothing moves at once.</param>
    public void Pass(long elapsed)
    {
        var moved = (Math.Min(elapsed, LongestPass) * _perMillion) + _rest;
        Offset += moved / Millionth;
        _rest = moved % Millionth;
    }
}
