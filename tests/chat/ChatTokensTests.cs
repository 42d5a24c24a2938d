using System.Text;
using Broadcast.Chat.Identities;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

public sealed class ChatTokensTests
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Token_names_its_participant_on_every_server_with_the_key()
    {
        var identity = new ChatIdentity(Ulid.New(_time.GetUtcNow()), Demo, "Ада \"A\"");
        var token = Tokens(1).Issue(identity);
        Tokens(1).Verify(token, Demo).ShouldBe(identity);
        Tokens(2).Verify(token, Demo).ShouldBeNull("another key");
        Tokens(1).Verify(token, ChannelName.Parse("other")).ShouldBeNull("a token is for one channel");
    }

    [Fact]
    public void Token_expires_and_one_from_the_future_is_invalid()
    {
        var token = Tokens(1).Issue(new(Ulid.New(_time.GetUtcNow()), Demo, "Ada"));
        _time.Step(-TimeSpan.FromMinutes(2));
        Tokens(1).Verify(token, Demo).ShouldBeNull();
        _time.Step(TimeSpan.FromMinutes(2) + ChatTokens.Lifetime - TimeSpan.FromSeconds(1));
        Tokens(1).Verify(token, Demo).ShouldNotBeNull();
        _time.Step(TimeSpan.FromSeconds(1));
        Tokens(1).Verify(token, Demo).ShouldBeNull();
    }

    [Fact]
    public void Changed_token_is_invalid()
    {
        var token = Tokens(1).Issue(new(Ulid.New(_time.GetUtcNow()), Demo, "Ada"));
        for (var i = 0; i < token.Length; i++)
        {
            var changed = new StringBuilder(token) { [i] = token[i] == 'A' ? 'B' : 'A' }.ToString();

            // The last character of base64 can have unused bits.
            if (Tokens(1).Verify(changed, Demo) is { } identity)
            {
                i.ShouldBe(token.Length - 1);
                identity.Name.ShouldBe("Ada");
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a.b")]
    [InlineData("====.====")]
    [InlineData("bnVsbA.bnVsbA")]
    public void Malformed_token_is_invalid(string? token) => Tokens(1).Verify(token, Demo).ShouldBeNull();

    [Fact]
    public void Long_token_is_rejected_unread() => Tokens(1).Verify(new string('a', 1_000_000) + ".a", Demo).ShouldBeNull();

    private ChatTokens Tokens(byte key) => new(Enumerable.Repeat(key, ChatTokens.KeyBytes).ToArray(), _time);
}
