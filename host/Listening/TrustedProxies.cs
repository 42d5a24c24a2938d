using System.Diagnostics.CodeAnalysis;
using System.Net;
using Broadcast.Media;
using Broadcast.Origin;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Broadcast.Host.Listening;

/// <summary>Where viewers are who come through an edge or a proxy: what it says in <c>X-Forwarded-For</c>, when it is one that is believed.</summary>
internal static class TrustedProxies
{
    /// <summary>
    /// From here on <c>Connection.RemoteIpAddress</c> is the last address in the header that is not itself a trusted proxy's, and what came through one is known by its
    /// <see cref="SharedConnection"/>, all else by its <see cref="DirectConnection"/>. Without trusted proxies nothing is read.
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

        // Before the address is the viewer's: what he sends himself says nothing about where he comes through.
        app.Use((context, next) =>
        {
            if (Contains(networks, context.Connection.RemoteIpAddress))
            {
                context.Features.Set(SharedConnection.Instance);
            }
            else
            {
                context.Features.Set(DirectConnection.Instance);
            }

            return next(context);
        });
        return app.UseForwardedHeaders(options);
    }

    private static bool Contains(IReadOnlyList<IPNetwork> networks, IPAddress? address)
    {
        if (address is null)
        {
            return false;
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in networks)
        {
            if (network.Contains(plain) || network.Contains(address))
            {
                return true;
            }
        }

        return false;
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
            if (NetworkText.TryParse(piece, out var network))
            {
                found.Add(network);
            }
            else if (!piece.Contains('/', StringComparison.Ordinal) && IPAddress.TryParse(piece, out var address))
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
