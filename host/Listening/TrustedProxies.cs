using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Broadcast.Host.Listening;

/// <summary>Where viewers are who come through an edge or a proxy: what it says in <c>X-Forwarded-For</c>, when it is one that is believed.</summary>
internal static class TrustedProxies
{
    /// <summary>
    /// From here on <c>Connection.RemoteIpAddress</c> is the last address in the header that is not itself a trusted proxy's. Without trusted proxies nothing is read.
    /// </summary>
    public static IApplicationBuilder UseTrustedProxies(this IApplicationBuilder app, string? list)
    {
        if (!TryParse(list, out var networks, out _) || networks.Count == 0)
        {
            return app;
        }

        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownIPNetworks.Clear();
        options.KnownProxies.Clear();
        foreach (var network in networks)
        {
            options.KnownIPNetworks.Add(network);
        }

        return app.UseForwardedHeaders(options);
    }

    /// <summary>Reads a list of addresses and networks with commas between; one that is empty or not there holds none.</summary>
    /// <param name="list">The list.</param>
    /// <param name="networks">What it holds; an address is a network of its own.</param>
    /// <param name="wrong">The first that is neither.</param>
    public static bool TryParse(string? list, out IReadOnlyList<IPNetwork> networks, [NotNullWhen(false)] out string? wrong)
    {
        var found = new List<IPNetwork>();
        networks = found;
        foreach (var piece in (list ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))
        {
            if (IPNetwork.TryParse(piece, out var network))
            {
                found.Add(network);
            }
            else if (IPAddress.TryParse(piece, out var address))
            {
                found.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
            else
            {
                wrong = piece;
                return false;
            }
        }

        wrong = null;
        return true;
    }
}
