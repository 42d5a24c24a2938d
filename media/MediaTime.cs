using System.Globalization;

namespace Broadcast.Media;

/// <summary>An instant or a length of time on a media clock: <see cref="Ticks"/> of 1/<see cref="Timescale"/> seconds. Never a bare number of seconds.</summary>
/// <param name="Ticks">Count of ticks; may be negative (a composition offset, AAC priming).</param>
/// <param name="Timescale">Ticks a second, 1 or more; 0 only in <see langword="default"/>, which is not a time.</param>
public readonly record struct MediaTime(long Ticks, int Timescale) : IComparable<MediaTime>
{
    /// <summary>The clock of video tracks: 90 ticks are one millisecond, and every usual frame rate divides it.</summary>
    public const int VideoTimescale = 90_000;

    /// <summary>The same instant on another clock, rounded down. 128-bit inside, so that no stream is long enough to overflow it.</summary>
    /// <param name="timescale">Ticks a second of the other clock.</param>
    public MediaTime Rescale(int timescale) =>
        timescale == Timescale ? this : new((long)FloorDivide((Int128)Ticks * timescale, Timescale), timescale);

    /// <summary>Seconds, for text and statistics only: never compute a media time from it.</summary>
    public double TotalSeconds => (double)Ticks / Timescale;

    /// <summary>The same length as a <see cref="TimeSpan"/>, rounded down to 100 ns.</summary>
    public TimeSpan ToTimeSpan() => TimeSpan.FromTicks((long)FloorDivide((Int128)Ticks * TimeSpan.TicksPerSecond, Timescale));

    /// <summary>A length of time on a clock, rounded down.</summary>
    public static MediaTime From(TimeSpan time, int timescale) =>
        new((long)FloorDivide((Int128)time.Ticks * timescale, TimeSpan.TicksPerSecond), timescale);

    /// <summary>Zero on a clock.</summary>
    public static MediaTime Zero(int timescale) => new(0, timescale);

    /// <inheritdoc/>
    public int CompareTo(MediaTime other) => ((Int128)Ticks * other.Timescale).CompareTo((Int128)other.Ticks * Timescale);

    /// <summary>Whether two values name the same instant, on whatever clocks.</summary>
    public bool SameInstant(MediaTime other) => CompareTo(other) == 0;

    /// <summary>Sum on the left operand's clock.</summary>
    public static MediaTime operator +(MediaTime left, MediaTime right) => left with { Ticks = left.Ticks + right.Rescale(left.Timescale).Ticks };

    /// <summary>Difference on the left operand's clock.</summary>
    public static MediaTime operator -(MediaTime left, MediaTime right) => left with { Ticks = left.Ticks - right.Rescale(left.Timescale).Ticks };

    /// <summary>Compares instants across clocks.</summary>
    public static bool operator <(MediaTime left, MediaTime right) => left.CompareTo(right) < 0;

    /// <summary>Compares instants across clocks.</summary>
    public static bool operator >(MediaTime left, MediaTime right) => left.CompareTo(right) > 0;

    /// <summary>Compares instants across clocks.</summary>
    public static bool operator <=(MediaTime left, MediaTime right) => left.CompareTo(right) <= 0;

    /// <summary>Compares instants across clocks.</summary>
    public static bool operator >=(MediaTime left, MediaTime right) => left.CompareTo(right) >= 0;

    /// <summary><c>ticks/timescale</c>, as in <c>180000/90000</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Ticks}/{Timescale}");

    /// <summary>Reads <c>ticks/timescale</c>, digits only; <see langword="false"/> when it is not that, or the timescale is not above 0.</summary>
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
