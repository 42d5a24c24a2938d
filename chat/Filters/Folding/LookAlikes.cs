using System.Collections.Frozen;
using System.Text;

namespace Broadcast.Chat.Filters.Folding;

/// <summary>
/// Folding of characters to one representative of those that look alike, in the manner of the skeletons of UTS 39: capitals, diacritics,
/// letters of other scripts with the shape of Latin ones, decorated letters. Entries of word lists and messages are folded in the same way,
/// so that Cyrillic and Greek entries match their own text too.
/// </summary>
internal static class LookAlikes
{
    private static readonly FrozenDictionary<int, string> Folded = Load();
    private static readonly FrozenDictionary<int, int> GreekCapitals = LookAlikeTables.GreekCapitals
        .ToFrozenDictionary(row => (int)char.ToUpperInvariant(row[2]), row => (int)row[0]);
    private static readonly FrozenDictionary<int, char> Letterlike = LookAlikeTables.Letterlike
        .SelectMany(row => row[2..].Select(symbol => KeyValuePair.Create((int)symbol, row[0]))).ToFrozenDictionary();
    private static readonly FrozenDictionary<int, string> ArabicForms = LoadArabicForms();

    /// <summary>Maximum number of letters to which a character folds.</summary>
    public const int MaxLetters = 4;

    /// <summary>Returns the folded form of a letter outside of ASCII: 1 to <see cref="MaxLetters"/> letters of the BMP.</summary>
    /// <param name="letter">Code point, of either case.</param>
    /// <param name="lower">Its lowercase form.</param>
    /// <returns>The letters; <see langword="null"/> when the letter folds to its lowercase form.</returns>
    public static string? Fold(int letter, out int lower)
    {
        lower = Rune.IsValid(letter) ? Rune.ToLowerInvariant(new Rune(letter)).Value : letter;
        return Folded.TryGetValue(lower, out var letters) || ArabicForms.TryGetValue(lower, out letters) ? letters : null;
    }

    /// <summary>Returns the ASCII character of a decorated one: fullwidth, mathematical, circled, squared, letterlike.</summary>
    /// <returns>The character; <c>\0</c> for other code points.</returns>
    public static char Undecorate(int value) => value switch
    {
        < 0x2000 => '\0',
        >= 0xFF01 and <= 0xFF5E => (char)(value - 0xFEE0),
        >= 0x1D400 and <= 0x1D6A3 => Alphabet((value - 0x1D400) % 52),
        0x1D6A4 => 'i',
        0x1D6A5 => 'j',
        >= 0x1D7CE and <= 0x1D7FF => (char)('0' + ((value - 0x1D7CE) % 10)),
        >= 0x2460 and <= 0x2468 => (char)('1' + value - 0x2460),
        >= 0x2474 and <= 0x247C => (char)('1' + value - 0x2474),
        >= 0x2488 and <= 0x2490 => (char)('1' + value - 0x2488),
        >= 0x249C and <= 0x24B5 => (char)('a' + value - 0x249C),
        >= 0x24B6 and <= 0x24CF => (char)('A' + value - 0x24B6),
        >= 0x24D0 and <= 0x24E9 => (char)('a' + value - 0x24D0),
        >= 0x24F5 and <= 0x24FD => (char)('1' + value - 0x24F5),
        0x24EA or 0x24FF => '0',
        >= 0x2776 and <= 0x277E => (char)('1' + value - 0x2776),
        >= 0x2780 and <= 0x2788 => (char)('1' + value - 0x2780),
        >= 0x278A and <= 0x2792 => (char)('1' + value - 0x278A),
        >= 0x2070 and <= 0x2079 and not (0x2071 or 0x2072 or 0x2073) => (char)('0' + value - 0x2070),
        >= 0x2080 and <= 0x2089 => (char)('0' + value - 0x2080),
        >= 0x1F110 and <= 0x1F129 => (char)('A' + value - 0x1F110),
        >= 0x1F130 and <= 0x1F149 => (char)('A' + value - 0x1F130),
        >= 0x1F150 and <= 0x1F169 => (char)('A' + value - 0x1F150),
        >= 0x1F170 and <= 0x1F189 => (char)('A' + value - 0x1F170),
        >= 0x1F1E6 and <= 0x1F1FF => (char)('A' + value - 0x1F1E6),
        _ => Letterlike.GetValueOrDefault(value),
    };

    /// <summary>Returns the Greek letter of a mathematical one; 0 for other code points.</summary>
    public static int UndecorateGreek(int value)
    {
        // Five alphabets of 58: capitals with a variant theta, nabla, small letters, a partial differential and six variants.
        const string variants = "εθκφρπ";
        return value is < 0x1D6A8 or > 0x1D7C9 ? 0 : ((value - 0x1D6A8) % 58) switch
        {
            17 => 'θ',
            25 or 51 => 0,
            var n when n < 25 => 'Α' + n,
            var n when n < 51 => 'α' + n - 26,
            var n => variants[n - 52],
        };
    }

    /// <summary>Returns the Latin letter that a Greek capital looks like, and its lowercase form does not; 0 for others.</summary>
    public static int GreekCapital(int value) => GreekCapitals.GetValueOrDefault(value);

    /// <summary>Returns a kana in hiragana, the full width and without small forms; other code points as they are.</summary>
    public static int ToHiragana(int value) => value switch
    {
        >= 0x30A1 and <= 0x30F4 => value - 0x60,
        0x30FD or 0x30FE => value - 0x60,
        >= 0xFF66 and <= 0xFF9D => LookAlikeTables.HalfwidthKana[value - 0xFF66],
        _ => value,
    };

    /// <summary>Returns the hiragana with a mark of voicing; the hiragana itself when it has no such form.</summary>
    /// <param name="kana">The hiragana.</param>
    /// <param name="mark">The mark: combining, spacing or halfwidth.</param>
    public static int AddVoicing(int kana, int mark) =>
        mark is 0x309A or 0x309C or 0xFF9F ? Contains(LookAlikeTables.SemiVoiced, kana) ? kana + 2 : kana
        : kana == 'う' ? 'ゔ'
        : Contains(LookAlikeTables.Voiced, kana) ? kana + 1 : kana;

    /// <summary>Returns the script group of a code point that is a letter or mark.</summary>
    public static Scripts ScriptOf(int value) => value switch
    {
        < 0x370 or (>= 0x1D00 and <= 0x1DBF) or (>= 0x1E00 and <= 0x1EFF) or (>= 0x2070 and <= 0x218F) or (>= 0x2C60 and <= 0x2C7F)
            or (>= 0xA720 and <= 0xA7FF) or (>= 0xFB00 and <= 0xFB06) => Scripts.Latin,
        < 0x400 or (>= 0x1F00 and <= 0x1FFF) => Scripts.Greek,
        < 0x530 or (>= 0x1C80 and <= 0x1C8F) or (>= 0x2DE0 and <= 0x2DFF) or (>= 0xA640 and <= 0xA69F) => Scripts.Cyrillic,
        (>= 0x0E00 and <= 0x109F) or (>= 0x1780 and <= 0x17FF) or (>= 0x1950 and <= 0x19FF) or (>= 0x2E80 and <= 0x312F)
            or (>= 0x31A0 and <= 0x9FFF) or (>= 0xA000 and <= 0xA4CF) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFF66 and <= 0xFF9F)
            or (>= 0x1B000 and <= 0x1B16F) or (>= 0x20000 and <= 0x3FFFF) => Scripts.Unspaced,
        _ => Scripts.Other,
    };

    /// <summary>Returns whether a mark is part of the spelling, as the vowels of Thai and Hindi are; others are ignored.</summary>
    /// <param name="mark">Code point of the mark.</param>
    /// <param name="afterUnspacedOrOther">The letter before it is neither Latin, Cyrillic nor Greek.</param>
    public static bool IsSpelled(int mark, bool afterUnspacedOrOther) =>
        afterUnspacedOrOther && mark is >= 0x0900 and <= 0x1CFF and not (>= 0x1AB0 and <= 0x1AFF)
            and not (0x093C or 0x09BC or 0x0A3C or 0x0ABC or 0x0B3C);

    private static char Alphabet(int index) => (char)(index < 26 ? 'A' + index : 'a' + index - 26);

    private static bool Contains(string letters, int letter) => letter <= char.MaxValue && letters.Contains((char)letter);

    private static FrozenDictionary<int, string> Load()
    {
        var shapes = new Dictionary<char, char>();
        foreach (var row in LookAlikeTables.Shapes)
        {
            foreach (var letter in row.AsSpan(2))
            {
                shapes.Add(letter, row[0]);
            }
        }

        var result = shapes.ToDictionary(pair => (int)pair.Key, pair => pair.Value.ToString());
        foreach (var row in LookAlikeTables.Several)
        {
            result.Add(row[0], row[2..]);
        }

        foreach (var row in LookAlikeTables.Diacritics)
        {
            var target = row[0];
            var folded = result.GetValueOrDefault(target) ?? target.ToString();
            foreach (var letter in row.AsSpan(2))
            {
                result.Add(letter, folded);
            }
        }

        return result.ToFrozenDictionary();
    }

    private static FrozenDictionary<int, string> LoadArabicForms()
    {
        var result = new Dictionary<int, string>();
        var next = 0xFE80;
        for (var i = 0; i < LookAlikeTables.ArabicForms.Length; i += 2)
        {
            var letter = LookAlikeTables.ArabicForms[i];
            for (var form = 0; form < LookAlikeTables.ArabicForms[i + 1] - '0'; form++)
            {
                result.Add(next++, Folded.GetValueOrDefault(letter) ?? letter.ToString());
            }
        }

        return result.ToFrozenDictionary();
    }
}
