using System.Text;
using Broadcast.Chat.Filters;
using Broadcast.Chat.Filters.Folding;
using Broadcast.Chat.Filters.Links;
using Broadcast.Chat.Filters.Words;
using Broadcast.Chat.Text;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests.Filters;

/// <summary>Hostile messages and lists: any text, and the worst cases of the search, measured in steps and not in time.</summary>
public sealed class HostileMessageTests
{
    // Characters to which the filters give a meaning, and some of each kind.
    private const string Alphabet = "aabbcdilosIO013457@$!|*.-_ :/[]()dotcomwww"
        + "\u0301\u200D\uFE0F\u0430\u0435\u03B1\u0397\u00E9\u00DF\uFB03\u3099か傻ก็ـﻻ\u1100\u1161\u11A8\u3002\uFF21\uD835\uDC00\uD83D\uDE00\uD83C\uDDE6\uFFFD\u0640٣";

    private static readonly FilterSettings Everything = new()
    {
        Words = new() { Held = [.. Words(500)], Rejected = [.. Words(1000).Skip(500)] },
        Links = new() { Action = FilterAction.Hold, Domains = ["example.com", "b\u00FCcher.de"] },
        Repeats = new() { Action = FilterAction.Hold, MaxRun = 5 },
        Capitals = new() { Action = FilterAction.Hold },
        Emoji = new() { Action = FilterAction.Hold, Max = 3 },
        Mentions = new() { Action = FilterAction.Hold, Max = 3 },
    };

    private static IEnumerable<string> Words(int count) =>
        Enumerable.Range(0, count).Select(i => $"{(i % 5 == 0 ? "*" : "")}{"abdilos傻"[i % 8]}{i:x}word{(i % 7 == 0 ? "*" : "")}");

    [Fact]
    public void Any_text_gets_the_same_decision_twice_with_a_match_within_it()
    {
        var (filter, other) = (new MessageFilter(Everything), new MessageFilter(Everything));
        Everything.Validate().ShouldBeEmpty();
        Prop.ForAll(Texts(), text =>
        {
            var decision = filter.Check(text, text);
            other.Check(text, text).ShouldBe(decision);
            return decision.Start >= 0 && decision.Length >= 0 && decision.Start + decision.Length <= text.Length
                && (decision.Action == FilterAction.Allow) == (decision.Rule == FilterRule.None)
                && (decision.Action == FilterAction.Allow) == (decision.ForModerators.Length == 0);
        }).Check(PropertyTest.Config.WithMaxTest(1_000));
    }

    [Fact]
    public void Any_valid_entry_matches_itself_and_itself_in_a_sentence() =>
        Prop.ForAll(Texts(), text =>
        {
            var entry = new string([.. text.Take(30)]).Trim('*', ' ');
            if (WordEntry.TryParse(entry, out _) is not null || ChatText.TryCleanMessage(entry, out var clean) is not null
                || clean != entry)
            {
                return true;
            }

            var matcher = new WordMatcher([entry], []);
            return matcher.Find(entry) is not null && matcher.Find($"oh , {entry} , no") is not null;
        }).Check(PropertyTest.Config.WithMaxTest(2_000));

    [Fact]
    public void Every_code_point_is_folded_and_counted()
    {
        var filter = new MessageFilter(Everything);
        for (var value = 0; value <= 0x10FFFF; value++)
        {
            if (!Rune.IsValid(value))
            {
                continue;
            }

            var text = new Rune(value).ToString();
            using var folded = FoldedText.Of(text);
            folded.Elements.Length.ShouldBeLessThanOrEqualTo(LookAlikes.MaxLetters);
            foreach (var element in folded.Elements)
            {
                Rune.IsValid(element.Letter).ShouldBeTrue(text);
            }

            if (value < 0x20000)
            {
                filter.Check($"a{text}b.{text}c");
            }
        }
    }

    [Fact]
    public void Folding_a_folded_letter_changes_nothing()
    {
        for (var value = 0x80; value < 0x30000; value++)
        {
            if (!Rune.IsValid(value) || LookAlikes.ScriptOf(value) == Scripts.Greek)
            {
                continue;
            }

            using var once = FoldedText.Of(new Rune(value).ToString());
            if (once.Elements.Length > 0 && once.Elements[0].Kind == ElementKind.Letter)
            {
                var letters = string.Concat(once.Elements.ToArray().Select(element => new Rune(element.Letter).ToString()));
                using var twice = FoldedText.Of(letters);
                string.Concat(twice.Elements.ToArray().Select(element => new Rune(element.Letter).ToString()))
                    .ShouldBe(letters, $"U+{value:X4}");
            }
        }
    }

    public static TheoryData<string, string[], string> WorstCases => new()
    {
        { "nested entries", [.. Enumerable.Range(2, 58).Select(n => new string('a', n) + "b")], new string('a', 500) },
        { "nested alternating entries", [.. Enumerable.Range(1, 29).Select(n => "x" + Repeat("ab", n) + "c")], Repeat("ab", 250) },
        { "open nested entries", [.. Enumerable.Range(2, 27).Select(n => "*" + Repeat("ab", n) + "bb*")], Repeat("ab", 250) },
        { "the same letters", [.. Enumerable.Range(0, 1000).Select(Doubled)], Repeat("abcdefghij", 50) },
        { "the same letters, open", [.. Enumerable.Range(1, 1000).Select(i => $"*{Doubled(i)}*")], Repeat("abcdefghij", 50) },
        { "long prefixes", [.. Enumerable.Range(0, 1000).Select(i => Repeat("ab", 28) + (char)('c' + (i % 20)))], Repeat("ab", 250) },
        { "spelled out", [.. Enumerable.Range(2, 28).Select(n => Repeat("ab", n) + "c")], Repeat("a b ", 125) },
        { "divided", [.. Enumerable.Range(2, 28).Select(n => Repeat("ab", n) + "c")], Repeat("ab-a.b_", 70) },
        { "ambiguous letters", [.. Enumerable.Range(2, 28).Select(n => Repeat("1!", n) + "c")], Repeat("1!I|", 125) },
        { "digits", ["*aab*", "5a5", "aaa*"], "a" + new string('5', 498) + "a" },
        { "separators", ["ab cd", "a b c d*"], Repeat("a . ", 125) },
        { "several letters", ["*viiii*", "*ffifg*"], Repeat("\u2177\uFB03", 250) },
        { "scripts without spaces", [.. Enumerable.Range(2, 50).Select(n => new string('傻', n) + "逼")], new string('傻', 500) },
    };

    [Theory]
    [MemberData(nameof(WorstCases))]
    public void Steps_of_the_search_are_bounded(string name, string[] entries, string text)
    {
        new FilterSettings { Words = new() { Held = entries } }.Validate().ShouldBeEmpty(name);
        new WordMatcher(entries, []).Find(text, out var steps).ShouldBeNull(name);
        steps.ShouldBeLessThan(500 * text.Length, name);
        new WordMatcher(entries, []).Find(text + text, out var twice);
        twice.ShouldBeLessThan((2 * steps) + 20_000, "twice the text takes twice the steps");
    }

    [Fact]
    public void Ordinary_text_takes_a_few_steps_per_character_with_a_thousand_entries()
    {
        var matcher = new WordMatcher(Words(1000), []);
        var text = Repeat("The quick brown fox jumps over the lazy dog. Быстрая лиса. ", 8);
        matcher.Find(text, out var steps).ShouldBeNull();
        steps.ShouldBeLessThan(5 * text.Length);
    }

    [Fact]
    public void Allowed_messages_allocate_nothing()
    {
        var filter = new MessageFilter(Everything);
        var text = Repeat("The quick brown fox, \u0431\u044B\u0441\u0442\u0440\u0430\u044F 傻 l1sa. ", 12);
        for (var i = 0; i < 100; i++)
        {
            filter.Check(text, "Ada Lovelace").ShouldBe(FilterDecision.Allowed);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            filter.Check(text, "Ada Lovelace");
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(100_000, "rented memory is used again");
    }

    [Fact]
    public void Long_links_and_texts_beyond_all_limits_are_read()
    {
        var filter = new MessageFilter(Everything);
        foreach (var text in new[]
        {
            Repeat("a.", 5_000) + "com", Repeat("://", 5_000), Repeat("http://", 2_000), Repeat("[.]", 5_000), Repeat(" dot ", 3_000),
            Repeat("com.", 5_000), Repeat("@", 10_000), "http://" + new string('x', 20_000), Repeat("1.", 10_000),
            new string('\uD800', 10_000), Repeat("\U0001F468\u200D", 5_000), Repeat("\u0301", 10_000),
            "\u1100" + Repeat("\u0301", 500) + "\u1161",
        })
        {
            filter.Check(text, text).ShouldBe(filter.Check(text, text));
            LinkFinder.Find(text, _ => false).ShouldBeNull();
        }
    }

    // Entries of ten letters that differ in which of them are doubled.
    private static string Doubled(int number) =>
        string.Concat("abcdefghij".Select((letter, i) => new string(letter, 1 + ((number >> i) % 2)))) + (number == 0 ? "k" : "");

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static Arbitrary<string> Texts() => Gen.OneOf(
        Gen.Choose(0, 500).SelectMany(length => Gen.Elements(Alphabet.ToCharArray()).ArrayOf(length)).Select(chars => new string(chars)),
        Gen.Choose(0, 60).SelectMany(length => Gen.Choose(0, 0x2FFFF).ArrayOf(length))
            .Select(values => string.Concat(values.Where(Rune.IsValid).Select(value => new Rune(value).ToString()))),
        Gen.Choose(0, 500).SelectMany(length => Gen.Choose(0, 0xFFFF).ArrayOf(length))
            .Select(values => new string([.. values.Select(value => (char)value)]))).ToArbitrary();
}
