using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Broadcast.Media.Outbound;

/// <summary>
/// Policy for outgoing connections to targets that are not named by the operator: public addresses, and targets that the operator allows.
/// It checks addresses instead of host names, because the owner of a name can change its address at any time.
/// </summary>
public sealed class OutboundPolicy
{
    /// <summary>Maximum number of entries in a list.</summary>
    public const int MaxEntries = 100;

    private readonly IReadOnlyList<IPNetwork> _networks;
    private readonly IReadOnlyList<string> _names;

    private OutboundPolicy(IReadOnlyList<IPNetwork> networks, IReadOnlyList<string> names) => (_networks, _names) = (networks, names);

    /// <summary>Policy that allows public addresses only.</summary>
    public static OutboundPolicy PublicOnly { get; } = new([], []);

    /// <summary>
    /// Parses a comma-separated list of targets to allow besides public addresses: addresses (<c>10.1.2.3</c>), networks
    /// (<c>10.0.0.0/8</c>, <c>fd12::/48</c>), host names (<c>hooks.internal</c>) and wildcards for all hosts below a name
    /// (<c>*.internal</c>).
    /// </summary>
    /// <param name="list">The list; <see langword="null"/> or empty adds nothing.</param>
    /// <param name="policy">The parsed policy.</param>
    /// <param name="invalidEntry">The first invalid entry.</param>
    public static bool TryParse(string? list, [NotNullWhen(true)] out OutboundPolicy? policy, [NotNullWhen(false)] out string? invalidEntry)
    {
        (policy, invalidEntry) = (null, null);
        var networks = new List<IPNetwork>();
        var names = new List<string>();
        var entries = (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (entries.Length > MaxEntries)
        {
            invalidEntry = entries[MaxEntries];
            return false;
        }

        foreach (var entry in entries)
        {
            if (NetworkOf(entry) is { } network)
            {
                networks.Add(network);
            }
            else if (IsName(entry))
            {
                names.Add(entry.TrimEnd('.').ToLowerInvariant());
            }
            else
            {
                invalidEntry = entry;
                return false;
            }
        }

        policy = new(networks, names);
        return true;
    }

    /// <summary>
    /// The kind of a forbidden address (<see cref="SpecialPurposeAddresses.KindOf"/>); <see langword="null"/> when the connection is
    /// allowed.
    /// </summary>
    /// <param name="host">Host name or address in the URL.</param>
    /// <param name="address">Address to which the host resolves.</param>
    public string? ForbiddenKind(string host, IPAddress address) =>
        SpecialPurposeAddresses.KindOf(address) is { } kind && !AllowsName(host) && !Allows(address)
        && !(SpecialPurposeAddresses.EmbeddedIPv4(address) is { } embedded && Allows(embedded)) ? kind : null;

    private static IPNetwork? NetworkOf(string entry)
    {
        // The library parses "10.1" as an address, but not as the intended one.
        if (IPAddress.TryParse(entry, out var address))
        {
            return entry.Contains(':') || entry.Count(c => c == '.') == 3
                ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
        }

        return CidrListParser.TryParse(entry, out var network) ? network : null;
    }

    private static bool IsName(string entry)
    {
        var name = entry.StartsWith("*.", StringComparison.Ordinal) ? entry[2..] : entry;
        return name.Length <= 253 && Uri.CheckHostName(name) == UriHostNameType.Dns
            && !name.TrimEnd('.').Split('.')[^1].All(char.IsAsciiDigit);
    }

    private bool Allows(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return _networks.Any(n => n.Contains(plain) || n.Contains(address));
    }

    private bool AllowsName(string host)
    {
        var name = host.TrimEnd('.').ToLowerInvariant();
        return _names.Any(n => n.StartsWith("*.", StringComparison.Ordinal) ? name.EndsWith(n[1..], StringComparison.Ordinal) : name == n);
    }
}
