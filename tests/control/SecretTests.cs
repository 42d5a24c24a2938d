using Broadcast.Control.Identity;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class SecretTests
{
    [Fact]
    public void Issued_secret_is_parsed_and_matches_only_its_own_hash()
    {
        var stored = Secret.New(out var text);
        var other = Secret.New(out _);

        Secret.TryParse(text, out var read).ShouldBeTrue();
        read.Id.ShouldBe(stored.Id);
        read.Matches(stored.Hash).ShouldBeTrue();
        read.Matches(other.Hash).ShouldBeFalse();
        text.ShouldMatch("^[0-9a-z]{8}_[0-9a-z]{32}$");
        read.ToString().ShouldBe(stored.Id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("_")]
    [InlineData("abcdefgh_")]
    [InlineData("abcdefgh_0123456789abcdefghjkmnpqrstvwxy")]
    [InlineData("abcdefgh_0123456789abcdefghjkmnpqrstvwxyzz")]
    [InlineData("ABCDEFGH_0123456789abcdefghjkmnpqrstvwxyz")]
    [InlineData("abcdefgh-0123456789abcdefghjkmnpqrstvwxyz")]
    [InlineData("abcdefgh_0123456789abcdefghjkmnpqrstvwxy\0")]
    [InlineData("abcdefgh_0123456789abcdefghjkmnpqrstvwxyö")]
    public void Malformed_secret_is_rejected(string? text) => Secret.TryParse(text, out _).ShouldBeFalse();
}
