using System.Net;
using Broadcast.Media.Outbound;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests;

/// <summary>Addresses that the server connects to, and those it refuses, when a URL comes from a user.</summary>
public sealed class SpecialPurposeAddressesTests
{
    [Theory]
    [InlineData("93.184.215.14", null)]
    [InlineData("9.255.255.255", null)]
    [InlineData("11.0.0.0", null)]
    [InlineData("172.15.255.255", null)]
    [InlineData("172.32.0.0", null)]
    [InlineData("100.63.255.255", null)]
    [InlineData("100.128.0.0", null)]
    [InlineData("169.253.255.255", null)]
    [InlineData("223.255.255.255", null)]
    [InlineData("2606:2800:21f:cb07:6820:80da:af6b:8b2c", null)]
    [InlineData("0.0.0.0", "unspecified")]
    [InlineData("0.1.2.3", "unspecified")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.254", "loopback")]
    [InlineData("10.0.0.1", "private")]
    [InlineData("172.16.0.1", "private")]
    [InlineData("172.31.255.255", "private")]
    [InlineData("192.168.1.1", "private")]
    [InlineData("100.64.0.1", "shared")]
    [InlineData("100.100.100.200", "metadata")]
    [InlineData("169.254.1.1", "link-local")]
    [InlineData("169.254.169.254", "metadata")]
    [InlineData("169.254.170.2", "metadata")]
    [InlineData("168.63.129.16", "metadata")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("239.255.255.250", "multicast")]
    [InlineData("240.0.0.1", "reserved")]
    [InlineData("255.255.255.255", "reserved")]
    [InlineData("192.0.0.1", "reserved")]
    [InlineData("198.18.0.1", "reserved")]
    [InlineData("203.0.113.9", "reserved")]
    [InlineData("::", "unspecified")]
    [InlineData("::1", "loopback")]
    [InlineData("fc00::1", "private")]
    [InlineData("fd12:3456::1", "private")]
    [InlineData("fec0::1", "private")]
    [InlineData("fd00:ec2::254", "metadata")]
    [InlineData("fe80::1", "link-local")]
    [InlineData("fe80::1%1", "link-local")]
    [InlineData("ff02::1", "multicast")]
    [InlineData("2001:db8::1", "reserved")]
    [InlineData("2001::1", "reserved")]
    [InlineData("100::1", "reserved")]
    [InlineData("4000::1", "reserved")]
    [InlineData("5f00::1", "reserved")]
    public void Address_is_public_or_has_a_special_kind(string address, string? kind) =>
    SpecialPurposeAddresses.KindOf(IPAddress.Parse(address)).ShouldBe(kind);

    [Theory]
    [InlineData("::ffff:127.0.0.1", "loopback")]
    [InlineData("::ffff:169.254.169.254", "metadata")]
    [InlineData("::ffff:93.184.215.14", null)]
    [InlineData("64:ff9b::10.0.0.1", "private")]
    [InlineData("64:ff9b::169.254.169.254", "metadata")]
    [InlineData("64:ff9b::93.184.215.14", null)]
    [InlineData("64:ff9b:1::93.184.215.14", "reserved")]
    [InlineData("2002:7f00:1::", "loopback")]
    [InlineData("2002:c0a8:101::1", "private")]
    [InlineData("2002:5db8:d70e::1", null)]
    [InlineData("::10.0.0.1", "private")]
    [InlineData("::93.184.215.14", "reserved")]
    public void IPv4_address_embedded_in_an_IPv6_address_determines_its_kind(string address, string? kind) =>
    SpecialPurposeAddresses.KindOf(IPAddress.Parse(address)).ShouldBe(kind);

    [Theory]
    [InlineData("10.1.2.3", "10.1.2.3", null)]
    [InlineData("10.1.2.3", "10.1.2.4", "private")]
    [InlineData("10.0.0.0/8, 127.0.0.1", "127.0.0.1", null)]
    [InlineData("10.0.0.0/8", "::ffff:10.9.9.9", null)]
    [InlineData("10.0.0.0/8", "64:ff9b::10.9.9.9", null)]
    [InlineData("fd12::/16", "fd12::9", null)]
    [InlineData("fd12::/16", "fd00:ec2::254", "metadata")]
    [InlineData("hooks.internal", "10.0.0.1", "private")]
    public void Allowlist_opens_only_the_addresses_it_names(string list, string address, string? refusal)
    {
        OutboundPolicy.TryParse(list, out var rules, out _).ShouldBeTrue();
        rules.ForbiddenKind("example.org", IPAddress.Parse(address)).ShouldBe(refusal);
    }

    [Theory]
    [InlineData("hooks.internal", "hooks.internal", true)]
    [InlineData("hooks.internal", "Hooks.Internal.", true)]
    [InlineData("hooks.internal", "evil.hooks.internal", false)]
    [InlineData("*.internal", "a.b.internal", true)]
    [InlineData("*.internal", "internal", false)]
    [InlineData("*.internal", "notinternal", false)]
    public void Host_name_on_the_allowlist_may_resolve_to_any_address(string list, string host, bool allowed)
    {
        OutboundPolicy.TryParse(list, out var rules, out _).ShouldBeTrue();
        (rules.ForbiddenKind(host, IPAddress.Parse("10.0.0.1")) is null).ShouldBe(allowed);
    }

    [Theory]
    [InlineData("10.1, 127.0.0.1", "10.1")]
    [InlineData("a_b c", "a_b c")]
    [InlineData("http://a", "http://a")]
    [InlineData("10.0.0.0/8, *", "*")]
    [InlineData("10.0.0.0/33", "10.0.0.0/33")]
    [InlineData("10.0.0.0/8, 10.0.0.1/8", "10.0.0.1/8")]
    [InlineData("fd12::1/16", "fd12::1/16")]
    public void Invalid_allowlist_reports_the_wrong_entry(string list, string wrong)
    {
        OutboundPolicy.TryParse(list, out _, out var entry).ShouldBeFalse();
        entry.ShouldBe(wrong);
    }

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("10.20.0.0/16", true)]
    [InlineData("192.0.2.7/32", true)]
    [InlineData("0.0.0.0/0", true)]
    [InlineData("2001:db8::/32", true)]
    [InlineData("::1/128", true)]
    [InlineData("10.0.0.1/8", false)]
    [InlineData("192.0.2.128/24", false)]
    [InlineData("2001:db8::1/32", false)]
    [InlineData("10/8", false)]
    [InlineData("10.0.0.0", false)]
    [InlineData("/8", false)]
    [InlineData("", false)]
    public void Only_a_CIDR_without_host_bits_is_valid(string text, bool isOne) => CidrListParser.TryParse(text, out _).ShouldBe(isOne);

    [Theory]
    [InlineData("10.0.0.1/8",
        "which is a host address with a prefix length; write 10.0.0.0/8 for the network, or 10.0.0.1 for the address")]
    [InlineData("2001:db8::1/32",
        "which is a host address with a prefix length; write 2001:db8::/32 for the network, or 2001:db8::1 for the address")]
    [InlineData("proxy", "which is none")]
    public void Error_for_a_host_address_with_a_prefix_length_names_the_correct_network(string entry, string complaint) =>
    CidrListParser.DescribeError(entry, "which is none").ShouldBe(complaint);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" , ")]
    public void Empty_allowlist_permits_only_public_addresses(string? list)
    {
        OutboundPolicy.TryParse(list, out var rules, out _).ShouldBeTrue();
        (rules.ForbiddenKind("a", IPAddress.Loopback),
            rules.ForbiddenKind("a", IPAddress.Parse("93.184.215.14"))).ShouldBe(("loopback", null));
    }
}
