using Broadcast.Chat.Filters.Words;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests.Filters;

public sealed class WordAutomatonTests
{
    [Fact]
    public void All_patterns_are_found_where_they_end_whatever_they_have_in_common()
    {
        string[] patterns = ["he", "she", "his", "hers", "s", "ushe", "she", "傻", "aab", "ab"];
        var automaton = new WordAutomaton([.. patterns.Select(pattern => pattern.Select(letter => (int)letter).ToArray())]);
        foreach (var text in new[] { "ushers", "hishershe", "aaab", "傻傻she", "shshe", "", "xyz" })
        {
            var found = new List<(int End, string Pattern)>();
            var (state, steps) = (WordAutomaton.Start, 0);
            for (var i = 0; i < text.Length; i++)
            {
                state = automaton.Next(state, text[i], ref steps);
                for (var match = automaton.FirstMatch(state); match != WordAutomaton.Start; match = automaton.NextMatch(match))
                {
                    foreach (var pattern in automaton.PatternsAt(match))
                    {
                        found.Add((i + 1, patterns[pattern]));
                    }
                }
            }

            var expected = from end in Enumerable.Range(1, text.Length)
                from pattern in patterns
                where text[..end].EndsWith(pattern, StringComparison.Ordinal)
                select (end, pattern);
            found.ShouldBe(expected, ignoreOrder: true, text);
            steps.ShouldBeLessThanOrEqualTo(2 * text.Length);
        }
    }

    [Fact]
    public void Automaton_without_patterns_finds_nothing()
    {
        var automaton = new WordAutomaton([]);
        var steps = 0;
        automaton.FirstMatch(automaton.Next(WordAutomaton.Start, 'a', ref steps)).ShouldBe(WordAutomaton.Start);
        automaton.Count.ShouldBe(1);
    }
}
