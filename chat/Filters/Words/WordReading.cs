using Broadcast.Chat.Filters.Folding;

namespace Broadcast.Chat.Filters.Words;

/// <summary>Ways to read a text.</summary>
internal enum ReadingKind
{
    /// <summary>As it is written.</summary>
    Plain,

    /// <summary>Words of one letter as one word: <c>b a.d</c>.</summary>
    Spelled,

    /// <summary>Words of one letter with the same separators between all of them as one word: <c>b a d</c>, <c>b.a.d</c>.</summary>
    EvenlySpelled,

    /// <summary>Words with hyphens and the like between them as one word: <c>b-ad</c>.</summary>
    Divided,
}

/// <summary>
/// Sequence of runs that is read from a text. Decides whether the text contains an entry with the same letters: from end to end of a word,
/// with as many of each letter, and not as a number or a word of another language.
/// </summary>
/// <param name="text">The text.</param>
/// <param name="runs">The runs.</param>
/// <param name="kind">The way in which they were read.</param>
/// <param name="slim">The reading of i and l.</param>
internal readonly ref struct WordReading(FoldedText text, ReadOnlySpan<WordRun> runs, ReadingKind kind, SlimLetters slim)
{
    // Spelled out words with fewer letters are matched only as a whole, because words of two and three letters are in many longer ones.
    private const int MinSpelledInside = 5;
    private const int MinSpelledOpenInside = 4;
    private const int MinSpelled = 3;
    private const int MinDivided = 4;

    // Too many short words differ only in i and l.
    private const int MinWithLAsI = 4;

    private readonly ReadOnlySpan<TextElement> _elements = text.Elements;
    private readonly ReadOnlySpan<WordRun> _runs = runs;
    private readonly Scripts _clearScripts = text.ClearScripts;
    private readonly bool _isVietnamese = text.IsVietnamese;

    /// <summary>Returns whether an entry, whose letters are those of the runs from a position on, matches there.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="start">Index of the first run.</param>
    /// <param name="steps">Counts visited runs and elements.</param>
    public bool Contains(WordEntry entry, int start, ref int steps) => IsAtEdges(entry, start, start + entry.Runs.Length - 1)
        && HasCounts(entry, start, ref steps) && IsMeant(entry, start, start + entry.Runs.Length - 1, ref steps);

    private bool IsAtEdges(WordEntry entry, int start, int last) => kind switch
    {
        ReadingKind.Plain => (entry.IsOpenAtStart || IsEdge(_runs[start].First, -1))
            && (entry.IsOpenAtEnd || IsEdge(_runs[last].End - 1, 1)),
        ReadingKind.Divided => entry.Letters >= MinDivided && start == 0 && last == _runs.Length - 1,
        _ => entry.Scripts == Scripts.Unspaced
            || entry.Letters >= (entry.IsOpenAtStart || entry.IsOpenAtEnd ? MinSpelledOpenInside : MinSpelledInside)
            || (entry.Letters >= (kind == ReadingKind.EvenlySpelled ? MinSpelled : MinSpelled + 1) && IsSpelledStart(start)
                && IsSpelledEnd(last)),
    };

    // Words of one letter are also before and after: "i h a t e u".
    private bool IsSpelledStart(int start) => start == 0 || (start == 1 && _runs[0] is { Count: 1, Letter: 'a' or 'i' or 'u' });

    private bool IsSpelledEnd(int last) =>
        last == _runs.Length - 1 || (last == _runs.Length - 2 && _runs[^1] is { Count: 1, Letter: 'u' });

    // A word ends where another character follows than a letter, and digits at its end do not belong to it ("bad1").
    private bool IsEdge(int at, int direction)
    {
        var element = _elements[at];
        var next = at + direction;
        if (direction > 0 && next < _elements.Length && _elements[next].IsMark)
        {
            return false;
        }

        if (element is { IsInWord: false } or { Script: Scripts.Unspaced })
        {
            return true;
        }

        if (element.Kind != ElementKind.Digit)
        {
            while (next >= 0 && next < _elements.Length && _elements[next].Kind == ElementKind.Digit)
            {
                next += direction;
            }
        }

        return next < 0 || next >= _elements.Length || _elements[next] is { Kind: not (ElementKind.Letter or ElementKind.Digit) }
            or { Script: Scripts.Unspaced };
    }

    // One more letter than in the entry is usually another word ("lose", "loose"), two or more are emphasis ("baaad").
    private bool HasCounts(WordEntry entry, int start, ref int steps)
    {
        var extra = 0;
        for (var i = 0; i < entry.Runs.Length; i++)
        {
            steps++;
            var (expected, run) = (entry.Runs[i], _runs[start + i]);
            if (run.Count < expected.Count || (entry.IsDigits[i] && !IsNumber(run, expected.Count)))
            {
                return false;
            }

            var isOpen = (i == 0 && entry.IsOpenAtStart) || (i == entry.Runs.Length - 1 && entry.IsOpenAtEnd);
            extra += isOpen ? 0 : run.Count - expected.Count;
        }

        return slim == SlimLetters.AsI ? extra == 0 && entry.Letters >= MinWithLAsI : extra != 1;
    }

    private bool IsNumber(WordRun run, int count)
    {
        for (var i = run.First; i < run.End; i++)
        {
            if (_elements[i].Kind is ElementKind.Letter or ElementKind.LetterSymbol)
            {
                return false;
            }
        }

        return run.Count == count;
    }

    // Numbers and names of products ("A55") are not words, and neither are words of another language that only look like the entry.
    private bool IsMeant(WordEntry entry, int start, int last, ref int steps)
    {
        var (letters, digits, symbols, isAccented, scripts) = (0, 0, 0, false, Scripts.None);
        for (var i = _runs[start].First; i < _runs[last].End; i++)
        {
            steps++;
            var element = _elements[i];
            scripts |= element.Script;
            isAccented |= element.IsAccented;
            letters += element is { Kind: ElementKind.Letter } or { Kind: ElementKind.LetterSymbol, Letter: 'a' } ? 1 : 0;
            digits += element.Kind == ElementKind.Digit ? 1 : 0;
            symbols += element.Kind == ElementKind.LetterSymbol ? 1 : 0;
        }

        digits -= entry.Digits;
        if (entry.HasLetters && (letters == 0
            || (entry.Letters < MinSpelled && digits + symbols > 0)
            || (entry.Letters == MinSpelled && digits > letters)))
        {
            return false;
        }

        var isOtherScript = entry.Scripts == Scripts.Latin && scripts is (Scripts.Cyrillic or Scripts.Greek)
            && (_clearScripts & scripts) != Scripts.None;
        var isOtherLanguage = _isVietnamese && isAccented && !entry.IsAccented;
        return !isOtherScript && !isOtherLanguage;
    }
}
