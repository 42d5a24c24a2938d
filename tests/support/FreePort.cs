using System.Net;
using System.Net.Sockets;

namespace Broadcast.Testing;

/// <summary>Unused loopback TCP ports. Prefer port 0; this class is for programs that cannot report their assigned port.</summary>
public static class FreePort
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>Returns a recently unused port. Each port is returned once per process.</summary>
    public static int Next()
    {
        lock (Gate)
        {
            while (true)
            {
                using var listener = new TcpListener(IPAddress.Loopback, 0);
                listener.Start();
                var port = ((IPEndPoint)listener.LocalEndpoint).Port;
                if (Given.Add(port))
                {
                    return port;
                }
            }
        }
    }
}
