using System.Net;
using System.Net.Sockets;

namespace Broadcast.Testing;

/// <summary>Loopback TCP ports that nothing listens on. Prefer port 0; this is for programs that cannot report what they chose.</summary>
public static class FreePort
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>A port that was free a moment ago and that this process has not been given before.</summary>
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
