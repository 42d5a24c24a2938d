using System.Text;
using Broadcast.Chat.Filters.Folding;

namespace Broadcast.Chat.Filters.Words;

/// <summary>
/// An entry of a word list: a word or several, or emoji. It matches whole words. <c>*</c> at its start or end also matches inside of words:
/// <c>bad*</c> matches "badly", <c>*bad*</c> also "unbadly". In scripts without spaces between words, entries match anywhere.
/// </summary>
internal sealed class WordEntry
{
    /// <summary>Maximum length of an entry in code points, <c>*</c> included.</summary>
    public const int MaxLength = 60;

    /// <summary>Minimum number of letters and digits of an entry.</summary>
    public const int MinLetters = 2;

    /// <summary>Minimum number of letters and digits of an entry with <c>*</c>.</summary>
    public const int MinOpenLetters = 3;

    private readonly WordRun[] _runs;
    private readonly bool[] _digits;

    private WordEntry(string text, WordRun[] runs, bool[] digits, bool isOpenAtStart, bool isOpenAtEnd)
    {
        (Text, _runs, _digits, IsOpenAtStart, IsOpenAtEnd) = (text, runs, digits, isOpenAtStart, isOpenAtEnd);
        Letters = runs.Where(run => run.Letter != WordRun.Separator).Sum(run => run.Count);
        Digits = runs.Where((_, i) => digits[i]).Sum(run => run.Count);
    }

    /// <summary>The entry as it was written.</summary>
    public string Text { get; }

    /// <summary>The runs of its letters.</summary>
    public ReadOnlySpan<WordRun> Runs => _runs;

    /// <summary>For each run: it consists of digits, which only match the same digits.</summary>
    public ReadOnlySpan<bool> IsDigits => _digits;

    /// <summary>The entry begins with <c>*</c>.</summary>
    public bool IsOpenAtStart { get; }

    /// <summary>The entry ends with <c>*</c>.</summary>
    public bool IsOpenAtEnd { get; }

    /// <summary>Number of letters, digits and symbols.</summary>
    public int Letters { get; }

    /// <summary>Number of digits that only match the same digits.</summary>
    public int Digits { get; }

    /// <summary>Scripts of the letters.</summary>
    public Scripts Scripts { get; private init; }

    /// <summary>The entry contains letters with diacritics.</summary>
    public bool IsAccented { get; private init; }

    /// <summary>The entry contains letters, so that a match of digits alone is a number.</summary>
    public bool HasLetters { get; private init; }

    /// <summary>The entry without its separators, for words that are written as one; <see langword="null"/> when it is one word.</summary>
    public WordEntry? Joined { get; private init; }

    /// <summary>Returns the letter of each run.</summary>
    public int[] LettersOfRuns() => [.. _runs.Select(run => run.Letter)];

    /// <summary>Parses an entry.</summary>
    /// <returns>The error as a sentence; <see langword="null"/> when the entry is valid.</returns>
    public static string? TryParse(string? text, out WordEntry? entry)
    {
        entry = null;
        var quoted = SettingErrors.Shorten(text);
        if (text is null || text.Length > 2 * MaxLength || text.EnumerateRunes().Count() > MaxLength)
        {
            return $"The entry '{quoted}' is longer than {MaxLength} characters.";
        }

        var trimmed = text.AsSpan().Trim();
        var (isOpenAtStart, isOpenAtEnd) = (trimmed.StartsWith("*"), trimmed.EndsWith("*"));
        var word = trimmed.Trim("* ").ToString();
        using var folded = FoldedText.Of(word);
        var (first, end) = Trim(folded.Elements);
        var elements = folded.Elements[first..end];

        // A syllable of Hangul consists of two or three letters.
        var letters = Count(elements, element => element.IsInWord) + Count(elements, element => element.Letter is >= 0xAC00 and <= 0xD7A3);
        var isFree = Count(elements, element => element.Kind == ElementKind.Symbol || element.Script == Scripts.Unspaced) > 0;
        if (letters < MinLetters && !isFree)
        {
            return letters == 0 && word.Length == 0 ? $"The entry '{quoted}' is empty."
                : $"The entry '{quoted}' has fewer than {MinLetters} letters or digits.";
        }

        if (letters < MinOpenLetters && (isOpenAtStart || isOpenAtEnd) && !isFree)
        {
            return $"The entry '{quoted}' needs at least {MinOpenLetters} letters or digits beside '*'.";
        }

        var joined = Count(elements, element => element.Kind is ElementKind.Space or ElementKind.Joint or ElementKind.Stop) > 0
            ? Create(text, elements, joins: true, isOpenAtStart, isOpenAtEnd, null) : null;
        entry = Create(text, elements, joins: false, isOpenAtStart, isOpenAtEnd, joined);
        return null;
    }

    private static WordEntry Create(string text, ReadOnlySpan<TextElement> elements, bool joins, bool isOpenAtStart, bool isOpenAtEnd,
        WordEntry? joined)
    {
        var runs = new WordRun[elements.Length];
        Array.Resize(ref runs, WordRun.Divide(elements, 0, elements.Length, joins, SlimLetters.AsWritten, runs));
        var digits = new bool[runs.Length];
        for (var i = 0; i < runs.Length; i++)
        {
            digits[i] = Count(elements[runs[i].First..runs[i].End], element => element.IsInWord && element.Kind != ElementKind.Digit) == 0
                && elements[runs[i].First].Kind == ElementKind.Digit;
        }

        var scripts = Scripts.None;
        foreach (var element in elements)
        {
            scripts |= element.Script;
        }

        return new(text, runs, digits, isOpenAtStart, isOpenAtEnd)
        {
            Scripts = scripts,
            HasLetters = Count(elements, element => element.Kind == ElementKind.Letter) > 0,
            IsAccented = Count(elements, element => element.IsAccented) > 0,
            Joined = joined,
        };
    }

    // Separators at the ends would have to be in the text.
    private static (int First, int End) Trim(ReadOnlySpan<TextElement> elements)
    {
        var (first, end) = (0, elements.Length);
        while (first < end && elements[first] is { IsInWord: false, Kind: not ElementKind.Symbol })
        {
            first++;
        }

        while (end > first && elements[end - 1] is { IsInWord: false, Kind: not ElementKind.Symbol })
        {
            end--;
        }

        return (first, end);
    }

    private static int Count(ReadOnlySpan<TextElement> elements, Func<TextElement, bool> condition)
    {
        var count = 0;
        foreach (var element in elements)
        {
            count += condition(element) ? 1 : 0;
        }

        return count;
    }
}
