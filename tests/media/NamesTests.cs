using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests;

public sealed class NamesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("main")]
    [InlineData("news-24")]
    [InlineData("0-0")]
    public void A_slug_is_a_channel_name(string text)
    {
        ChannelName.TryParse(text, out var name).ShouldBeTrue();
        name.Value.ShouldBe(text);
        name.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("-")]
    [InlineData("A")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("a.b")]
    [InlineData("a\0")]
    [InlineData("ä")]
    [InlineData("a\n")]
    [InlineData("%2e")]
    [InlineData("٣")]
    public void Other_text_is_not_a_channel_name(string? text)
    {
        ChannelName.TryParse(text, out var name).ShouldBeFalse();
        name.ShouldBe(default);
    }

    [Fact]
    public void Channel_name_has_at_most_64_characters()
    {
        ChannelName.TryParse(new string('a', 64), out _).ShouldBeTrue();
        ChannelName.TryParse(new string('a', 65), out _).ShouldBeFalse();
        Should.Throw<FormatException>(() => ChannelName.Parse(new string('a', 65))).Message.ShouldContain("64");
    }

    [Fact]
    public void New_session_ID_is_parseable_and_later_ones_sort_after_it()
    {
        var start = DateTimeOffset.UnixEpoch.AddYears(55);
        var previous = SessionId.New(start);
        for (var i = 1; i < 1000; i++)
        {
            var next = SessionId.New(start.AddMilliseconds(i));
            SessionId.Parse(next.Value).ShouldBe(next);
            (next > previous).ShouldBeTrue();
            previous = next;
        }
    }

    [Fact]
    public void Session_ID_starts_with_its_48_bits_of_milliseconds()
    {
        // 0x0123456789AB as ten digits of base 32.
        SessionId.New(DateTimeOffset.FromUnixTimeMilliseconds(0x0123_4567_89AB)).Value[..10].ShouldBe("014D2PF2DB");
        SessionId.New(DateTimeOffset.UnixEpoch).Value[..10].ShouldBe("0000000000");
    }

    [Fact]
    public void Session_IDs_of_the_same_millisecond_differ() =>
        Enumerable.Range(0, 1000).Select(_ => SessionId.New(DateTimeOffset.UnixEpoch)).Distinct().Count().ShouldBe(1000);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FA")] // 25
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FAVV")] // 27
    [InlineData("81ARZ3NDEKTSV4RRFFQ69G5FAV")] // over 128 bits
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5FAU")] // no U in Crockford's alphabet
    [InlineData("01arz3ndektsv4rrffq69g5fav")]
    [InlineData("../../../../../../../../..")]
    [InlineData("01ARZ3NDEKTSV4RRFFQ69G5F/V")]
    public void Other_text_is_not_a_session_ID(string? text) => SessionId.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("a")]
    [InlineData("live/main/01ARZ3NDEKTSV4RRFFQ69G5FAV/source/1.mp4")]
    [InlineData("a..b/c.")]
    [InlineData("A_b-c.0")]
    public void Plain_paths_are_object_names(string text) => ObjectName.Parse(text).Value.ShouldBe(text);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a/..")]
    [InlineData("a/./b")]
    [InlineData("a/.hidden")]
    [InlineData(".hidden")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("a\\b")]
    [InlineData("..\\a")]
    [InlineData("C:/a")]
    [InlineData("a%2f..%2fb")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("~/a")]
    [InlineData("a/\u2024\u2024/b")]
    [InlineData("ａ")]
    public void Paths_that_could_escape_their_folder_are_not_object_names(string? text) => ObjectName.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Every_accepted_object_name_stays_in_its_folder()
    {
        var random = new Random(7);
        const string characters = "a.b/-_\\~:% ";
        var accepted = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Create(random.Next(1, 12), random, (span, r) =>
            {
                foreach (ref var c in span)
                {
                    c = characters[r.Next(characters.Length)];
                }
            });
            if (ObjectName.TryParse(text, out var name))
            {
                accepted++;
                Path.GetFullPath(Path.Combine("/spool", name.Value)).ShouldBe("/spool/" + name.Value);
            }
        }

        accepted.ShouldBeGreaterThan(100);
        ObjectName.TryParse(new string('a', 512), out _).ShouldBeTrue();
        ObjectName.TryParse(new string('a', 513), out _).ShouldBeFalse();
    }
}
