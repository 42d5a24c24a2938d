using System.Net;
using System.Net.Sockets;

namespace Broadcast.Media.Outbound;

/// <summary>
/// Special-purpose addresses from IANA's registries (RFC 6890), and the metadata addresses of cloud providers. URLs from outsiders or
/// administrators must not lead there, because services at these addresses trust every client that reaches them.
/// </summary>
public static class SpecialPurposeAddresses
{
    private static readonly (IPNetwork Network, string Kind)[] Table =
    [
        .. Kinds("metadata", "169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "100.100.100.200/32", "168.63.129.16/32",
            "192.0.0.192/32", "fd00:ec2::/32", "fd20:ce::254/128"),
        .. Kinds("unspecified", "0.0.0.0/8", "::/128"),
        .. Kinds("loopback", "127.0.0.0/8", "::1/128"),
        .. Kinds("private", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
        .. Kinds("shared", "100.64.0.0/10"),
        .. Kinds("link-local", "169.254.0.0/16", "fe80::/10"),
        .. Kinds("multicast", "224.0.0.0/4", "ff00::/8"),
        .. Kinds("reserved",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "3fff::/20"),
    ];

    // Global unicast addresses of IPv6 (RFC 4291, 2.4), and the prefix with embedded IPv4 addresses (RFC 6052), which are checked as IPv4.
    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <summary>
    /// Kind of a special-purpose address: <c>loopback</c>, <c>private</c>, <c>shared</c>, <c>link-local</c>, <c>metadata</c>,
    /// <c>multicast</c>, <c>unspecified</c> or <c>reserved</c>; <see langword="null"/> for a public address.
    /// </summary>
    public static string? KindOf(IPAddress address)
    {
        if (Find(address) is { } kind)
        {
            return kind;
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return null;
        }

        var isRoutable = Global.Contains(WithoutScope(address)) || address.IsIPv4MappedToIPv6 || Translated.Contains(WithoutScope(address));
        return EmbeddedIPv4(address) is { } embedded && KindOf(embedded) is { } embeddedKind ? embeddedKind
            : isRoutable ? null : "reserved";
    }

    /// <summary>
    /// The IPv4 address embedded in an IPv6 address: mapped, compatible, translated (NAT64) or 6to4; <see langword="null"/> when there is
    /// none.
    /// </summary>
    public static IPAddress? EmbeddedIPv4(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        var plain = WithoutScope(address);
        var bytes = plain.GetAddressBytes();
        return address.IsIPv4MappedToIPv6 || Translated.Contains(plain) || Compatible.Contains(plain) ? new IPAddress(bytes.AsSpan(12, 4))
            : SixToFour.Contains(plain) ? new IPAddress(bytes.AsSpan(2, 4))
            : null;
    }

    private static string? Find(IPAddress address)
    {
        var plain = WithoutScope(address);
        foreach (var (network, kind) in Table)
        {
            if (network.Contains(plain))
            {
                return kind;
            }
        }

        return null;
    }

    // IPNetwork ignores scope IDs.
    private static IPAddress WithoutScope(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes()) : address;

    private static IEnumerable<(IPNetwork Network, string Kind)> Kinds(string kind, params string[] networks) =>
        networks.Select(n => (IPNetwork.Parse(n), kind));
}
