using System.Buffers;
using Broadcast.Chat.Filters.Folding;

namespace Broadcast.Chat.Filters.Words;

/// <summary>Match of an entry in a text.</summary>
/// <param name="Entry">The entry as it was written.</param>
/// <param name="IsRejected">The entry is in the list of rejected words.</param>
/// <param name="Start">Start in the text in UTF-16 units.</param>
/// <param name="Length">Length in UTF-16 units.</param>
internal readonly record struct WordMatch(string Entry, bool IsRejected, int Start, int Length);

/// <summary>An entry and the list that it is in.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="IsRejected">The entry is in the list of rejected words.</param>
internal readonly record struct ListedEntry(WordEntry Entry, bool IsRejected);

/// <summary>
/// Search for the entries of word lists. A text is read as it is, and its spelled out ("b a d") and divided words ("b-ad") are
/// read as one; both are repeated with the other readings of i and l. Immutable and thread-safe.
/// </summary>
internal sealed class WordMatcher
{
    private const int MaxStackRuns = 512;
    private readonly ListedEntry[] _entries;
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
        var search = new WordSearch(_automaton, _entries, folded, runs);
        search.Run(SlimLetters.AsWritten);
        if (folded.CanHaveL)
        {
            search.Run(SlimLetters.AsL);
        }

        if (folded.HasL)
        {
            search.Run(SlimLetters.AsI);
        }

        if (rented is not null)
        {
            ArrayPool<WordRun>.Shared.Return(rented);
        }

        steps = search.Steps;
        return search.Found;
    }

    private static IEnumerable<ListedEntry> Parse(IEnumerable<string> entries, bool isRejected)
    {
        foreach (var text in entries.Take(WordRules.MaxEntries))
        {
            if (WordEntry.TryParse(text, out var entry) is not null)
            {
                continue;
            }

            yield return new(entry!, isRejected);
            if (entry!.Joined is { } joined)
            {
                yield return new(joined, isRejected);
            }
        }
    }
}
