using System.Globalization;
using System.Text;
using Broadcast.Control.Events;

namespace Broadcast.Control.Calendars;

/// <summary>Writes content lines of RFC 5545, 3.1: ended by CR LF and folded at 75 bytes of UTF-8 between characters.</summary>
internal sealed class CalendarText
{
    private const int MaxLine = 75;
    private readonly StringBuilder _text = new();

    /// <summary>Appends a line with an unescaped value.</summary>
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

    /// <summary>Appends a line with a text value (RFC 5545, 3.3.11); nothing when the value is empty.</summary>
    public CalendarText Text(string name, string value) => value.Length == 0 ? this : Line(name, Escape(value));

    /// <summary>Appends a line with a UTC time.</summary>
    public CalendarText Instant(string name, DateTimeOffset at) => Line(name, Utc(at));

    /// <summary>
    /// Appends a line with a local time. It uses UTC when the local time maps to another instant, as for the second of two equal local
    /// times.
    /// </summary>
    public CalendarText Time(string name, DateTimeOffset at, TimeZoneInfo zone)
    {
        var local = LocalDateTime.ToLocal(at, zone);
        return zone.Id == "UTC" || LocalDateTime.ToInstant(local, zone) != at ? Instant(name, at) : LocalTime(name, local, zone);
    }

    /// <summary>Appends a line with a given local time.</summary>
    public CalendarText LocalTime(string name, DateTime local, TimeZoneInfo zone) =>
        zone.Id == "UTC" ? Line(name, Local(local) + "Z") : Line($"{name};TZID={zone.Id}", Local(local));

    /// <summary>The whole text.</summary>
    public override string ToString() => _text.ToString();

    /// <summary>Formats a UTC time.</summary>
    public static string Utc(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Formats a local time.</summary>
    public static string Local(DateTime local) => local.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);

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
