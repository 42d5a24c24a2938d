using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>Counts connections that have not yet been given leave to publish: those cost their sender nothing, so there is a limit for each address and for all.</summary>
internal sealed class Admission(IOptions<IngestOptions> options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _all;

    /// <summary>Connections counted now.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _all;
            }
        }
    }

    /// <summary>Counts a connection in.</summary>
    /// <returns>What to dispose once it may publish or has ended, or <see langword="null"/> when there are too many.</returns>
    public Place? TryEnter(EndPoint? remote)
    {
        var address = Group((remote as IPEndPoint)?.Address);
        lock (_gate)
        {
            var here = _byAddress.GetValueOrDefault(address);
            if (_all >= options.Value.MaxUnpublishedConnections || here >= options.Value.MaxUnpublishedConnectionsPerAddress)
            {
                return null;
            }

            _byAddress[address] = here + 1;
            _all++;
        }

        return new Place(this, address);
    }

    /// <summary>Who has one IPv6 address usually has the 2^64 around it.</summary>
    private static IPAddress Group(IPAddress? address)
    {
        if (address is null)
        {
            return IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private void Leave(IPAddress address)
    {
        lock (_gate)
        {
            _all--;
            if (--_byAddress[address] == 0)
            {
                _byAddress.Remove(address);
            }
        }
    }

    /// <summary>One counted connection.</summary>
    public sealed class Place(Admission admission, IPAddress address) : IDisposable
    {
        private int _left;

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                admission.Leave(address);
            }
        }
    }
}
