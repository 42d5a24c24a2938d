namespace Broadcast.Origin.Delivery;

/// <summary>The byte range that a <c>Range</c> header requests from a representation of known length (RFC 9110, 14.2).</summary>
/// <param name="IsRange">Whether a satisfiable range is requested: respond with 206. Otherwise the whole, with 200.</param>
/// <param name="IsUnsatisfiable">Whether a range outside the representation is requested: respond with 416.</param>
/// <param name="First">First byte.</param>
/// <param name="Length">Number of bytes.</param>
internal readonly record struct ByteRange(bool IsRange, bool IsUnsatisfiable, long First, long Length)
{
    /// <summary>
    /// Parses a header. Malformed ranges, other units and multiple ranges are ignored, as the RFC allows, and yield the whole.
    /// </summary>
    public static ByteRange Parse(string? header, long length)
    {
        var whole = new ByteRange(false, false, 0, length);
        if (header is null || !header.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            return whole;
        }

        var text = header.AsSpan(6).Trim();
        var dash = text.IndexOf('-');
        if (dash < 0)
        {
            return whole;
        }

        var from = text[..dash];
        var to = text[(dash + 1)..];
        if (from.IsEmpty)
        {
            // A suffix range.
            return !TryParse(to, out var suffix) ? whole
                : suffix == 0 || length == 0 ? new ByteRange(false, true, 0, 0)
                : new ByteRange(true, false, Math.Max(0, length - suffix), Math.Min(suffix, length));
        }

        var last = long.MaxValue;
        if (!TryParse(from, out var first) || (!to.IsEmpty && !TryParse(to, out last)) || last < first)
        {
            return whole;
        }

        return first >= length ? new ByteRange(false, true, 0, 0)
            : new ByteRange(true, false, first, Math.Min(last, length - 1) - first + 1);
    }

    /// <summary>Accepts digits only; a number over 18 digits counts as infinite.</summary>
    private static bool TryParse(ReadOnlySpan<char> text, out long number)
    {
        number = 0;
        if (text.IsEmpty || text.Length > 64)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            number = number > long.MaxValue / 100 ? number : (number * 10) + (c - '0');
        }

        return true;
    }
}
