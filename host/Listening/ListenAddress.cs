using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Broadcast.Host.Listening;

/// <summary>
/// A listen address in flags and configuration: <c>8080</c>, <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:0</c>, <c>*:8080</c>.
/// </summary>
/// <param name="Address">The interface; <see cref="IPAddress.IPv6Any"/> for all interfaces of both families.</param>
/// <param name="Port">0 to 65,535; with 0 the system chooses.</param>
internal readonly record struct ListenAddress(IPAddress Address, int Port)
{
    /// <summary>Indicates whether it covers all interfaces.</summary>
    public bool IsAny => Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any);

    /// <summary>Parses a listen address.</summary>
    /// <exception cref="FormatException">The text is invalid; the message lists the formats.</exception>
    public static ListenAddress Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        var (host, port) = colon < 0 ? ("*", text) : (text[..colon], text[(colon + 1)..]);
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > 65_535)
        {
            throw new FormatException($"'{text}' is not a listen address. Use PORT, ADDRESS:PORT or [IPV6]:PORT, such as 127.0.0.1:8080.");
        }

        var address = host switch
        {
            "*" or "" => IPAddress.IPv6Any,
            "localhost" => IPAddress.Loopback,
            _ when IPAddress.TryParse(host.Trim('[', ']'), out var ip) => ip,
            _ => throw new FormatException($"'{text}' is not a listen address: '{host}' is not an IP address, '*' or 'localhost'."),
        };
        return new ListenAddress(address, number);
    }

    /// <summary>URL by which a client on this machine reaches the listener.</summary>
    public static string ToLocalUrl(string scheme, IPEndPoint bound)
    {
        var address = bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : bound.Address;
        return $"{scheme}://{new IPEndPoint(address, bound.Port)}";
    }

    /// <summary>
    /// Returns the machine's first IPv4 address reachable from other machines, if all listeners accept connections from them; otherwise
    /// <see langword="null"/>.
    /// </summary>
    public static string? FindLanAddress(IEnumerable<IPEndPoint> bound) =>
        bound.Any(b => !b.Address.Equals(IPAddress.Any) && !b.Address.Equals(IPAddress.IPv6Any))
        ? null
        : NetworkInterface.GetAllNetworkInterfaces()
            .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .OrderBy(n => n.GetIPProperties().GatewayAddresses.Count == 0)
            .SelectMany(n => n.GetIPProperties().UnicastAddresses)
            .FirstOrDefault(a => a.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a.Address))
            ?.Address.ToString();

    /// <inheritdoc/>
    public override string ToString() => new IPEndPoint(Address, Port).ToString();
}
