using System.Globalization;
using System.Text;

namespace Broadcast.Chat.Filters.Links;

/// <summary>Domain names in their ASCII form (RFC 1034, 3.5; RFC 5891), in lowercase.</summary>
internal static class DomainName
{
    /// <summary>Maximum length in characters.</summary>
    public const int MaxLength = 253;

    private const int MaxLabelLength = 63;
    private static readonly IdnMapping Idn = new();

    /// <summary>Returns the normal form of a domain with at least two labels, or of an IPv4 address.</summary>
    /// <returns>The form; <see langword="null"/> when the text is no domain.</returns>
    public static string? Normalize(string? text)
    {
        if (text is null or { Length: 0 or > MaxLength } || !text.Contains('.', StringComparison.Ordinal))
        {
            return null;
        }

        var lower = text.ToLowerInvariant();
        if (!Ascii.IsValid(lower))
        {
            // Without ICU, the mapping accepts symbols too.
            if (!lower.EnumerateRunes().All(IsDomainRune))
            {
                return null;
            }

            try
            {
                lower = Idn.GetAscii(lower);
            }
            catch (ArgumentException)
            {
                return null;
            }
        }

        return lower.Length <= MaxLength && lower.Split('.').All(IsLabel) ? lower : null;
    }

    /// <summary>Returns whether a domain in normal form is another one or a subdomain of it.</summary>
    public static bool IsWithin(string domain, string parent) =>
        domain.EndsWith(parent, StringComparison.Ordinal) && (domain.Length == parent.Length || domain[^(parent.Length + 1)] == '.');

    private static bool IsDomainRune(Rune rune) => rune.Value is '.' or '-' || Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsLabel(string label) => label.Length is >= 1 and <= MaxLabelLength && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
