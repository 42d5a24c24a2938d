using System.Globalization;

namespace Broadcast.Media.Ladders;

/// <summary>
/// Parses ladders in text form. Pure. A rung consists of a size, an optional frame rate and a bitrate: <c>( WIDTH "x" HEIGHT [ "p" RATE ] |
/// SIDE "p" [ RATE ] ) "@" ( KILOBITS "k" | MEGABITS "M" )</c>.
/// </summary>
internal static class LadderParser
{
    private const string Example = "1280x720@2500k,854x480@1200k";
    private const string RungExample = "1280x720@2500k, 720p@2500k or 720p30@2.5M";
    private const int MaxQuoteLength = 40;

    /// <summary>Parses a text and returns either a ladder or an error. The length is checked first.</summary>
    public static (LadderSpec? Ladder, string? Error) Parse(string text)
    {
        if (text.Length > LadderSpec.MaxText)
        {
            return (null,
                Invariant(
                    $"The ladder has {text.Length} characters; the maximum is {LadderSpec.MaxText}. Write up to {LadderSpec.MaxRungs} rungs such as {Example}."));
        }

        var plain = Lower(text.Trim(' '));
        if (LadderSpec.Presets.Contains(plain))
        {
            return (new LadderSpec(plain, []), null);
        }

        if (!plain.Contains('@') && !plain.Contains(',') && !LooksLikeSize(plain))
        {
            return (
                null, $"Unknown ladder {Quoted(text)}. Use one of {string.Join(", ", LadderSpec.Presets)}, or rungs such as {Example}.");
        }

        var count = plain.Count(c => c == ',') + 1;
        if (count > LadderSpec.MaxRungs)
        {
            return (null, Invariant($"The ladder has {count} rungs; the maximum is {LadderSpec.MaxRungs}. Remove some."));
        }

        var rungs = new List<RungSpec>(count);
        foreach (var part in plain.Split(','))
        {
            var (rung, error) = Rung(part.AsSpan().Trim(' '));
            error ??= rungs.Exists(r => r.Name == rung?.Name) ? $"duplicate of rung {rung?.Name}. Remove one of them." : null;
            if (rung is null || error is not null)
            {
                return (null, Invariant($"Rung {rungs.Count + 1}, {Quoted(part.Trim(' '))}: {error}"));
            }

            rungs.Add(rung);
        }

        // Names are unique, so the order is total.
        return (new LadderSpec(null, [.. rungs
            .OrderByDescending(r => r.Side).ThenByDescending(r => r.LongSide)
            .ThenByDescending(r => r.FramesPerSecond == 0 ? int.MaxValue : r.FramesPerSecond)
            .ThenByDescending(r => r.BitsPerSecond).ThenBy(r => r.Name, StringComparer.Ordinal)]), null);
    }

    private static (RungSpec? Rung, string? Error) Rung(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return (null, $"it is empty. Remove a comma, or write a rung such as {RungExample}.");
        }

        var at = text.IndexOf('@');
        if (at < 0)
        {
            return (null, $"it has no bitrate. Add one after an '@', as in {RungExample}.");
        }

        var size = text[..at];
        var letter = size.IndexOf('p');
        var shape = letter < 0 ? size : size[..letter];
        var cross = shape.IndexOf('x');
        if (letter < 0 && cross < 0)
        {
            return (null, $"its size, {Quoted(size)}, is invalid. Write it as in {RungExample}.");
        }

        var (width, rate) = (0, 0);
        var rateText = letter < 0 ? [] : size[(letter + 1)..];
        var hasRate = letter >= 0 && (cross >= 0 || !rateText.IsEmpty);
        if (hasRate && (!IsNumber(rateText, 3, out rate) || rate is < 1 or > LadderSpec.MaxFramesPerSecond))
        {
            return (null,
                Invariant(
                    $"its frame rate, {Quoted(rateText)}, is not 1 to {LadderSpec.MaxFramesPerSecond}. Write it as in 1280x720p30 or 720p30, or omit it."));
        }

        if (cross >= 0 && ParseSide(shape[..cross], "width", out width) is { } wrongWidth)
        {
            return (null, wrongWidth);
        }

        if (ParseSide(shape[(cross + 1)..], cross < 0 ? "shorter side" : "height", out var height) is { } wrongHeight)
        {
            return (null, wrongHeight);
        }

        return ParseBitrate(text[(at + 1)..], out var bits) is { } wrongBits ? (null, wrongBits)
            : (new RungSpec(width, height, rate, bits), null);
    }

    private static string? ParseSide(ReadOnlySpan<char> text, string dimension, out int side) =>
        !IsNumber(text, 5, out side) ? $"its {dimension}, {Quoted(text)}, is not a number of pixels. Write a size such as 1280x720 or 720p."
        : side is < LadderSpec.MinSide or > LadderSpec.MaxSide || side % 2 != 0
            ? Invariant($"its {dimension} is {side} pixels. Use an even number from {LadderSpec.MinSide} to {LadderSpec.MaxSide}.")
            : null;

    private static string? ParseBitrate(ReadOnlySpan<char> text, out int bits)
    {
        bits = 0;
        if (text.IsEmpty || text[^1] is not ('k' or 'm'))
        {
            return $"its bitrate, {Quoted(text)}, does not end with 'k' or 'M'. Write it as in 2500k or 2.5M.";
        }

        var number = text[..^1];
        var isMega = text[^1] == 'm';
        var point = isMega ? number.IndexOf('.') : -1;
        var fraction = point < 0 ? [] : number[(point + 1)..];
        var kilobits = 0;
        if (!IsNumber(point < 0 ? number : number[..point], 6, out var whole) || (point >= 0 && !IsNumber(fraction, 3, out kilobits)))
        {
            return $"its bitrate, {Quoted(text)}, is not a number, or finer than 1k. Write it as in 2500k or 2.5M.";
        }

        for (var digits = fraction.Length; isMega && digits < 3; digits++)
        {
            kilobits *= 10;
        }

        // The integer part has at most 6 digits, so nothing can overflow.
        var all = ((isMega ? whole * 1000L : whole) + kilobits) * 1000;
        bits = (int)Math.Min(all, int.MaxValue);
        return all is >= LadderSpec.MinBitsPerSecond and <= LadderSpec.MaxBitsPerSecond
            ? null
            : Invariant(
                $"its bitrate, {Quoted(text)}, is out of range. Use {LadderSpec.MinBitsPerSecond / 1000}k to {LadderSpec.MaxBitsPerSecond / 1000}k.");
    }

    private static bool IsNumber(ReadOnlySpan<char> text, int digits, out int number)
    {
        number = 0;
        return !text.IsEmpty && text.Length <= digits && !text.ContainsAnyExceptInRange('0', '9')
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static bool LooksLikeSize(string text) => text.Length > 1 && char.IsAsciiDigit(text[0])
        && (text.Contains('x') || text.Contains('p'));

    // ASCII only: otherwise the Kelvin sign becomes a 'k'.
    private static string Lower(string text) => string.Concat(text.Select(c => char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : c));

    /// <summary>The quoted input, truncated, with non-printable characters replaced for logs and terminals.</summary>
    private static string Quoted(ReadOnlySpan<char> text)
    {
        var shown = (text.Length > MaxQuoteLength ? text[..MaxQuoteLength] : text).ToString();
        return $"'{string.Concat(shown.Select(c => c is >= ' ' and <= '~' ? c : '?'))}{(text.Length > MaxQuoteLength ? "..." : "")}'";
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
