using System.Collections.Frozen;
using System.Net;
using System.Text;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.OriginToControl;

/// <summary>Content and verification of viewer tokens.</summary>
public sealed class ViewerTokenTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000);
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk");
    private static readonly byte[] Other = Encoding.ASCII.GetBytes("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private static readonly IPAddress Home = IPAddress.Parse("203.0.113.5");

    [Fact]
    public void Token_matches_the_documented_computation()
    {
        var text = ViewerToken.Sign("abcdefgh", Secret, Demo, Now.AddHours(2), "jane-42", null);

        // printf %s "$text" | openssl dgst -sha256 -hmac "$secret" -binary | openssl base64 -A | tr '+/' '-_' | tr -d '='
        text.ShouldBe("1.abcdefgh.demo.1900007200.jane-42.-." + System.Buffers.Text.Base64Url.EncodeToString(
            System.Security.Cryptography.HMACSHA256.HashData(Secret, "1.abcdefgh.demo.1900007200.jane-42.-"u8)));
        ViewerToken.TryParse(text, out var token).ShouldBeTrue();
        (token!.KeyId, token.Channel, token.Id, token.ExpiresAt,
            token.Network).ShouldBe(("abcdefgh", Demo, "jane-42", Now.AddHours(2), null));
        token.ToString().ShouldBe("viewer token jane-42 of demo");
    }

    [Fact]
    public void Longest_possible_token_fits_the_limit_and_longer_text_is_not_parsed()
    {
        ViewerNetwork.TryParseUserInput("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128", out var network).ShouldBeTrue();
        var longest = ViewerToken.Sign("abcdefgh", Secret, ChannelName.Parse(new string('a', ChannelName.MaxLength)),
            DateTimeOffset.FromUnixTimeSeconds(99_999_999_999), new string('i', 32), network);
        longest.Length.ShouldBeLessThanOrEqualTo(ViewerToken.MaxLength);
        ViewerToken.TryParse(longest + new string('A', ViewerToken.MaxLength), out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("2.abcdefgh.demo.1900007200.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.ABCDEFGH.demo.1900007200.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefg.demo.1900007200.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.Demo.1900007200.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.01900007200.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.+1900007200.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.999999999999.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo..jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.1900007200..-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.1900007200.ja ne.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.1900007200.jane..AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.1900007200.jane.203.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.1900007200.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.1900007200.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("1.abcdefgh.demo.1900007200.jane.-.x.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("1.abcdefgh.demo.1900007200.jane.-")]
    [InlineData("1.abcdefgh.demo.١٩٠٠.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Malformed_text_is_not_a_token(string text) => ViewerToken.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Token_opens_only_its_channel_with_its_key_until_its_expiry()
    {
        var policy = Policy(("abcdefgh", Secret), ("kkkkkkkk", Other));
        var good = ViewerToken.Sign("abcdefgh", Secret, Demo, Now.AddHours(1), "jane", null);

        policy.ValidateToken(Demo, good, null, Now, out var token).ShouldBeNull();
        token!.Id.ShouldBe("jane");
        policy.ValidateToken(Demo, good, null, Now.AddHours(1).AddTicks(-1), out _).ShouldBeNull();
        policy.ValidateToken(Demo, good, null, Now.AddHours(1), out token).ShouldBe(ViewerDenialReason.Expired);
        token.ShouldBeNull();
        policy.ValidateToken(Demo, null, null, Now, out _).ShouldBe(ViewerDenialReason.NoToken);
        policy.ValidateToken(Demo, "nonsense", null, Now, out _).ShouldBe(ViewerDenialReason.InvalidToken);
        policy.ValidateToken(ChannelName.Parse("other"), good, null, Now, out _).ShouldBe(ViewerDenialReason.InvalidToken);
        Policy(("kkkkkkkk", Secret)).ValidateToken(Demo, good, null, Now, out _)
            .ShouldBe(ViewerDenialReason.InvalidToken, "its key is revoked or unknown");
        policy.ValidateToken(Demo, ViewerToken.Sign("abcdefgh", Other, Demo, Now.AddHours(1), "jane", null), null, Now, out _)
            .ShouldBe(ViewerDenialReason.InvalidToken);
        policy.ValidateToken(Demo, ViewerToken.Sign("kkkkkkkk", Secret, Demo, Now.AddHours(1), "jane", null), null, Now, out _)
            .ShouldBe(ViewerDenialReason.InvalidToken);
        Policy(("abcdefgh", new byte[32])).ValidateToken(Demo, ViewerToken.Sign("zzzzzzzz", new byte[32], Demo, Now.AddHours(1), "jane",
            null), null, Now, out _).ShouldBe(ViewerDenialReason.InvalidToken);
        (policy with { Revoked = new[] { "jane" }.ToFrozenSet() }).ValidateToken(Demo, good, null, Now, out _)
            .ShouldBe(ViewerDenialReason.Revoked);
        (policy with { Revoked = new[] { "jan", "janet" }.ToFrozenSet() }).ValidateToken(Demo, good, null, Now, out _).ShouldBeNull();
    }

    [Theory]
    [InlineData("203.0.113.5", "4cb007105", "203.0.113.5,::ffff:203.0.113.5", "203.0.113.6,::1,2001:db8::5")]
    [InlineData("203.0.113.0/24", "4cb0071", "203.0.113.0,203.0.113.255", "203.0.112.255,203.0.114.0")]
    [InlineData("203.0.113.5/24", "4cb0071", "203.0.113.0,203.0.113.255", "203.0.112.255,203.0.114.0")]
    [InlineData("203.0.112.0/20", "4cb007", "203.0.127.1", "203.0.128.1")]
    [InlineData("2001:db8::1", "620010db800000000", "2001:db8::1,2001:db8::ffff:0:0:9", "2001:db8:0:1::1,203.0.113.5")]
    [InlineData("2001:db8::/32", "620010db8", "2001:db8:ffff::1", "2001:db9::1")]
    [InlineData("2001:db8::7/128", "620010db8000000000000000000000007", "2001:db8::7", "2001:db8::8")]
    [InlineData("::ffff:203.0.113.5", "4cb007105", "203.0.113.5", "203.0.113.6")]
    public void Network_contains_exactly_the_addresses_of_its_prefix(string written, string text, string inside, string outside)
    {
        ViewerNetwork.TryParseUserInput(written, out var network).ShouldBeTrue();
        network.Value.ShouldBe(text);
        ViewerNetwork.TryParse(text, out var read).ShouldBeTrue();
        read.ShouldBe(network);
        inside.Split(',').ShouldAllBe(a => network.Contains(IPAddress.Parse(a)));
        outside.Split(',').ShouldAllBe(a => !network.Contains(IPAddress.Parse(a)));
        network.Contains(null).ShouldBeFalse();

        var token = ViewerToken.Sign("abcdefgh", Secret, Demo, Now.AddHours(1), "jane", network);
        Policy(("abcdefgh", Secret)).ValidateToken(Demo, token, IPAddress.Parse(inside.Split(',')[0]), Now, out _).ShouldBeNull();
        Policy(("abcdefgh", Secret)).ValidateToken(Demo, token, IPAddress.Parse(outside.Split(',')[0]), Now, out _)
            .ShouldBe(ViewerDenialReason.AddressMismatch);
        Policy(("abcdefgh", Secret)).ValidateToken(Demo, token, null, Now, out _).ShouldBe(ViewerDenialReason.AddressMismatch);
    }

    [Theory]
    [InlineData("203.0.113")]
    [InlineData("203.0.113.0/25")]
    [InlineData("0.0.0.0/0")]
    [InlineData("jane")]
    [InlineData("")]
    [InlineData(null)]
    public void Invalid_address_is_not_a_network(string? written) => ViewerNetwork.TryParseUserInput(written, out _).ShouldBeFalse();

    [Fact]
    public void Token_with_any_changed_character_is_invalid()
    {
        var good = ViewerToken.Sign("abcdefgh", Secret, Demo, Now.AddHours(1), "jane", null);
        var policy = Policy(("abcdefgh", Secret));
        Check.One(PropertyTest.Config.WithMaxTest(1000), Prop.ForAll(
            Gen.Choose(0, good.Length - 1).SelectMany(at => Gen.Elements("abAB019.-_~%/ é".ToCharArray()).Select(to => (at, to)))
            .ToArbitrary(),
            change =>
            {
                var changed = good.Remove(change.at, 1).Insert(change.at, change.to.ToString());
                return changed == good || policy.ValidateToken(Demo, changed, Home, Now, out _) == ViewerDenialReason.InvalidToken;
            }));
    }

    [Fact]
    public void Any_signed_token_is_read_back_unchanged()
    {
        var ids = Gen.Elements("abcXYZ019_-".ToCharArray()).ListOf().Where(l => l.Count is > 0 and <= 32).Select(l => string.Concat(l));
        Check.One(PropertyTest.Config, Prop.ForAll(
            ids.SelectMany(id => Gen.Choose(0, int.MaxValue).SelectMany(at => Gen.Elements("203.0.113.5", "10.0.0.0/8", "2001:db8::/64", "")
                .Select(where => (id, at, where)))).ToArbitrary(),
            given =>
            {
                ViewerNetwork? network = ViewerNetwork.TryParseUserInput(given.where, out var read) ? read : null;
                var text = ViewerToken.Sign("abcdefgh", Secret, Demo, DateTimeOffset.FromUnixTimeSeconds(given.at), given.id, network);
                return ViewerToken.TryParse(text, out var token) && token.Id == given.id && token.ExpiresAt.ToUnixTimeSeconds() == given.at
                    && token.Network == network
                    && token.IsSignedWith(Secret) && !token.IsSignedWith(Other) && Uri.EscapeDataString(text) == text;
            }));
    }

    [Theory]
    [InlineData("abcdefg", "jane")]
    [InlineData("abcdefgh", "")]
    [InlineData("abcdefgh", "a.b")]
    [InlineData("abcdefgh", "jané")]
    [InlineData("abcdefgh", "0123456789012345678901234567890123")]
    public void Invalid_token_is_not_signed(string key, string id) =>
        Should.Throw<ArgumentException>(() => ViewerToken.Sign(key, Secret, Demo, Now, id, null));

    private static ViewerAccessPolicy Policy(params (string Id, byte[] Secret)[] keys) =>
        new(ViewerAccess.Token, keys.ToFrozenDictionary(k => k.Id, k => k.Secret), FrozenSet<string>.Empty);
}
