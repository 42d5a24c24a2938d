using System.Globalization;
using System.Text;

namespace Broadcast.Control;

/// <summary>Writes content lines as RFC 5545, 3.1, has them: ended by CR LF, folded at 75 bytes of UTF-8 between characters.</summary>
internal sealed class CalendarText
{
    private const int MaxLine = 75;
    private readonly StringBuilder _text = new();

    /// <summary>A line whose value is written as it is.</summary>
    public CalendarText Line(string name, string value)
    {
        var length = 0;
        foreach (var rune in $"{name}:{value}".EnumerateRunes())
        {
            if (length + rune.Utf8SequenceLength > MaxLine)
            {
                _text.Append("\r\n ");
                length = 1;
            }

            _text.Append(rune.ToString());
            length += rune.Utf8SequenceLength;
        }

        _text.Append("\r\n");
        return this;
    }

    /// <summary>A line whose value is a text of people (RFC 5545, 3.3.11); none when that is empty.</summary>
    public CalendarText Text(string name, string value) => value.Length == 0 ? this : Line(name, Escape(value));

    /// <summary>A line whose value is an instant in UTC.</summary>
    public CalendarText Instant(string name, DateTimeOffset at) => Line(name, Utc(at));

    /// <summary>A line whose value is a time on clocks of a zone; in UTC where it would be another one there, the second of two that clocks show alike.</summary>
    public CalendarText Time(string name, DateTimeOffset at, TimeZoneInfo zone)
    {
        var wall = WallClock.ToWall(at, zone);
        return zone.Id == "UTC" || WallClock.ToInstant(wall, zone) != at ? Instant(name, at) : Wall(name, wall, zone);
    }

    /// <summary>A line whose value is what clocks of a zone show.</summary>
    public CalendarText Wall(string name, DateTime wall, TimeZoneInfo zone) =>
        zone.Id == "UTC" ? Line(name, Local(wall) + "Z") : Line($"{name};TZID={zone.Id}", Local(wall));

    /// <summary>All of it.</summary>
    public override string ToString() => _text.ToString();

    /// <summary>An instant as calendars write it.</summary>
    public static string Utc(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>What clocks show as calendars write it.</summary>
    public static string Local(DateTime wall) => wall.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);

    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length + 16);
        foreach (var c in value.ReplaceLineEndings("\n"))
        {
            _ = c switch
            {
                '\n' => text.Append("\\n"),
                '\\' or ';' or ',' => text.Append('\\').Append(c),
                _ when char.IsControl(c) => text.Append(' '),
                _ => text.Append(c),
            };
        }

        return text.ToString();
    }
}
