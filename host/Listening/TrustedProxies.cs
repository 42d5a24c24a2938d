using System.Diagnostics.CodeAnalysis;
using System.Net;
using Broadcast.Media.Outbound;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Broadcast.Host.Listening;

/// <summary>
/// Determines the address of viewers behind a trusted edge or proxy from <c>X-Forwarded-For</c>, and whether they use HTTPS from
/// <c>X-Forwarded-Proto</c>.
/// </summary>
internal static class TrustedProxies
{
    /// <summary>
    /// Sets <c>Connection.RemoteIpAddress</c> to the last address in the header that is not a trusted proxy's. Requests through a proxy get
    /// the feature <see cref="TrustedProxyFeature"/>. Without trusted proxies, the headers are ignored.
    /// </summary>
    public static IApplicationBuilder UseTrustedProxies(this IApplicationBuilder app, string? list)
    {
        if (!TryParse(list, out var networks, out _) || networks.Count == 0)
        {
            return app;
        }

        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null,
        };
        options.KnownIPNetworks.Clear();
        options.KnownProxies.Clear();
        foreach (var network in networks)
        {
            options.KnownIPNetworks.Add(network);
        }

        // Evaluated before the address is replaced: the header of the viewer does not show which proxy was used.
        app.Use((context, next) =>
        {
            // The next middleware adds this header when it replaces the address. Clients can send it too.
            context.Request.Headers.Remove(options.OriginalForHeaderName);
            if (Contains(networks, context.Connection.RemoteIpAddress))
            {
                context.Features.Set(TrustedProxyFeature.WithoutViewer);
            }

            return next(context);
        });
        app.UseForwardedHeaders(options);
        return app.Use((context, next) =>
        {
            if (context.Request.Headers.ContainsKey(options.OriginalForHeaderName))
            {
                context.Features.Set(TrustedProxyFeature.WithViewer);
            }

            return next(context);
        });
    }

    /// <summary>Returns whether one of the networks contains an address.</summary>
    public static bool Contains(IReadOnlyList<IPNetwork> networks, IPAddress? address)
    {
        if (address is null)
        {
            return false;
        }

        var normalized = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in networks)
        {
            if (network.Contains(normalized) || network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Parses a comma-separated list of addresses and networks; an empty or missing list contains none.</summary>
    /// <param name="list">The list.</param>
    /// <param name="networks">The parsed networks; an address is a network of its own.</param>
    /// <param name="invalidEntry">The first invalid entry.</param>
    public static bool TryParse(string? list, out IReadOnlyList<IPNetwork> networks, [NotNullWhen(false)] out string? invalidEntry)
    {
        var parsed = new List<IPNetwork>();
        networks = parsed;
        foreach (var entry in (list ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))
        {
            if (CidrListParser.TryParse(entry, out var network))
            {
                parsed.Add(network);
            }
            else if (!entry.Contains('/', StringComparison.Ordinal) && IPAddress.TryParse(entry, out var address))
            {
                parsed.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
            else
            {
                invalidEntry = entry;
                return false;
            }
        }

        invalidEntry = null;
        return true;
    }
}
