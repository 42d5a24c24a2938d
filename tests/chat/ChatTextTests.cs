using System.Text;
using Broadcast.Chat.Text;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

public sealed class ChatTextTests
{
    [Theory]
    [InlineData("hello", "hello")]
    [InlineData("  two\t\r\n words  ", "two words")]
    [InlineData("<b>bold</b> & \"quoted\"", "<b>bold</b> & \"quoted\"")]
    [InlineData("e\u0301t\u00e9", "e\u0301t\u00e9")]
    [InlineData("\u202Eabc\u202C\u2066d\u2069", "abcd")]
    [InlineData("a\u200Bb\uFEFFc\u2060d\u00ADe", "abcde")]
    [InlineData("a\u0000b\u001B[31mc\u007F", "ab[31mc")]
    [InlineData("\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67", "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67")]
    [InlineData("\u2764\uFE0F 1\uFE0F\u20E3", "\u2764\uFE0F 1\uFE0F\u20E3")]
    [InlineData("\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645", "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645")]
    [InlineData("x\uD800y", "xy")]
    [InlineData("a\u200D\u200D\u200D\u200Db", "a\u200Db")]
    [InlineData("\u3164name\u115F\u2800", "name")]
    [InlineData("a\u2028b\u2029c", "a b c")]
    [InlineData("\u0E17\u0E35\u0E48", "\u0E17\u0E35\u0E48")]
    [InlineData("\U000E0041\U000E0042 tags", "tags")]
    [InlineData("\U0001F3F4\U000E0067\U000E0062\U000E007F flag", "\U0001F3F4\U000E0067\U000E0062\U000E007F flag")]
    public void Text_is_cleaned(string raw, string expected)
    {
        ChatText.TryCleanMessage(raw, out var text).ShouldBeNull();
        text.ShouldBe(expected);
    }

    [Fact]
    public void Marks_that_cover_other_lines_are_limited()
    {
        var zalgo = "Z" + string.Concat(Enumerable.Repeat("\u0335\u0321\u0353", 30)) + "a" + new string('\u0336', 50);
        ChatText.TryCleanMessage(zalgo, out var text).ShouldBeNull();
        text.EnumerateRunes().Count().ShouldBe(2 + (2 * ChatText.MaxMarks));
        text.ShouldStartWith("Z");
        text.ShouldContain("a");
    }

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("", "empty")]
    [InlineData(" \u200B\u202E\n", "empty")]
    public void Missing_and_invisible_text_is_rejected(string? raw, string words) =>
        ChatText.TryCleanMessage(raw, out _).ShouldNotBeNull().ShouldContain(words);

    [Fact]
    public void Length_counts_code_points_after_cleaning()
    {
        ChatText.TryCleanMessage(string.Concat(Enumerable.Repeat("\uD83D\uDE00", 500)), out _).ShouldBeNull();
        ChatText.TryCleanMessage(string.Concat(Enumerable.Repeat("\uD83D\uDE00", 501)), out _).ShouldNotBeNull().ShouldContain("500");
        ChatText.TryCleanMessage(new string(' ', 1000) + "a", out var text).ShouldBeNull();
        text.ShouldBe("a");
        ChatText.TryCleanMessage(new string('a', 65_536), out _).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("Ada", null)]
    [InlineData("Ирина 2", null)]
    [InlineData("...", "letter or a digit")]
    [InlineData("\uD83D\uDE00", "letter or a digit")]
    [InlineData("0123456789012345678901234567890", "30")]
    public void Name_is_checked(string raw, string? error)
    {
        var found = ChatText.TryCleanName(raw, out _);
        if (error is null)
        {
            found.ShouldBeNull();
        }
        else
        {
            found.ShouldNotBeNull().ShouldContain(error);
        }
    }

    [Fact]
    public void Cleaned_text_is_one_valid_line_and_stays_the_same_when_cleaned_again() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), raw =>
        {
            if (ChatText.TryCleanMessage(raw, out var text) is not null)
            {
                return true;
            }

            ChatText.TryCleanMessage(text, out var again).ShouldBeNull();
            again.ShouldBe(text);
            return text == text.Trim() && !text.Any(char.IsControl) && !text.Contains("  ", StringComparison.Ordinal)
                && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;
        }).Check(PropertyTest.Config);
}
