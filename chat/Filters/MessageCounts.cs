using System.Globalization;
using System.Text;

namespace Broadcast.Chat.Filters;

/// <summary>Numbers about a text that the filters limit.</summary>
/// <param name="LongestRun">Number of repetitions of the same character in a row, capitals and small letters alike.</param>
/// <param name="RunStart">Start of this run in UTF-16 units.</param>
/// <param name="RunLength">Length of this run in UTF-16 units.</param>
/// <param name="Capitals">Number of capitals.</param>
/// <param name="CasedLetters">Number of letters of scripts with two cases.</param>
/// <param name="Emoji">Number of emoji. Flags, skin tones and joined emoji count once.</param>
/// <param name="Mentions">Number of mentions: an @ before a letter or digit that does not follow one.</param>
internal readonly record struct MessageCounts(
    int LongestRun, int RunStart, int RunLength, int Capitals, int CasedLetters, int Emoji, int Mentions)
{
    private const int ZeroWidthJoiner = 0x200D;
    private const int KeycapMark = 0x20E3;

    /// <summary>Counts in a text of any length and content.</summary>
    public static MessageCounts Of(string text)
    {
        var (longest, longestStart, longestEnd, run, runStart, last) = (0, 0, 0, 0, 0, -1);
        var (capitals, cased, emoji, mentions) = (0, 0, 0, 0);
        var (before, isHalfFlag) = (0, false);
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter)
            {
                (capitals, cased) = (capitals + 1, cased + 1);
            }
            else if (category == UnicodeCategory.LowercaseLetter)
            {
                cased++;
            }

            var isFlag = rune.Value is >= 0x1F1E6 and <= 0x1F1FF;
            isHalfFlag = isFlag && !isHalfFlag;
            if (isFlag ? isHalfFlag : rune.Value == KeycapMark || (IsEmoji(rune.Value) && before != ZeroWidthJoiner))
            {
                emoji++;
            }

            if (rune.Value == '@' && !IsWord(before) && i + 1 < text.Length && IsWord(text[i + 1]))
            {
                mentions++;
            }

            var folded = rune.IsAscii ? char.ToLowerInvariant((char)rune.Value) : Rune.ToLowerInvariant(rune).Value;
            (run, runStart) = folded == last ? (run + 1, runStart) : (1, i);
            (before, last) = (rune.Value, folded);
            i += length;
            if (run > longest)
            {
                (longest, longestStart, longestEnd) = (run, runStart, i);
            }
        }

        return new(longest, longestStart, longestEnd - longestStart, capitals, cased, emoji, mentions);
    }

    private static bool IsWord(int value) => value <= char.MaxValue ? char.IsLetterOrDigit((char)value) || value == '_' : value < 0x1F000;

    // The blocks of emoji, without skin tones, which follow an emoji, and dingbats that are text.
    private static bool IsEmoji(int value) => value switch
    {
        < 0x203C => false,
        0x203C or 0x2049 or 0x231A or 0x231B or 0x2328 or 0x23CF or (>= 0x23E9 and <= 0x23F3) or (>= 0x23F8 and <= 0x23FA) => true,
        (>= 0x25FB and <= 0x25FE) or (>= 0x2600 and <= 0x2604) or (>= 0x260E and <= 0x27BF) => value is < 0x2654 or > 0x265F,
        (>= 0x2934 and <= 0x2935) or (>= 0x2B05 and <= 0x2B07) or 0x2B1B or 0x2B1C or 0x2B50 or 0x2B55 or 0x3030 or 0x303D => true,
        >= 0x1F004 and <= 0x1F0FF => value is 0x1F004 or 0x1F0CF,
        >= 0x1F170 and <= 0x1F1FF => value is 0x1F170 or 0x1F171 or 0x1F17E or 0x1F17F or 0x1F18E or (>= 0x1F191 and <= 0x1F19A),
        >= 0x1F200 and <= 0x1F251 => true,
        >= 0x1F300 and <= 0x1FAFF => value is not (>= 0x1F3FB and <= 0x1F3FF) and not (>= 0x1F780 and <= 0x1F7DF),
        _ => false,
    };
}
