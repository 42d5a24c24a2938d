using Broadcast.Host.Listening;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class ListenAddressTests
{
    [Theory]
    [InlineData("8080", "[::]:8080")]
    [InlineData("*:0", "[::]:0")]
    [InlineData("127.0.0.1:1935", "127.0.0.1:1935")]
    [InlineData("localhost:0", "127.0.0.1:0")]
    [InlineData("[::1]:8443", "[::1]:8443")]
    [InlineData("0.0.0.0:80", "0.0.0.0:80")]
    public void Listen_addresses_are_parsed_in_every_form(string text, string read) => ListenAddress.Parse(text).ToString().ShouldBe(read);

    [Theory]
    [InlineData("")]
    [InlineData("http")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("example.org:80")]
    public void Invalid_listen_address_is_rejected_with_the_valid_forms(string text) =>
        Should.Throw<FormatException>(() => ListenAddress.Parse(text)).Message.ShouldContain("is not a listen address");

    [Fact]
    public void Port_in_use_is_reported_with_the_flag_that_changes_it()
    {
        var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        try
        {
            var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;
            var refusal = Should.Throw<StartException>(() =>
                Listeners.EnsureFree("RTMP", "--rtmp", new ListenAddress(System.Net.IPAddress.Loopback, port)));
            refusal.Message.ShouldContain($"Port {port} for RTMP is used");
            refusal.Message.ShouldContain("--rtmp");
        }
        finally
        {
            taken.Stop();
        }
    }
}
