using System.Net;

namespace Broadcast.Media.Outbound;

/// <summary>Parses networks in option values: <c>10.0.0.0/8</c>, <c>2001:db8::/32</c>.</summary>
public static class CidrListParser
{
    /// <summary>
    /// Parses a network. Rejects a host address with a prefix length (<c>10.0.0.1/8</c>): the library would accept the whole network, but
    /// the user may have meant one address.
    /// </summary>
    /// <returns><see langword="false"/> when the text is not a network.</returns>
    public static bool TryParse(string text, out IPNetwork network) => IPNetwork.TryParse(text, out network)
        && AddressIn(text) is { } address && address.Equals(network.BaseAddress);

    /// <summary>
    /// Describes an invalid list entry, as the end of a sentence. For a host address with a prefix length it suggests the network or the
    /// address.
    /// </summary>
    /// <param name="entry">The invalid entry.</param>
    /// <param name="fallback">Text for any other invalid entry.</param>
    public static string DescribeError(string entry, string fallback) =>
        IPNetwork.TryParse(entry, out var network) && AddressIn(entry) is { } address && !address.Equals(network.BaseAddress)
            ? $"which is a host address with a prefix length; write {network} for the network, or {address} for the address"
            : fallback;

    private static IPAddress? AddressIn(string text) =>
        text.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash
        && IPAddress.TryParse(text.AsSpan(0, slash), out var address) ? address : null;
}
