namespace Broadcast.Cluster.Tests;

public sealed class InternalAddressTests
{
    [Theory]
    [InlineData("10.0.0.2:8090", "10.0.0.2:8090")]
    [InlineData("media-1.example.com:8090", "media-1.example.com:8090")]
    [InlineData("Media-1:65535", "media-1:65535")]
    [InlineData("http://10.0.0.2:8090", "10.0.0.2:8090")]
    [InlineData("HTTP://10.0.0.2:8090/", "10.0.0.2:8090")]
    [InlineData("https://10.0.0.2:443", "10.0.0.2:443")]
    [InlineData("[::1]:8090", "[::1]:8090")]
    [InlineData("http://[2001:db8::7]:8090/", "[2001:db8::7]:8090")]
    public void Addresses_are_parsed(string text, string address)
    {
        InternalAddress.TryParse(text, out var parsed).ShouldBeTrue();
        parsed.ShouldBe(address);
        InternalAddress.TryParse(parsed, out var again).ShouldBeTrue();
        again.ShouldBe(address);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":8090")]
    [InlineData("10.0.0.2")]
    [InlineData("10.0.0.2:")]
    [InlineData("10.0.0.2:0")]
    [InlineData("10.0.0.2:65536")]
    [InlineData("10.0.0.2:-1")]
    [InlineData("10.0.0.2: 80")]
    [InlineData("10.0.0.2:8090/path")]
    [InlineData("10.0.0.2/path:8090")]
    [InlineData("host?query:8090")]
    [InlineData("host#fragment:8090")]
    [InlineData("user@host:8090")]
    [InlineData("user:secret@host:8090")]
    [InlineData("a host:8090")]
    [InlineData("::1:8090")]
    [InlineData("rtmp://host:8090")]
    [InlineData("http://")]
    [InlineData("http:///:8090")]
    [InlineData("*:8090")]
    public void Anything_else_is_rejected(string text)
    {
        InternalAddress.TryParse(text, out var address).ShouldBeFalse();
        address.ShouldBe("");
    }

    [Fact]
    public void Long_addresses_are_rejected() =>
        InternalAddress.TryParse($"{string.Join('.', Enumerable.Repeat("abcdefghi", 25))}.abc.defg:8090", out _).ShouldBeFalse();
}
