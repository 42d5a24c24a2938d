using System.Buffers;
using System.Text;
using Broadcast.Chat.Filters.Folding;

namespace Broadcast.Chat.Filters.Links;

/// <summary>
/// A text as the characters by which links are found: lowercase, decorated letters as ASCII letters as in browsers (UTS 46), all dots as
/// <c>.</c>, and disguised dots as one character. Uses rented memory until it is disposed.
/// </summary>
internal ref struct LinkText : IDisposable
{
    /// <summary>A dot in brackets, or the word "dot" in brackets.</summary>
    public const char HiddenDot = '\u0001';

    /// <summary>A dot between spaces, or a word for a dot that is frequent in sentences.</summary>
    public const char SpacedDot = '\u0002';

    /// <summary>The English word for a dot between spaces.</summary>
    public const char DotWord = '\u0003';

    // Letters beyond the BMP are in no domain that people use: emoji are, but only with a prefix.
    private const char Other = '\u0004';
    private const string EnglishDot = "dot";
    private static readonly string[] DotWords = [EnglishDot, "punkt", "punto", "ponto", "точка"];
    private static readonly string[] Articles = ["a", "an", "the", "this", "that", "every", "polka"];
    private char[] _characters;
    private int[] _starts;
    private int _count;

    private LinkText(int capacity) =>
        (_characters, _starts) = (ArrayPool<char>.Shared.Rent(capacity), ArrayPool<int>.Shared.Rent(capacity + 1));

    /// <summary>The characters.</summary>
    public readonly ReadOnlySpan<char> Characters => _characters.AsSpan(0, _count);

    /// <summary>Returns the position in the text of a character, or of the end, in UTF-16 units.</summary>
    public readonly int StartOf(int index) => _starts[index];

    /// <summary>Reads a text of any length and content.</summary>
    public static LinkText Of(string text)
    {
        var result = new LinkText(text.Length + 1);
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            if (Map(rune) is var character and not '\0')
            {
                result._starts[result._count] = i;
                result._characters[result._count++] = character;
            }

            i += length;
        }

        result._starts[result._count] = text.Length;
        result.JoinDots();
        return result;
    }

    /// <summary>Returns the rented memory.</summary>
    public void Dispose()
    {
        ArrayPool<char>.Shared.Return(_characters);
        ArrayPool<int>.Shared.Return(_starts);
        (_characters, _starts, _count) = ([], [], 0);
    }

    private static char Map(Rune rune)
    {
        var value = LookAlikes.Undecorate(rune.Value) is var plain and not '\0' ? plain : rune.Value;
        return value switch
        {
            0x3002 or 0xFF61 or 0x2024 or 0xB7 or 0x2022 or 0x2027 => '.',
            0x200B or 0x200C or 0x200D or 0x2060 or 0xFEFF or 0xAD or 0x34F => '\0',
            >= 0xFE00 and <= 0xFE0F => '\0',
            < ' ' => ' ',
            > char.MaxValue => Other,
            _ when char.IsWhiteSpace((char)value) => ' ',
            _ => char.ToLowerInvariant((char)value),
        };
    }

    // Replaces disguised dots between two labels in place: "[.]", "(dot)", " dot ", " . ".
    private void JoinDots()
    {
        var characters = _characters.AsSpan(0, _count);
        var to = 0;
        for (var from = 0; from < characters.Length;)
        {
            var (dot, end) = to > 0 && char.IsLetterOrDigit(characters[to - 1]) ? ReadDot(characters, from, to) : ('\0', from);
            if (dot != '\0' && end < characters.Length && char.IsLetterOrDigit(characters[end]))
            {
                (characters[to], _starts[to]) = (dot, _starts[from]);
                (to, from) = (to + 1, end);
            }
            else
            {
                (characters[to], _starts[to]) = (characters[from], _starts[from]);
                (to, from) = (to + 1, from + 1);
            }
        }

        _starts[to] = _starts[_count];
        _count = to;
    }

    private static (char Dot, int End) ReadDot(ReadOnlySpan<char> characters, int from, int written)
    {
        // Clean text has single spaces, so that the length of a disguise is bounded.
        var at = from;
        var isSpaced = Skip(characters, ref at, " ");
        var isHidden = Skip(characters, ref at, "([{<");
        if (isHidden)
        {
            Skip(characters, ref at, " ");
        }

        var word = "";
        if (!Skip(characters, ref at, "."))
        {
            word = DotWordAt(characters[at..]);
            if (word.Length == 0)
            {
                return ('\0', from);
            }

            at += word.Length;
        }

        if (isHidden)
        {
            Skip(characters, ref at, " ");
            if (!Skip(characters, ref at, ")]}>"))
            {
                return ('\0', from);
            }

            Skip(characters, ref at, " ");
            return (HiddenDot, at);
        }

        if (!isSpaced || !Skip(characters, ref at, " "))
        {
            return ('\0', from);
        }

        return word != EnglishDot ? (SpacedDot, at) : FollowsArticle(characters[..written]) ? ('\0', from) : (DotWord, at);
    }

    private static string DotWordAt(ReadOnlySpan<char> characters)
    {
        foreach (var word in DotWords)
        {
            if (characters.StartsWith(word))
            {
                return word;
            }
        }

        return "";
    }

    // "the dot com years".
    private static bool FollowsArticle(ReadOnlySpan<char> written)
    {
        var word = written[(written.LastIndexOf(' ') + 1)..];
        foreach (var article in Articles)
        {
            if (word.SequenceEqual(article))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Skip(ReadOnlySpan<char> characters, ref int at, string any)
    {
        if (at >= characters.Length || !any.Contains(characters[at]))
        {
            return false;
        }

        at++;
        return true;
    }
}
