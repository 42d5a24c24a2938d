using System.Net;

namespace Broadcast.Media;

/// <summary>Networks as people write them into options: <c>10.0.0.0/8</c>, <c>2001:db8::/32</c>.</summary>
public static class NetworkText
{
    /// <summary>
    /// Reads a network. An address within one (<c>10.0.0.1/8</c>) is none: the library takes the whole network for it, and who wrote it may have meant the one address.
    /// </summary>
    /// <returns><see langword="false"/> when it is none.</returns>
    public static bool TryParse(string text, out IPNetwork network) => IPNetwork.TryParse(text, out network) && AddressIn(text) is { } address && address.Equals(network.BaseAddress);

    /// <summary>What is wrong with an entry of a list, as the end of a sentence: what to write instead of an address within a network, and otherwise what the caller says.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="otherwise">What is said of one that is something else.</param>
    public static string Complaint(string entry, string otherwise) =>
        IPNetwork.TryParse(entry, out var network) && AddressIn(entry) is { } address && !address.Equals(network.BaseAddress)
            ? $"which is an address within a network; write {network} for all of it, or {address} for the one address"
            : otherwise;

    private static IPAddress? AddressIn(string text) =>
        text.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && IPAddress.TryParse(text.AsSpan(0, slash), out var address) ? address : null;
}
