using System.Net;
using System.Net.Sockets;
using System.Text;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Media.Outbound;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Targets of URLs entered through the API: checked by address when connecting, independent of earlier name resolutions.</summary>
public sealed class OutboundPolicyTests
{
    private static readonly IPAddress Public = IPAddress.Parse("93.184.215.14");

    [Theory]
    [InlineData("http://127.0.0.1:PORT/")]
    [InlineData("http://2130706433:PORT/")]
    [InlineData("http://0x7f.1:PORT/")]
    [InlineData("http://0177.0.0.1:PORT/")]
    [InlineData("http://localhost:PORT/")]
    [InlineData("http://[::ffff:127.0.0.1]:PORT/")]
    [InlineData("http://[::ffff:7f00:1]:PORT/")]
    [InlineData("http://0.0.0.0:PORT/")]
    [InlineData("http://[::]:PORT/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://[fd00:ec2::254]/")]
    public async Task Non_public_address_is_rejected_in_every_notation(string url)
    {
        await using var inside = await FakeAuthCallback.StartAsync();
        using var transport = Transport(Dns.GetHostAddressesAsync);

        var answer = await AskAsync(transport, url.Replace("PORT", new Uri(inside.Address).Port.ToString(), StringComparison.Ordinal));

        answer.Error.ShouldBe("target_denied");
        answer.Detail!.ShouldContain("Control:AllowedWebhookTargets");
        inside.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Host_name_is_checked_again_at_connect_against_DNS_rebinding()
    {
        await using var inside = await FakeAuthCallback.StartAsync();
        var answers = new Queue<IPAddress>([Public, IPAddress.Loopback]);
        Task<IPAddress[]> Rebinding(string host, CancellationToken cancellationToken) => Task.FromResult<IPAddress[]>([answers.Dequeue()]);
        OutboundPolicy.PublicOnly.ForbiddenKind("evil.example", (await Rebinding("evil.example", default))[0])
            .ShouldBeNull("who asks first finds nothing wrong");
        using var transport = Transport(Rebinding);

        (await AskAsync(transport, $"http://evil.example:{new Uri(inside.Address).Port}/")).Error.ShouldBe("target_denied");
        inside.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Host_name_is_resolved_once_and_the_connection_uses_the_checked_address()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        var lookups = 0;
        using var transport = Transport(
            (_, _) =>
            {
                lookups++;
                return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
            },
            "127.0.0.1");

        (await AskAsync(transport, $"http://hook.example:{new Uri(receiver.Address).Port}/there")).Status.ShouldBe(200);
        lookups.ShouldBe(1);
        receiver.Asked.ShouldHaveSingleItem().Headers.Host.ToString().ShouldStartWith("hook.example");
    }

    [Fact]
    public async Task Host_name_with_one_non_public_address_is_rejected()
    {
        await using var inside = await FakeAuthCallback.StartAsync();
        using var transport = Transport((_, _) => Task.FromResult<IPAddress[]>([Public, IPAddress.Loopback]));
        (await AskAsync(transport, inside.Address.Replace("127.0.0.1", "both.example", StringComparison.Ordinal))).Error
            .ShouldBe("target_denied");
        inside.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Redirects_are_not_followed()
    {
        await using var inside = await FakeAuthCallback.StartAsync();
        await using var receiver = await FakeAuthCallback.StartAsync();
        receiver.Answer = FakeAuthCallback.RedirectsTo(inside.Address);
        using var transport = Transport(Dns.GetHostAddressesAsync, "127.0.0.0/8");

        (await AskAsync(transport, receiver.Address)).Status.ShouldBe(302);
        (receiver.Asked.Count, inside.Asked.Count).ShouldBe((1, 0));
    }

    [Fact]
    public async Task Next_address_of_a_host_is_tried_after_a_failed_connection()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        using var transport = Transport((_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.99"), IPAddress.Loopback]),
            "127.0.0.0/8");
        (await AskAsync(transport, receiver.Address.Replace("127.0.0.1", "two.example", StringComparison.Ordinal))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Unknown_host_name_is_reported_as_unreachable()
    {
        using var transport = Transport((_, _) => throw new SocketException((int)SocketError.HostNotFound));
        (await AskAsync(transport, "http://nowhere.example/")).Error.ShouldBe("unreachable");
        using var empty = Transport((_, _) => Task.FromResult<IPAddress[]>([]));
        (await AskAsync(empty, "http://nowhere.example/")).Error.ShouldBe("unreachable");
    }

    [Fact]
    public async Task Long_response_is_truncated_if_its_start_suffices()
    {
        await using var receiver = await FakeAuthCallback.StartAsync();
        receiver.Answer = FakeAuthCallback.Says(new string('x', 1_000_000));
        using var transport = Transport(Dns.GetHostAddressesAsync, "127.0.0.0/8");

        var answer = await transport.SendAsync(() => Request(receiver.Address), _ => true, 1000, default, truncate: true);

        (answer.Error, answer.Status, answer.Body.Length).ShouldBe((null, 200, 1000));
        (await AskAsync(transport, receiver.Address)).Error.ShouldBe("too_large");
    }

    [Theory]
    [InlineData("https://10.0.0.1/hook", "private")]
    [InlineData("https://[::1]/hook", "loopback")]
    [InlineData("https://localhost/hook", "loopback")]
    [InlineData("https://0x7f.1/hook", "loopback")]
    [InlineData("https://example.org/hook", null)]
    public void URL_with_a_non_public_address_is_denied_without_name_resolution(string url, string? refusal) =>
        new OutboundConnector(() => OutboundPolicy.PublicOnly, "option", TimeProvider.System,
            (_, _) => throw new InvalidOperationException("nobody is asked")).DenialReason(new Uri(url)).ShouldBe(refusal);

    private static CallbackHttpTransport Transport(Func<string, CancellationToken, Task<IPAddress[]>> resolve, string? allowed = null)
    {
        var options = new ControlOptions { AllowedWebhookTargets = allowed };
        return new(TimeSpan.FromSeconds(20), 4, TimeProvider.System, options.CreateConnector(TimeProvider.System, resolve));
    }

    private static HttpRequestMessage Request(string url) =>
        new(HttpMethod.Post, url) { Content = new ByteArrayContent(Encoding.ASCII.GetBytes("{}")) };

    private static Task<CallbackHttpResponse> AskAsync(CallbackHttpTransport transport, string url) =>
        transport.SendAsync(() => Request(url), _ => true, 1000, default);
}
