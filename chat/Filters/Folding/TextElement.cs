namespace Broadcast.Chat.Filters.Folding;

/// <summary>Use of a character in words.</summary>
internal enum ElementKind : byte
{
    /// <summary>A letter, also a digit or symbol of Unicode that only decorates a letter.</summary>
    Letter,

    /// <summary>A decimal digit. <see cref="TextElement.Letter"/> contains the letter that it can stand for, such as o for 0.</summary>
    Digit,

    /// <summary>A symbol in place of a letter: <c>@ $ ! |</c>. Words also begin and end beside it.</summary>
    LetterSymbol,

    /// <summary>Emoji and other symbols. They separate words, and entries can contain them.</summary>
    Symbol,

    /// <summary>White space.</summary>
    Space,

    /// <summary>A character that is used inside of words, such as a hyphen or a full stop.</summary>
    Joint,

    /// <summary>Other punctuation.</summary>
    Stop,
}

/// <summary>Groups of scripts, as far as matching depends on them.</summary>
[Flags]
internal enum Scripts : byte
{
    /// <summary>None: digits and symbols.</summary>
    None = 0,

    /// <summary>Latin, with decorated letters such as 𝐀 and Ⓐ.</summary>
    Latin = 1,

    /// <summary>Cyrillic.</summary>
    Cyrillic = 2,

    /// <summary>Greek.</summary>
    Greek = 4,

    /// <summary>Other scripts with spaces between words.</summary>
    Other = 8,

    /// <summary>Scripts without spaces between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan.</summary>
    Unspaced = 16,
}

/// <summary>A letter, digit, symbol or separator of folded text.</summary>
/// <param name="Letter">The folded letter as a code point; a space for separators.</param>
/// <param name="Start">Start of the character in the text, in UTF-16 units.</param>
/// <param name="Length">Length of the character in UTF-16 units.</param>
/// <param name="Kind">The use of the character.</param>
/// <param name="Script">The script of the character before folding.</param>
/// <param name="CanBeL">The character can stand for the letter l as well as for i.</param>
/// <param name="IsAccented">The letter had a diacritic that folding has removed, or a mark follows it that was left out.</param>
/// <param name="IsMark">A vowel or tone mark that belongs to the letter before it.</param>
internal readonly record struct TextElement(
    int Letter, int Start, byte Length, ElementKind Kind, Scripts Script, bool CanBeL = false, bool IsAccented = false,
    bool IsMark = false)
{
    /// <summary>Returns whether the element is part of a word.</summary>
    public bool IsInWord => Kind <= ElementKind.LetterSymbol;
}
