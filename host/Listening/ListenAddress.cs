using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Broadcast.Host.Listening;

/// <summary>Where a server listens, as flags and configuration write it: <c>8080</c>, <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:0</c>, <c>*:8080</c>.</summary>
/// <param name="Address">The interface; <see cref="IPAddress.IPv6Any"/> for all of both families.</param>
/// <param name="Port">0 to 65,535; 0 lets the system choose.</param>
internal readonly record struct ListenAddress(IPAddress Address, int Port)
{
    /// <summary>Whether it means every interface.</summary>
    public bool IsAny => Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any);

    /// <summary>Reads an address.</summary>
    /// <exception cref="FormatException">It is not one; the message shows the forms.</exception>
    public static ListenAddress Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        var (host, port) = colon < 0 ? ("*", text) : (text[..colon], text[(colon + 1)..]);
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > 65_535)
        {
            throw new FormatException($"'{text}' is not an address to listen on: write PORT, ADDRESS:PORT or [IPV6]:PORT, such as 127.0.0.1:8080.");
        }

        var address = host switch
        {
            "*" or "" => IPAddress.IPv6Any,
            "localhost" => IPAddress.Loopback,
            _ when IPAddress.TryParse(host.Trim('[', ']'), out var ip) => ip,
            _ => throw new FormatException($"'{text}' is not an address to listen on: '{host}' is not an IP address of this machine, '*' or 'localhost'."),
        };
        return new ListenAddress(address, number);
    }

    /// <summary>How a client on this machine reaches it.</summary>
    public static string ForClients(string scheme, IPEndPoint bound)
    {
        var address = bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : bound.Address;
        return $"{scheme}://{new IPEndPoint(address, bound.Port)}";
    }

    /// <summary>This machine's first IPv4 address that others can reach, when all listeners are open to them; <see langword="null"/> when one is not or there is none.</summary>
    public static string? ForOthers(IEnumerable<IPEndPoint> bound) => bound.Any(b => !b.Address.Equals(IPAddress.Any) && !b.Address.Equals(IPAddress.IPv6Any))
        ? null
        : NetworkInterface.GetAllNetworkInterfaces()
            .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .OrderBy(n => n.GetIPProperties().GatewayAddresses.Count == 0)
            .SelectMany(n => n.GetIPProperties().UnicastAddresses)
            .FirstOrDefault(a => a.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a.Address))?.Address.ToString();

    /// <inheritdoc/>
    public override string ToString() => new IPEndPoint(Address, Port).ToString();
}
