using System.Globalization;

namespace Broadcast.Media;

/// <summary>
/// An instant or a duration on a media clock: <see cref="Ticks"/> of 1/<see cref="Timescale"/> seconds. Never a bare number of seconds.
/// </summary>
/// <param name="Ticks">Number of ticks; negative for composition offsets and AAC priming.</param>
/// <param name="Timescale">Ticks per second, 1 or more; 0 only in <see langword="default"/>, which is not a valid time.</param>
public readonly record struct MediaTime(long Ticks, int Timescale) : IComparable<MediaTime>
{
    /// <summary>Timescale of video tracks: 90 ticks per millisecond, divisible by all common frame rates.</summary>
    public const int VideoTimescale = 90_000;

    /// <summary>
    /// The same instant in another timescale, rounded down. Calculated with 128 bits, so that no stream is long enough to overflow.
    /// </summary>
    /// <param name="timescale">The new timescale in ticks per second.</param>
    public MediaTime Rescale(int timescale) =>
        timescale == Timescale ? this : new((long)FloorDivide((Int128)Ticks * timescale, Timescale), timescale);

    /// <summary>Seconds, for text and statistics only. Never compute a media time from it.</summary>
    public double TotalSeconds => (double)Ticks / Timescale;

    /// <summary>The duration as a <see cref="TimeSpan"/>, rounded down to 100 ns.</summary>
    public TimeSpan ToTimeSpan() => TimeSpan.FromTicks((long)FloorDivide((Int128)Ticks * TimeSpan.TicksPerSecond, Timescale));

    /// <summary>Converts a duration to a timescale, rounded down.</summary>
    public static MediaTime From(TimeSpan time, int timescale) =>
        new((long)FloorDivide((Int128)time.Ticks * timescale, TimeSpan.TicksPerSecond), timescale);

    /// <summary>Zero in a timescale.</summary>
    public static MediaTime Zero(int timescale) => new(0, timescale);

    /// <inheritdoc/>
    public int CompareTo(MediaTime other) => ((Int128)Ticks * other.Timescale).CompareTo((Int128)other.Ticks * Timescale);

    /// <summary>Returns whether two values are the same instant, in any timescales.</summary>
    public bool SameInstant(MediaTime other) => CompareTo(other) == 0;

    /// <summary>Sum in the left operand's timescale.</summary>
    public static MediaTime operator +(MediaTime left, MediaTime right) =>
        left with { Ticks = left.Ticks + right.Rescale(left.Timescale).Ticks };

    /// <summary>Difference in the left operand's timescale.</summary>
    public static MediaTime operator -(MediaTime left, MediaTime right) =>
        left with { Ticks = left.Ticks - right.Rescale(left.Timescale).Ticks };

    /// <summary>Compares instants across timescales.</summary>
    public static bool operator <(MediaTime left, MediaTime right) => left.CompareTo(right) < 0;

    /// <summary>Compares instants across timescales.</summary>
    public static bool operator >(MediaTime left, MediaTime right) => left.CompareTo(right) > 0;

    /// <summary>Compares instants across timescales.</summary>
    public static bool operator <=(MediaTime left, MediaTime right) => left.CompareTo(right) <= 0;

    /// <summary>Compares instants across timescales.</summary>
    public static bool operator >=(MediaTime left, MediaTime right) => left.CompareTo(right) >= 0;

    /// <summary><c>ticks/timescale</c>, as in <c>180000/90000</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Ticks}/{Timescale}");

    /// <summary>
    /// Parses <c>ticks/timescale</c>; <see langword="false"/> when the text has another form or the timescale is not positive.
    /// </summary>
    public static bool TryParse([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? text, out MediaTime time)
    {
        time = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash < 1
            || !long.TryParse(text.AsSpan(0, slash), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ticks)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var timescale)
            || timescale < 1)
        {
            return false;
        }

        time = new MediaTime(ticks, timescale);
        return true;
    }

    private static Int128 FloorDivide(Int128 value, Int128 divisor)
    {
        var quotient = value / divisor;
        return value % divisor < 0 ? quotient - 1 : quotient;
    }
}
