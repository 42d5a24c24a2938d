using System.Net;
using Broadcast.Cluster;
using Broadcast.Media.HostToControl;
using Microsoft.Extensions.Options;

namespace Broadcast.Host.Listening;

/// <summary>Address of the internal listener for other servers: configured, or derived from the interface on which it listens.</summary>
internal sealed class InternalListener(Func<string, IPEndPoint?> find, IOptions<ClusterOptions> options) : IInternalListener
{
    /// <summary>Name of the listener.</summary>
    public const string Name = "internal HTTP";

    /// <inheritdoc/>
    public string? Address
    {
        get
        {
            if (find(Name) is not { Port: > 0 } bound)
            {
                return null;
            }

            return options.Value.Address is { } configured && InternalAddress.TryParse(configured, out var address) ? address
                : bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any)
                    ? ListenAddress.FindLanAddress([bound]) is { } lan ? $"{lan}:{bound.Port}" : null
                : bound.ToString();
        }
    }
}
