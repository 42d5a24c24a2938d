using System.Globalization;

namespace Broadcast.Origin.Delivery;

/// <summary>Content codings of text responses (RFC 9110, 8.4.1).</summary>
internal enum ContentCoding
{
    /// <summary>No coding.</summary>
    Identity,

    /// <summary><c>gzip</c></summary>
    Gzip,

    /// <summary><c>br</c> (RFC 7932)</summary>
    Brotli,
}

/// <summary>Selects a coding by <c>Accept-Encoding</c> (RFC 9110, 12.5.3).</summary>
internal static class AcceptEncoding
{
    /// <summary>The preferred accepted coding: Brotli, then gzip, then none. Malformed entries are ignored.</summary>
    public static ContentCoding Choose(string? header)
    {
        bool? brotli = null;
        bool? gzip = null;
        var any = false;
        foreach (var range in header.AsSpan().Split(','))
        {
            var item = header.AsSpan()[range];
            var semicolon = item.IndexOf(';');
            var name = (semicolon < 0 ? item : item[..semicolon]).Trim();
            var accepted = semicolon < 0 || Weight(item[(semicolon + 1)..]) > 0;
            if (name.Equals("br", StringComparison.OrdinalIgnoreCase))
            {
                brotli = accepted;
            }
            else if (name.Equals("gzip", StringComparison.OrdinalIgnoreCase) || name.Equals("x-gzip", StringComparison.OrdinalIgnoreCase))
            {
                gzip = accepted;
            }
            else if (name is "*")
            {
                any = accepted;
            }
        }

        return brotli ?? any ? ContentCoding.Brotli : gzip ?? any ? ContentCoding.Gzip : ContentCoding.Identity;
    }

    private static double Weight(ReadOnlySpan<char> parameter)
    {
        parameter = parameter.Trim();
        if (!parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase))
        {
            return 1;
        }

        return double.TryParse(parameter[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight) ? weight : 0;
    }
}
