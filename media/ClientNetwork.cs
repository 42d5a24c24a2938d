using System.Net;
using System.Net.Sockets;

namespace Broadcast.Media;

/// <summary>
/// Networks that rate limits treat as one client. An IPv6 client usually owns a whole /64, so counting single addresses would be no limit.
/// </summary>
public static class ClientNetwork
{
    /// <summary>The IPv4 address, or the first address of the IPv6 /64. IPv4-mapped IPv6 addresses count as IPv4.</summary>
    /// <returns><see langword="null"/> when the endpoint has no address.</returns>
    public static IPAddress? Of(EndPoint? remote) => remote is IPEndPoint { Address: var address } ? Of(address) : null;

    /// <summary>The IPv4 address, or the first address of the IPv6 /64.</summary>
    public static IPAddress Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }
}
