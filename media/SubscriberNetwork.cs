using System.Net;
using System.Net.Sockets;

namespace Broadcast.Media;

/// <summary>What limits by address count as one address. Who has one IPv6 address usually has the 2^64 around it, so counting each would be no limit.</summary>
public static class SubscriberNetwork
{
    /// <summary>The IPv4 address, or the first address of the IPv6 /64; an IPv4 address mapped into IPv6 is the IPv4 one.</summary>
    /// <returns><see langword="null"/> when the end point has no address.</returns>
    public static IPAddress? Of(EndPoint? remote) => remote is IPEndPoint { Address: var address } ? Of(address) : null;

    /// <summary>The same for an address.</summary>
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
