using Broadcast.Chat.Filters.Folding;

namespace Broadcast.Chat.Filters.Words;

/// <summary>One search of a text for the entries of lists. Ends at the first match of a rejected entry.</summary>
/// <param name="automaton">Automaton of the entries.</param>
/// <param name="entries">The entries in the order of the automaton's patterns.</param>
/// <param name="text">The text.</param>
/// <param name="runs">Memory for runs; as long as the elements of the text.</param>
internal ref struct WordSearch(WordAutomaton automaton, ListedEntry[] entries, FoldedText text, Span<WordRun> runs)
{
    private const int MinSpelledWords = 3;
    private const int MinSpelledUnspaced = 2;
    private readonly FoldedText _text = text;
    private readonly ReadOnlySpan<TextElement> _elements = text.Elements;
    private readonly Span<WordRun> _runs = runs;
    private int _steps;

    /// <summary>The first match of a rejected entry, or if there is none, of a held one.</summary>
    public WordMatch? Found { get; private set; }

    /// <summary>Number of states, runs and elements that were visited.</summary>
    public readonly int Steps => _steps;

    private readonly bool IsDone => Found is { IsRejected: true };

    /// <summary>Searches the text as it is, and its spelled out and divided words.</summary>
    /// <param name="slim">Reading of i and l.</param>
    public void Run(SlimLetters slim)
    {
        Read(0, _elements.Length, ReadingKind.Plain, slim);

        // Sequences of words of one letter, and of words with one joint between them.
        var (spelledFrom, spelled, onlyUnspaced) = (0, 0, true);
        var (dividedFrom, divided, isSpelled) = (0, 0, true);
        var lastEnd = -1;
        for (var first = 0; first < _elements.Length && !IsDone; first++)
        {
            if (!_elements[first].IsInWord)
            {
                continue;
            }

            var (end, isSingle) = WordAt(first);
            if (!isSingle)
            {
                ReadSpelled(spelledFrom, lastEnd, spelled, onlyUnspaced, slim);
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
                ReadDivided(dividedFrom, lastEnd, divided, isSpelled, slim);
                (dividedFrom, divided, isSpelled) = (first, 1, isSingle);
            }

            (lastEnd, first) = (end, end);
        }

        ReadSpelled(spelledFrom, lastEnd, spelled, onlyUnspaced, slim);
        ReadDivided(dividedFrom, lastEnd, divided, isSpelled, slim);
    }

    private void ReadSpelled(int first, int end, int words, bool onlyUnspaced, SlimLetters slim)
    {
        if (words >= (onlyUnspaced ? MinSpelledUnspaced : MinSpelledWords))
        {
            Read(first, end, HasEqualGaps(first, end) ? ReadingKind.EvenlySpelled : ReadingKind.Spelled, slim);
        }
    }

    private void ReadDivided(int first, int end, int words, bool isSpelled, SlimLetters slim)
    {
        if (words > 1 && !isSpelled)
        {
            Read(first, end, ReadingKind.Divided, slim);
        }
    }

    // The separators between the words of a sequence are alike: "a.s.s", and not "a (s) s".
    private readonly bool HasEqualGaps(int first, int end)
    {
        var (firstGap, firstLength, length) = (0, 0, 0);
        for (var i = first; i < end; i++)
        {
            if (!_elements[i].IsInWord)
            {
                if (firstLength > 0 && (length == firstLength || _elements[i].Kind != _elements[firstGap + length].Kind))
                {
                    return false;
                }

                length++;
                continue;
            }

            if (length > 0 && firstLength > 0 && length != firstLength)
            {
                return false;
            }

            if (length > 0 && firstLength == 0)
            {
                (firstGap, firstLength) = (i - length, length);
            }

            length = 0;
        }

        return true;
    }

    // End of the word that begins at an element, and whether it is the same letter only.
    private readonly (int End, bool IsSingle) WordAt(int first)
    {
        var (end, isSingle) = (first + 1, true);
        for (; end < _elements.Length && _elements[end].IsInWord; end++)
        {
            isSingle &= _elements[end].Letter == _elements[first].Letter;
        }

        return (end, isSingle && (end == first + 1 || _elements[first].Script != Scripts.Unspaced));
    }

    private void Read(int first, int end, ReadingKind kind, SlimLetters slim)
    {
        if (IsDone)
        {
            return;
        }

        var read = _runs[..WordRun.Divide(_elements, first, end, joins: kind != ReadingKind.Plain, slim, _runs)];
        var reading = new WordReading(_text, read, kind, slim);
        var state = WordAutomaton.Start;
        for (var i = 0; i < read.Length; i++)
        {
            state = automaton.Next(state, read[i].Letter, ref _steps);
            for (var match = automaton.FirstMatch(state); match != WordAutomaton.Start; match = automaton.NextMatch(match))
            {
                foreach (var pattern in automaton.PatternsAt(match))
                {
                    _steps++;
                    var (entry, isRejected) = entries[pattern];
                    var start = i - entry.Runs.Length + 1;
                    if ((Found is null || isRejected) && reading.Contains(entry, start, ref _steps))
                    {
                        var (from, to) = (_elements[read[start].First], _elements[read[i].End - 1]);
                        Found = new(entry.Text, isRejected, from.Start, to.Start + to.Length - from.Start);
                        if (isRejected)
                        {
                            return;
                        }
                    }
                }
            }
        }
    }
}
