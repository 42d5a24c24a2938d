using System.Globalization;
using System.Text;

namespace Broadcast.Chat.Text;

/// <summary>
/// Cleans text of viewers: messages and names become one line, without characters that change how other text is displayed. Markup stays
/// as it is written, because pages display text, never HTML. Text is not normalized: the server runs without ICU.
/// </summary>
internal static class ChatText
{
    /// <summary>Maximum length of a message in code points, after cleaning.</summary>
    public const int MaxLength = 500;

    /// <summary>Maximum length of a name in code points, after cleaning.</summary>
    public const int MaxNameLength = 30;

    /// <summary>Maximum length of raw text in UTF-16 units. Longer text is rejected unread.</summary>
    public const int MaxRawLength = 4 * MaxLength;

    /// <summary>
    /// Maximum number of combining marks on one character. Vietnamese and Thai need two, pointed Hebrew three, Tibetan four; more only
    /// cover the lines above and below.
    /// </summary>
    public const int MaxMarks = 4;

    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;
    private const int BlackFlag = 0x1F3F4;
    private const int KeycapMark = 0x20E3;

    /// <summary>Cleans a message.</summary>
    /// <param name="raw">The text of the sender.</param>
    /// <param name="text">The cleaned text.</param>
    /// <returns>The error as a sentence; <see langword="null"/> when the text is valid.</returns>
    public static string? TryCleanMessage(string? raw, out string text) => TryClean(raw, "text", MaxLength, out text);

    /// <summary>Cleans a name. It contains a letter or a digit.</summary>
    /// <inheritdoc cref="TryCleanMessage"/>
    public static string? TryCleanName(string? raw, out string text) =>
        TryClean(raw, "name", MaxNameLength, out text)
            ?? (text.EnumerateRunes().Any(Rune.IsLetterOrDigit) ? null : "'name' must contain a letter or a digit.");

    private static string? TryClean(string? raw, string member, int maxLength, out string text)
    {
        text = "";
        if (raw is null)
        {
            return $"'{member}' is missing.";
        }

        if (raw.Length > MaxRawLength)
        {
            return $"'{member}' is longer than {maxLength} characters.";
        }

        text = Clean(raw);
        return text.Length == 0 ? $"'{member}' is empty."
            : text.EnumerateRunes().Count() > maxLength ? $"'{member}' is longer than {maxLength} characters." : null;
    }

    /// <summary>Removes unwanted characters, and replaces white space with single spaces.</summary>
    private static string Clean(string raw)
    {
        var result = new StringBuilder(raw.Length);
        var (marks, isAfterSpace, last, inFlag) = (0, true, 0, false);

        // Lone surrogates are enumerated as U+FFFD, which is removed.
        foreach (var rune in raw.EnumerateRunes())
        {
            inFlag = rune.Value == BlackFlag || (inFlag && IsTag(rune.Value));
            switch (Classify(rune, inFlag))
            {
                case CharacterUse.Space:
                    if (!isAfterSpace)
                    {
                        result.Append(' ');
                    }

                    (isAfterSpace, marks, last) = (true, 0, ' ');
                    break;
                case CharacterUse.Mark when isAfterSpace || ++marks > MaxMarks:
                case CharacterUse.Joiner when isAfterSpace || last is ZeroWidthJoiner or ZeroWidthNonJoiner:
                case CharacterUse.Removed:
                    break;
                case CharacterUse.Mark or CharacterUse.Joiner:
                    result.Append(rune);
                    last = rune.Value;
                    break;
                default:
                    result.Append(rune);
                    (isAfterSpace, marks, last) = (false, 0, rune.Value);
                    break;
            }
        }

        return result.ToString().TrimEnd(' ', (char)ZeroWidthJoiner, (char)ZeroWidthNonJoiner);
    }

    private static CharacterUse Classify(Rune rune, bool inFlag) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => CharacterUse.Space,
        UnicodeCategory.Control => rune.Value is '\t' or '\n' or '\r' or '\v' or '\f' or 0x85 ? CharacterUse.Space : CharacterUse.Removed,
        UnicodeCategory.NonSpacingMark => CharacterUse.Mark,
        UnicodeCategory.EnclosingMark => rune.Value == KeycapMark ? CharacterUse.Mark : CharacterUse.Removed,

        // Format characters: joiners of emoji and of Persian, marks of direction, and the tags of flags. Overrides, embeddings and isolates
        // would change the direction of text around the message.
        UnicodeCategory.Format => rune.Value switch
        {
            ZeroWidthJoiner or ZeroWidthNonJoiner => CharacterUse.Joiner,
            0x200E or 0x200F or 0x061C => CharacterUse.Mark,
            var value when IsTag(value) && inFlag => CharacterUse.Letter,
            _ => CharacterUse.Removed,
        },
        UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => CharacterUse.Removed,
        _ => IsInvisible(rune.Value) ? CharacterUse.Removed : CharacterUse.Letter,
    };

    private static bool IsTag(int value) => value is >= 0xE0020 and <= 0xE007F;

    // Letters and symbols that are displayed as nothing: the replacement character, fillers of Hangul, the Braille blank.
    private static bool IsInvisible(int value) => value is 0xFFFD or 0xFFFC or 0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800;

    private enum CharacterUse
    {
        Letter,
        Mark,
        Joiner,
        Space,
        Removed,
    }
}
