using System.Buffers;
using Broadcast.Chat.Filters.Folding;

namespace Broadcast.Chat.Filters.Words;

/// <summary>Match of an entry in a text.</summary>
/// <param name="Entry">The entry as it was written.</param>
/// <param name="IsRejected">The entry is in the list of rejected words.</param>
/// <param name="Start">Start in the text in UTF-16 units.</param>
/// <param name="Length">Length in UTF-16 units.</param>
internal readonly record struct WordMatch(string Entry, bool IsRejected, int Start, int Length);

/// <summary>
/// Search for the entries of word lists. A text is read as it is, then as if ambiguous characters were the letter l, and then its spelled
/// out ("b a d") and divided words ("b-ad") are read as one. Immutable and thread-safe.
/// </summary>
internal sealed class WordMatcher
{
    // Spelled out words with fewer letters are matched only as a whole, because words of two and three letters are in many longer ones.
    private const int MinSpelledInside = 5;
    private const int MinSpelledOpenInside = 4;
    private const int MinSpelled = 3;
    private const int MinSpelledUnspaced = 2;
    private const int MinDivided = 4;
    private const int MaxStackRuns = 512;
    private readonly (WordEntry Entry, bool IsRejected)[] _entries;
    private readonly WordAutomaton _automaton;

    /// <summary>Compiles lists. Entries that <see cref="WordEntry.TryParse"/> rejects are left out.</summary>
    public WordMatcher(IEnumerable<string> held, IEnumerable<string> rejected)
    {
        _entries = [.. Parse(rejected, isRejected: true).Concat(Parse(held, isRejected: false))];
        _automaton = new([.. _entries.Select(entry => entry.Entry.LettersOfRuns())]);
    }

    /// <summary>No entry can match.</summary>
    public bool IsEmpty => _entries.Length == 0;

    /// <summary>Finds the first match of a rejected entry, or if there is none, of a held one.</summary>
    /// <param name="text">The text.</param>
    public WordMatch? Find(string text) => Find(text, out _);

    /// <param name="text">The text.</param>
    /// <param name="steps">Number of states and runs that were visited: the cost of the search.</param>
    /// <inheritdoc cref="Find(string)"/>
    public WordMatch? Find(string text, out int steps)
    {
        steps = 0;
        if (IsEmpty)
        {
            return null;
        }

        using var folded = FoldedText.Of(text);
        var length = folded.Elements.Length;
        var rented = length > MaxStackRuns ? ArrayPool<WordRun>.Shared.Rent(length) : null;
        Span<WordRun> runs = rented ?? stackalloc WordRun[MaxStackRuns];
        var search = new Search(this, folded, runs);
        search.Run(asL: false);
        if (folded.HasAmbiguousLetters)
        {
            search.Run(asL: true);
        }

        if (rented is not null)
        {
            ArrayPool<WordRun>.Shared.Return(rented);
        }

        steps = search.Steps;
        return search.Found;
    }

    private static IEnumerable<(WordEntry Entry, bool IsRejected)> Parse(IEnumerable<string> entries, bool isRejected)
    {
        foreach (var text in entries.Take(WordRules.MaxEntries))
        {
            if (WordEntry.TryParse(text, out var entry) is not null)
            {
                continue;
            }

            yield return (entry!, isRejected);
            if (entry!.Joined is { } joined)
            {
                yield return (joined, isRejected);
            }
        }
    }

    private enum Reading
    {
        Plain,
        Spelled,
        Divided,
    }

    private ref struct Search(WordMatcher matcher, FoldedText text, Span<WordRun> runs)
    {
        private readonly ReadOnlySpan<TextElement> _elements = text.Elements;
        private readonly Scripts _clearScripts = text.ClearScripts;
        private readonly bool _isVietnamese = text.IsVietnamese;
        private readonly Span<WordRun> _runs = runs;
        private ReadOnlySpan<WordRun> _read;
        private Reading _reading;
        private bool _isUniform;

        public WordMatch? Found { get; private set; }

        public int Steps;

        private readonly bool IsDone => Found is { IsRejected: true };

        public void Run(bool asL)
        {
            Read(0, _elements.Length, Reading.Plain, asL);

            // Sequences of words of one letter, and of words with one joint between them.
            var (spelledFrom, spelled, onlyUnspaced) = (0, 0, true);
            var (dividedFrom, divided, isSpelled) = (0, 0, true);
            var lastEnd = -1;
            for (var at = 0; at < _elements.Length && !IsDone; at++)
            {
                if (!_elements[at].IsInWord)
                {
                    continue;
                }

                var (first, end, isSingle) = Word(at);
                if (!isSingle)
                {
                    ReadSpelled(spelledFrom, lastEnd, spelled, onlyUnspaced, asL);
                    spelled = 0;
                }
                else
                {
                    (spelledFrom, onlyUnspaced) = spelled == 0 ? (first, true) : (spelledFrom, onlyUnspaced);
                    onlyUnspaced &= _elements[first].Script == Scripts.Unspaced;
                    spelled++;
                }

                if (divided > 0 && first == lastEnd + 1 && _elements[lastEnd].Kind == ElementKind.Joint)
                {
                    (divided, isSpelled) = (divided + 1, isSpelled && isSingle);
                }
                else
                {
                    ReadDivided(dividedFrom, lastEnd, divided, isSpelled, asL);
                    (dividedFrom, divided, isSpelled) = (first, 1, isSingle);
                }

                (lastEnd, at) = (end, end);
            }

            ReadSpelled(spelledFrom, lastEnd, spelled, onlyUnspaced, asL);
            ReadDivided(dividedFrom, lastEnd, divided, isSpelled, asL);
        }

        private void ReadSpelled(int first, int end, int words, bool onlyUnspaced, bool asL)
        {
            if (words >= (onlyUnspaced ? MinSpelledUnspaced : MinSpelled))
            {
                _isUniform = HasUniformGaps(first, end);
                Read(first, end, Reading.Spelled, asL);
            }
        }

        private void ReadDivided(int first, int end, int words, bool isSpelled, bool asL)
        {
            if (words > 1 && !isSpelled)
            {
                Read(first, end, Reading.Divided, asL);
            }
        }

        // The separators between the words of a sequence are alike: "a.s.s", and not "a (s) s".
        private readonly bool HasUniformGaps(int first, int end)
        {
            var (gap, gapLength, length) = (-1, -1, 0);
            for (var i = first; i < end; i++)
            {
                if (!_elements[i].IsInWord)
                {
                    gap = length == 0 && gapLength < 0 ? i : gap;
                    if (gapLength >= 0 && (length == gapLength || _elements[i].Kind != _elements[gap + length].Kind))
                    {
                        return false;
                    }

                    length++;
                }
                else if (length > 0)
                {
                    if (gapLength >= 0 && length != gapLength)
                    {
                        return false;
                    }

                    (gapLength, length) = (length, 0);
                }
            }

            return true;
        }

        // The word that begins at an element, and whether it is the same letter only.
        private readonly (int First, int End, bool IsSingle) Word(int first)
        {
            var (end, isSingle) = (first + 1, true);
            for (; end < _elements.Length && _elements[end].IsInWord; end++)
            {
                isSingle &= _elements[end].Letter == _elements[first].Letter;
            }

            return (first, end, isSingle && (end == first + 1 || _elements[first].Script != Scripts.Unspaced));
        }

        private void Read(int first, int end, Reading reading, bool asL)
        {
            if (IsDone)
            {
                return;
            }

            _reading = reading;
            _read = _runs[..WordRun.Divide(_elements, first, end, joins: reading != Reading.Plain, asL, _runs)];
            var automaton = matcher._automaton;
            var state = WordAutomaton.Start;
            for (var i = 0; i < _read.Length && !IsDone; i++)
            {
                state = automaton.Next(state, _read[i].Letter, ref Steps);
                for (var match = automaton.FirstMatch(state); match != WordAutomaton.Start; match = automaton.NextMatch(match))
                {
                    foreach (var pattern in automaton.PatternsAt(match))
                    {
                        Steps++;
                        Accept(matcher._entries[pattern].Entry, matcher._entries[pattern].IsRejected, i);
                    }
                }
            }
        }

        private void Accept(WordEntry entry, bool isRejected, int last)
        {
            var start = last - entry.Runs.Length + 1;
            if ((Found is not null && !isRejected) || IsDone || !IsAtEdges(entry, start, last) || !HasCounts(entry, start)
                || !IsWritten(entry, start, last))
            {
                return;
            }

            var (first, final) = (_elements[_read[start].First], _elements[_read[last].End - 1]);
            Found = new(entry.Text, isRejected, first.Start, final.Start + final.Length - first.Start);
        }

        private readonly bool IsAtEdges(WordEntry entry, int start, int last) => _reading switch
        {
            Reading.Plain => (entry.IsOpenAtStart || IsEdge(_read[start].First, -1)) && (entry.IsOpenAtEnd || IsEdge(_read[last].End - 1, 1)),
            Reading.Divided => entry.Letters >= MinDivided && start == 0 && last == _read.Length - 1,
            _ => entry.Scripts == Scripts.Unspaced
                || entry.Letters >= (entry.IsOpenAtStart || entry.IsOpenAtEnd ? MinSpelledOpenInside : MinSpelledInside)
                || (entry.Letters >= MinSpelled && (_isUniform || entry.Letters > MinSpelled)
                    && IsSpelledStart(start) && IsSpelledEnd(last)),
        };

        // "i f u c k u": words of one letter before and after.
        private readonly bool IsSpelledStart(int start) =>
            start == 0 || (start == 1 && _read[0] is { Count: 1, Letter: 'a' or 'i' or 'u' });

        private readonly bool IsSpelledEnd(int last) =>
            last == _read.Length - 1 || (last == _read.Length - 2 && _read[^1] is { Count: 1, Letter: 'u' });

        // A word ends where another character follows than a letter, and digits at its end do not belong to it ("bad1").
        private readonly bool IsEdge(int at, int direction)
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
        private bool HasCounts(WordEntry entry, int start)
        {
            var extra = 0;
            for (var i = 0; i < entry.Runs.Length; i++)
            {
                Steps++;
                var (expected, run) = (entry.Runs[i], _read[start + i]);
                if (run.Count < expected.Count || (entry.IsDigits[i] && !IsNumber(run, expected.Count)))
                {
                    return false;
                }

                var isOpen = (i == 0 && entry.IsOpenAtStart) || (i == entry.Runs.Length - 1 && entry.IsOpenAtEnd);
                extra += isOpen ? 0 : run.Count - expected.Count;
            }

            return extra != 1;
        }

        private readonly bool IsNumber(WordRun run, int count)
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
        private bool IsWritten(WordEntry entry, int start, int last)
        {
            var (letters, digits, symbols, isAccented, scripts) = (0, 0, 0, false, Scripts.None);
            for (var i = _read[start].First; i < _read[last].End; i++)
            {
                Steps++;
                var element = _elements[i];
                scripts |= element.Script;
                isAccented |= element.IsAccented;
                letters += element.Kind == ElementKind.Letter || (element.Kind == ElementKind.LetterSymbol && element.Letter == 'a') ? 1 : 0;
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

            if (_isVietnamese && isAccented && !entry.IsAccented)
            {
                return false;
            }

            return entry.Scripts != Scripts.Latin || scripts is not (Scripts.Cyrillic or Scripts.Greek) || (_clearScripts & scripts) == Scripts.None;
        }
    }
}
