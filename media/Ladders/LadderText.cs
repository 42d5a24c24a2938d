using System.Globalization;

namespace Broadcast.Media;

/// <summary>
/// Reads ladders as people write them. Pure. A rung is a size, a rate of pictures where it is not the source's, and bits a second:
/// <c>( WIDTH "x" HEIGHT [ "p" RATE ] | SIDE "p" [ RATE ] ) "@" ( KILOBITS "k" | MEGABITS "M" )</c>.
/// </summary>
internal static class LadderText
{
    private const string Example = "1280x720@2500k,854x480@1200k";
    private const string RungExample = "1280x720@2500k, 720p@2500k or 720p30@2.5M";
    private const int LongestQuote = 40;

    /// <summary>Reads a text; one of the two is given back. The length is looked at before anything else.</summary>
    public static (WantedLadder? Ladder, string? Mistake) Read(string text)
    {
        if (text.Length > WantedLadder.MaxText)
        {
            return (null, Invariant($"The ladder has {text.Length} characters; {WantedLadder.MaxText} is the most. Write up to {WantedLadder.MaxRungs} rungs such as {Example}."));
        }

        var plain = Lower(text.Trim(' '));
        if (WantedLadder.Presets.Contains(plain))
        {
            return (new WantedLadder(plain, []), null);
        }

        if (!plain.Contains('@') && !plain.Contains(',') && !LooksLikeSize(plain))
        {
            return (null, $"There is no ladder {Quoted(text)}. Use one of {string.Join(", ", WantedLadder.Presets)}, or rungs such as {Example}.");
        }

        var count = plain.Count(c => c == ',') + 1;
        if (count > WantedLadder.MaxRungs)
        {
            return (null, Invariant($"The ladder has {count} rungs; {WantedLadder.MaxRungs} is the most. Leave some out."));
        }

        var rungs = new List<WantedRung>(count);
        foreach (var part in plain.Split(','))
        {
            var (rung, mistake) = Rung(part.AsSpan().Trim(' '));
            mistake ??= rungs.Exists(r => r.Name == rung?.Name) ? $"there is a rung {rung?.Name} already. Leave one of them out." : null;
            if (rung is null || mistake is not null)
            {
                return (null, Invariant($"Rung {rungs.Count + 1}, {Quoted(part.Trim(' '))}: {mistake}"));
            }

            rungs.Add(rung);
        }

        // No two are equal in all of it, because no two have one name.
        return (new WantedLadder(null, [.. rungs
            .OrderByDescending(r => r.Side).ThenByDescending(r => r.LongSide).ThenByDescending(r => r.FramesPerSecond == 0 ? int.MaxValue : r.FramesPerSecond)
            .ThenByDescending(r => r.BitsPerSecond).ThenBy(r => r.Name, StringComparer.Ordinal)]), null);
    }

    private static (WantedRung? Rung, string? Mistake) Rung(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return (null, $"it is empty. Take a comma away, or write a rung such as {RungExample}.");
        }

        var at = text.IndexOf('@');
        if (at < 0)
        {
            return (null, $"it does not say how many bits a second. Write them behind an '@', as in {RungExample}.");
        }

        var size = text[..at];
        var letter = size.IndexOf('p');
        var shape = letter < 0 ? size : size[..letter];
        var cross = shape.IndexOf('x');
        if (letter < 0 && cross < 0)
        {
            return (null, $"its size, {Quoted(size)}, is none. Write it as in {RungExample}.");
        }

        var (width, rate) = (0, 0);
        var said = letter < 0 ? [] : size[(letter + 1)..];
        var saysRate = letter >= 0 && (cross >= 0 || !said.IsEmpty);
        if (saysRate && (!IsNumber(said, 3, out rate) || rate is < 1 or > WantedLadder.MaxFramesPerSecond))
        {
            return (null, Invariant($"its rate of pictures, {Quoted(said)}, is not 1 to {WantedLadder.MaxFramesPerSecond} a second. Write it as in 1280x720p30 or 720p30, or leave it out."));
        }

        if (cross >= 0 && Side(shape[..cross], "width", out width) is { } wrongWidth)
        {
            return (null, wrongWidth);
        }

        if (Side(shape[(cross + 1)..], cross < 0 ? "shorter side" : "height", out var height) is { } wrongHeight)
        {
            return (null, wrongHeight);
        }

        return Bits(text[(at + 1)..], out var bits) is { } wrongBits ? (null, wrongBits) : (new WantedRung(width, height, rate, bits), null);
    }

    private static string? Side(ReadOnlySpan<char> text, string what, out int side) =>
        !IsNumber(text, 5, out side) ? $"its {what}, {Quoted(text)}, is no number of pixels. Write a size such as 1280x720 or 720p."
        : side is < WantedLadder.MinSide or > WantedLadder.MaxSide || side % 2 != 0
            ? Invariant($"its {what} is {side} pixels. Use an even number from {WantedLadder.MinSide} to {WantedLadder.MaxSide}.")
            : null;

    private static string? Bits(ReadOnlySpan<char> text, out int bits)
    {
        bits = 0;
        if (text.IsEmpty || text[^1] is not ('k' or 'm'))
        {
            return $"its bits a second, {Quoted(text)}, do not end with 'k' or 'M'. Write them such as 2500k or 2.5M.";
        }

        var number = text[..^1];
        var isMega = text[^1] == 'm';
        var point = isMega ? number.IndexOf('.') : -1;
        var fraction = point < 0 ? [] : number[(point + 1)..];
        var kilobits = 0;
        if (!IsNumber(point < 0 ? number : number[..point], 6, out var whole) || (point >= 0 && !IsNumber(fraction, 3, out kilobits)))
        {
            return $"its bits a second, {Quoted(text)}, are no number, or are finer than 1k. Write them such as 2500k or 2.5M.";
        }

        for (var digits = fraction.Length; isMega && digits < 3; digits++)
        {
            kilobits *= 10;
        }

        // A whole number of 6 digits at most, so that nothing can overflow.
        var all = ((isMega ? whole * 1000L : whole) + kilobits) * 1000;
        bits = (int)Math.Min(all, int.MaxValue);
        return all is >= WantedLadder.MinBitsPerSecond and <= WantedLadder.MaxBitsPerSecond
            ? null
            : Invariant($"its bits a second, {Quoted(text)}, are out of range. Use {WantedLadder.MinBitsPerSecond / 1000}k to {WantedLadder.MaxBitsPerSecond / 1000}k.");
    }

    private static bool IsNumber(ReadOnlySpan<char> text, int digits, out int number)
    {
        number = 0;
        return !text.IsEmpty && text.Length <= digits && !text.ContainsAnyExceptInRange('0', '9') && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static bool LooksLikeSize(string text) => text.Length > 1 && char.IsAsciiDigit(text[0]) && (text.Contains('x') || text.Contains('p'));

    // Of ASCII alone: the sign for kelvin becomes a 'k' otherwise.
    private static string Lower(string text) => string.Concat(text.Select(c => char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : c));

    /// <summary>What was written, short, and without what could not be read in a log or a terminal.</summary>
    private static string Quoted(ReadOnlySpan<char> text)
    {
        var shown = (text.Length > LongestQuote ? text[..LongestQuote] : text).ToString();
        return $"'{string.Concat(shown.Select(c => c is >= ' ' and <= '~' ? c : '?'))}{(text.Length > LongestQuote ? "..." : "")}'";
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
