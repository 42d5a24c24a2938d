using System.Text.Json;
using Broadcast.Chat.Filters;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests.Filters;

public sealed class MessageFilterTests
{
    [Fact]
    public void Everything_is_allowed_by_default()
    {
        MessageFilter.None.Check("BADWORD http://example.com @a @b @c \U0001F600\U0001F600 AAAAAAAAAAAAAAAAAAAA", "badword")
            .ShouldBe(FilterDecision.Allowed);
        new FilterSettings().Validate().ShouldBeEmpty();
    }

    [Fact]
    public void Word_lists_apply_to_text_and_name()
    {
        var filter = new MessageFilter(new() { Words = new() { Held = ["darn"], Rejected = ["badword"] } });
        var held = filter.Check("oh d4rn it", "Ada");
        (held.Action, held.Rule, held.Start, held.Length).ShouldBe((FilterAction.Hold, FilterRule.Word, 3, 4));
        held.ForModerators.ShouldContain("'darn'");
        held.ForSender.ShouldNotContain("d4rn");
        held.ForSender.ShouldNotContain("darn");
        filter.Check("oh darn badword", "Ada").Action.ShouldBe(FilterAction.Reject);
        var named = filter.Check("oh darn", "xx_BADWORD_xx");
        (named.Action, named.Rule, named.Start, named.Length).ShouldBe((FilterAction.Reject, FilterRule.Name, 3, 7));
        filter.Check("hello", "Darn").ShouldBe(filter.CheckName("Darn"));
        filter.CheckName("Darn").Action.ShouldBe(FilterAction.Hold);
        filter.CheckName("Darnell").ShouldBe(FilterDecision.Allowed);
        filter.Check("hello", "Ada").ShouldBe(FilterDecision.Allowed);
    }

    [Theory]
    [InlineData("see example.com/x", true)]
    [InlineData("see https://www.example.com", true)]
    [InlineData("see b\u00FCcher.de", true)]
    [InlineData("see xn--bcher-kva.de", true)]
    [InlineData("see \uFF45xample.com", true)]
    [InlineData("see badexample.com", false)]
    [InlineData("see ex\u0430mple.com", false)]
    [InlineData("see https://example.com@evil.org", false)]
    [InlineData("see example.com and evil.org", false)]
    [InlineData("see http://127.1/", false)]
    [InlineData("no link", true)]
    public void Links_to_allowed_domains_and_their_subdomains_are_allowed(string text, bool isAllowed)
    {
        var filter = new MessageFilter(new() { Links = new() { Action = FilterAction.Hold, Domains = ["Example.com", "b\u00FCcher.de"] } });
        filter.Check(text).Action.ShouldBe(isAllowed ? FilterAction.Allow : FilterAction.Hold);
        filter.Check(text).Rule.ShouldBe(isAllowed ? FilterRule.None : FilterRule.Link);
    }

    [Theory]
    [InlineData("goooal", true)]
    [InlineData("gooooal", false)]
    [InlineData("gOoOoal", false)]
    [InlineData("!!!!", false)]
    [InlineData("\U0001F600\U0001F600\U0001F600\U0001F600", false)]
    [InlineData("hahahaha", true)]
    public void Runs_of_the_same_character_are_limited(string text, bool isAllowed)
    {
        var decision = new MessageFilter(new() { Repeats = new() { Action = FilterAction.Reject, MaxRun = 3 } }).Check(text);
        decision.Rule.ShouldBe(isAllowed ? FilterRule.None : FilterRule.Run);
        decision.Length.ShouldBe(isAllowed ? 0 : text.Trim('g', 'a', 'l').Length);
    }

    [Theory]
    [InlineData("HELLO YOU", true)]
    [InlineData("HELLO EVERYBODY", false)]
    [InlineData("Hello there EVERYBODY", true)]
    [InlineData("HELLO everyBODY", true)]
    [InlineData("ПРИВЕТ ВСЕМ СЕГОДНЯ", false)]
    [InlineData("今天很好今天很好今天很好", true)]
    [InlineData("12345678901234567890", true)]
    public void Share_of_capitals_is_limited_in_long_messages(string text, bool isAllowed) =>
        new MessageFilter(new() { Capitals = new() { Action = FilterAction.Hold, MaxPercent = 70 } }).Check(text).Rule
            .ShouldBe(isAllowed ? FilterRule.None : FilterRule.Capitals);

    [Theory]
    [InlineData("text only", 0)]
    [InlineData("\U0001F600 \u2764\uFE0F", 2)]
    [InlineData("\U0001F44D\U0001F3FD\U0001F44D\U0001F3FF", 2)]
    [InlineData("\U0001F468\u200D\U0001F469\u200D\U0001F467", 1)]
    [InlineData("\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7", 2)]
    [InlineData("1\uFE0F\u20E3 #\uFE0F\u20E3", 2)]
    [InlineData("\u2654 \u00A9 \u2192 5\u20AC", 0)]
    public void Emoji_are_counted_as_people_see_them(string text, int expected) => MessageCounts.Of(text).Emoji.ShouldBe(expected);

    [Theory]
    [InlineData("@ada hi @bob", 2)]
    [InlineData("@ada@bob", 1)]
    [InlineData("me@example.org", 0)]
    [InlineData("@ @! @_x (@ирина)", 2)]
    public void Mentions_are_counted(string text, int expected) => MessageCounts.Of(text).Mentions.ShouldBe(expected);

    [Fact]
    public void Numbers_of_emoji_and_mentions_are_limited()
    {
        var filter = new MessageFilter(new()
        {
            Emoji = new() { Action = FilterAction.Hold, Max = 2 }, Mentions = new() { Action = FilterAction.Reject, Max = 0 },
        });
        filter.Check("\U0001F600\U0001F600").ShouldBe(FilterDecision.Allowed);
        filter.Check("\U0001F600\U0001F600\U0001F600").Rule.ShouldBe(FilterRule.Emoji);
        filter.Check("\U0001F600\U0001F600\U0001F600 @a").Rule.ShouldBe(FilterRule.Mentions, "a rejection precedes a hold");
    }

    [Fact]
    public void Repetitions_have_reasons()
    {
        var filter = new MessageFilter(new() { Repeats = new() { Action = FilterAction.Reject, SenderSeconds = 10 } });
        filter.CheckRepeat(RepeatKind.None).ShouldBe(FilterDecision.Allowed);
        filter.CheckRepeat(RepeatKind.BySender).Action.ShouldBe(FilterAction.Reject);
        filter.CheckRepeat(RepeatKind.ByOthers).ForSender.ShouldNotBe(filter.CheckRepeat(RepeatKind.BySender).ForSender);
        MessageFilter.None.CheckRepeat(RepeatKind.BySender).ShouldBe(FilterDecision.Allowed);
    }

    [Fact]
    public void Settings_survive_JSON_and_missing_members_have_their_defaults()
    {
        var settings = new FilterSettings
        {
            Words = new() { Held = ["a*", "傻"], Rejected = ["badword"] },
            Links = new() { Action = FilterAction.Reject, Domains = ["example.com"] },
            Repeats = new() { Action = FilterAction.Hold, MaxRun = 9, SenderSeconds = 30, AnyoneSeconds = 5 },
            Capitals = new() { Action = FilterAction.Hold, MaxPercent = 80 },
            Emoji = new() { Action = FilterAction.Hold, Max = 4 },
            Mentions = new() { Action = FilterAction.Reject, Max = 2 },
        };
        var json = JsonSerializer.Serialize(settings, FilterJson.Default.FilterSettings);
        json.ShouldContain("\"action\":\"hold\"");
        JsonSerializer.Serialize(JsonSerializer.Deserialize(json, FilterJson.Default.FilterSettings), FilterJson.Default.FilterSettings)
            .ShouldBe(json);

        foreach (var partial in new[] { "{}", """{"words":null,"links":null,"capitals":{},"emoji":{"action":"allow"}}""" })
        {
            var read = JsonSerializer.Deserialize(partial, FilterJson.Default.FilterSettings).ShouldNotBeNull();
            read.Validate().ShouldBeEmpty();
            (read.Capitals.MaxPercent, read.Emoji.Max, read.Words.Held.Count, read.Links.Domains.Count).ShouldBe((70, 10, 0, 0));
        }
    }

    public static TheoryData<string, string> InvalidSettings => new()
    {
        { """{"words":{"held":["a"]}}""", "'words': The entry 'a' has fewer than 2" },
        { """{"words":{"rejected":[null]}}""", "'words': The entry 'null'" },
        { """{"links":{"domains":["https://example.com/"]}}""", "'https://example.com/' is not a domain" },
        { """{"links":{"domains":[null]}}""", "'null' is not a domain" },
        { """{"links":{"action":7}}""", "'links.action' must be" },
        { """{"repeats":{"maxRun":2}}""", "'repeats.maxRun' is 2, but must be 3 to 500" },
        { """{"repeats":{"senderSeconds":-1}}""", "'repeats.senderSeconds' is -1" },
        { """{"repeats":{"anyoneSeconds":601}}""", "'repeats.anyoneSeconds' is 601" },
        { """{"capitals":{"maxPercent":100}}""", "'capitals.maxPercent' is 100, but must be 1 to 99" },
        { """{"emoji":{"max":501}}""", "'emoji.max' is 501" },
        { """{"mentions":{"max":-1}}""", "'mentions.max' is -1" },
    };

    [Theory]
    [MemberData(nameof(InvalidSettings))]
    public void Invalid_settings_have_clear_errors(string json, string error)
    {
        var settings = JsonSerializer.Deserialize(json, FilterJson.Default.FilterSettings).ShouldNotBeNull();
        settings.Validate().ShouldHaveSingleItem().ShouldContain(error);
        new MessageFilter(settings).Check("still works").ShouldBe(FilterDecision.Allowed);
    }

    [Fact]
    public void Lists_and_errors_are_limited()
    {
        var words = Enumerable.Range(0, 501).Select(i => $"word{i}").ToArray();
        new FilterSettings { Words = new() { Held = words[..500], Rejected = words[..500] } }.Validate().ShouldBeEmpty();
        new FilterSettings { Words = new() { Held = words, Rejected = words[..500] } }.Validate()
            .ShouldHaveSingleItem().ShouldContain("has 1001 entries");
        var domains = Enumerable.Range(0, 101).Select(i => $"d{i}.com").ToArray();
        new FilterSettings { Links = new() { Domains = domains[..100] } }.Validate().ShouldBeEmpty();
        new FilterSettings { Links = new() { Domains = domains } }.Validate().ShouldHaveSingleItem().ShouldContain("has 101 entries");
        var errors = new FilterSettings { Words = new() { Held = [.. Enumerable.Repeat(new string('x', 500), 100)] } }.Validate();
        errors.Count.ShouldBe(SettingErrors.Max);
        errors[0].Length.ShouldBeLessThan(200);
    }
}
