using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Broadcast.Media;

/// <summary>
/// Where the server may connect to when somebody else than its operator named the address: to public addresses, and to what the operator has allowed. Decides on addresses, not on names: a name
/// leads where its owner wants from one moment to the next.
/// </summary>
public sealed class OutboundRules
{
    /// <summary>Most entries of a list.</summary>
    public const int MaxEntries = 100;

    private readonly IReadOnlyList<IPNetwork> _networks;
    private readonly IReadOnlyList<string> _names;

    private OutboundRules(IReadOnlyList<IPNetwork> networks, IReadOnlyList<string> names) => (_networks, _names) = (networks, names);

    /// <summary>Public addresses only.</summary>
    public static OutboundRules PublicOnly { get; } = new([], []);

    /// <summary>
    /// Reads a list of what is allowed beside public addresses, with commas between: addresses (<c>10.1.2.3</c>), networks (<c>10.0.0.0/8</c>, <c>fd12::/48</c>), names of hosts
    /// (<c>hooks.internal</c>) and of all hosts below one (<c>*.internal</c>).
    /// </summary>
    /// <param name="list">The list; <see langword="null"/> or empty allows nothing more.</param>
    /// <param name="rules">What it says.</param>
    /// <param name="wrong">The entry that is none of these.</param>
    public static bool TryParse(string? list, [NotNullWhen(true)] out OutboundRules? rules, [NotNullWhen(false)] out string? wrong)
    {
        (rules, wrong) = (null, null);
        var networks = new List<IPNetwork>();
        var names = new List<string>();
        var entries = (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (entries.Length > MaxEntries)
        {
            wrong = entries[MaxEntries];
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
                wrong = entry;
                return false;
            }
        }

        rules = new(networks, names);
        return true;
    }

    /// <summary>Why an address must not be connected to, in a word (<see cref="SpecialAddresses.KindOf"/>); <see langword="null"/> when it may be.</summary>
    /// <param name="host">The name, or the address, that stands in the URL.</param>
    /// <param name="address">What it leads to.</param>
    public string? Refusal(string host, IPAddress address) =>
        SpecialAddresses.KindOf(address) is { } kind && !AllowsName(host) && !Allows(address) && !(SpecialAddresses.Inner(address) is { } inner && Allows(inner)) ? kind : null;

    private static IPNetwork? NetworkOf(string entry)
    {
        // "10.1" is an address to the library, and not the one that was meant.
        if (IPAddress.TryParse(entry, out var address))
        {
            return entry.Contains(':') || entry.Count(c => c == '.') == 3 ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
        }

        return NetworkText.TryParse(entry, out var network) ? network : null;
    }

    private static bool IsName(string entry)
    {
        var name = entry.StartsWith("*.", StringComparison.Ordinal) ? entry[2..] : entry;
        return name.Length <= 253 && Uri.CheckHostName(name) == UriHostNameType.Dns && !name.TrimEnd('.').Split('.')[^1].All(char.IsAsciiDigit);
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
