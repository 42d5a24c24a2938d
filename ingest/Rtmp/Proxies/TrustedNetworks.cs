using System.Net;
using Broadcast.Media.Outbound;

namespace Broadcast.Ingest.Rtmp.Proxies;

/// <summary>Networks whose PROXY headers are trusted, parsed from the option: <c>10.0.0.0/8, 2001:db8::/32, 192.0.2.7</c>.</summary>
internal sealed class TrustedNetworks
{
    private readonly IPNetwork[] _networks;

    private TrustedNetworks(IPNetwork[] networks) => _networks = networks;

    /// <summary>Indicates whether the list is empty.</summary>
    public bool IsEmpty => _networks.Length == 0;

    /// <summary>Parses a list; <see langword="null"/> and empty text yield an empty one.</summary>
    /// <param name="text">The list.</param>
    /// <param name="networks">The parsed list.</param>
    /// <param name="invalid">The first invalid part.</param>
    public static bool TryParse(string? text, out TrustedNetworks networks, out string invalid)
    {
        var read = new List<IPNetwork>();
        invalid = "";
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (CidrListParser.TryParse(part, out var network))
            {
                read.Add(network);
            }
            else if (!part.Contains('/', StringComparison.Ordinal) && IPAddress.TryParse(part, out var address))
            {
                read.Add(new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128));
            }
            else
            {
                (networks, invalid) = (new TrustedNetworks([]), part);
                return false;
            }
        }

        networks = new TrustedNetworks([.. read]);
        return true;
    }

    /// <summary>Returns whether an address is in one of the networks.</summary>
    public bool Contains(EndPoint? remote)
    {
        if (_networks.Length == 0 || remote is not IPEndPoint { Address: var address })
        {
            return false;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in _networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
