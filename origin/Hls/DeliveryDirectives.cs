namespace Broadcast.Origin.Hls;

/// <summary>
/// The delivery directives of a media playlist request (draft-pantos-hls-rfc8216bis, 6.2.5). Other query parameters are ignored.
/// </summary>
/// <param name="Segment"><c>_HLS_msn</c>, or <see langword="null"/>.</param>
/// <param name="Part"><c>_HLS_part</c>, or <see langword="null"/>.</param>
/// <param name="IsDelta">
/// Whether <c>_HLS_skip</c> asks for a delta update: <c>YES</c> or <c>v2</c>, which are equal without date ranges.
/// </param>
internal readonly record struct DeliveryDirectives(long? Segment, int? Part, bool IsDelta)
{
    /// <summary>Maximum digits of a number: above any session's sequence numbers, and safe from overflow.</summary>
    private const int MaxDigits = 15;

    /// <summary>Parses a query, with or without its question mark; parameter order does not matter.</summary>
    /// <returns><see langword="false"/> when a directive is not a number or occurs twice.</returns>
    public static bool TryParse(string? query, out DeliveryDirectives request)
    {
        request = default;
        long? segment = null;
        long? part = null;
        string? skip = null;
        var text = query.AsSpan().TrimStart('?');
        foreach (var range in text.Split('&'))
        {
            var item = text[range];
            var equals = item.IndexOf('=');
            var name = equals < 0 ? item : item[..equals];
            var value = equals < 0 ? default : item[(equals + 1)..];
            if ((name is "_HLS_msn" && !TryTake(value, ref segment)) || (name is "_HLS_part" && !TryTake(value, ref part)))
            {
                return false;
            }

            if (name is "_HLS_skip")
            {
                if (skip is not null)
                {
                    return false;
                }

                skip = value is "YES" or "v2" ? "YES" : "";
            }
        }

        request = new DeliveryDirectives(segment, part is { } number ? (int)Math.Min(number, int.MaxValue / 2) : null, skip is "YES");
        return true;
    }

    private static bool TryTake(ReadOnlySpan<char> text, ref long? number)
    {
        if (number is not null || text.Length is 0 or > MaxDigits)
        {
            return false;
        }

        var value = 0L;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            value = (value * 10) + (c - '0');
        }

        number = value;
        return true;
    }
}
