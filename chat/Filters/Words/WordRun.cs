using Broadcast.Chat.Filters.Folding;

namespace Broadcast.Chat.Filters.Words;

/// <summary>Readings of the letters i and l, which have the same shape in many fonts.</summary>
internal enum SlimLetters
{
    /// <summary>As they are written; <c>1 ! |</c> are i.</summary>
    AsWritten,

    /// <summary><c>1 ! |</c> and the capital I are l: <c>s1ut</c>.</summary>
    AsL,

    /// <summary>The letter l is i: <c>shlt</c>.</summary>
    AsI,
}

/// <summary>
/// The same folded letter one or several times in a row; a separator is one run with a space as its letter. Letters of scripts without
/// spaces are runs of their own, because repeating them is normal spelling.
/// </summary>
/// <param name="Letter">The letter.</param>
/// <param name="First">Index of the first element.</param>
/// <param name="End">Index after the last element.</param>
/// <param name="Count">Number of letters; 1 for a separator of any length.</param>
internal readonly record struct WordRun(int Letter, int First, int End, int Count)
{
    /// <summary>Letter of the run of separators.</summary>
    public const int Separator = ' ';

    /// <summary>Divides elements into runs.</summary>
    /// <param name="elements">All elements.</param>
    /// <param name="first">Index of the first element to read.</param>
    /// <param name="end">Index after the last element to read.</param>
    /// <param name="joins">Leaves separators and symbols out, so that the words around them are joined.</param>
    /// <param name="slim">Reading of i and l.</param>
    /// <param name="runs">Receives the runs; as long as the elements.</param>
    /// <returns>The number of runs.</returns>
    public static int Divide(ReadOnlySpan<TextElement> elements, int first, int end, bool joins, SlimLetters slim, Span<WordRun> runs)
    {
        var count = 0;
        for (var i = first; i < end; i++)
        {
            ref readonly var element = ref elements[i];
            if (joins && !element.IsInWord)
            {
                continue;
            }

            var letter = slim switch
            {
                SlimLetters.AsL when element.CanBeL => 'l',
                SlimLetters.AsI when element.Letter == 'l' => 'i',
                _ => element.Letter,
            };
            var isSeparator = !element.IsInWord && element.Kind != ElementKind.Symbol;
            var isRepeated = count > 0 && runs[count - 1].Letter == letter
                && (isSeparator || (element.IsInWord && element.Script != Scripts.Unspaced));
            if (!isRepeated)
            {
                runs[count++] = new(letter, i, i + 1, 1);
            }
            else
            {
                var run = runs[count - 1];
                runs[count - 1] = run with { End = i + 1, Count = isSeparator ? 1 : run.Count + 1 };
            }
        }

        return count;
    }
}
