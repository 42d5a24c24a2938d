using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Broadcast.Database.Postgres;

/// <summary>Inspects a cluster's server process from outside.</summary>
public static class Postmaster
{
    /// <summary>Name of the server's socket in the cluster.</summary>
    public const string SocketName = ".s.PGSQL.5432";

    /// <summary>
    /// Finds the cluster's server process, or <see langword="null"/>. The process id in <c>postmaster.pid</c> can belong to another process
    /// after a power failure or in a restarted container. A server's working directory is its cluster, so the file in that directory
    /// identifies it.
    /// </summary>
    public static int? Find(string cluster)
    {
        if (ReadPid(cluster) is not { } pid)
        {
            return null;
        }

        if (!OperatingSystem.IsLinux())
        {
            return IsAlive(pid) ? pid : null;
        }

        try
        {
            var runningPidFile = File.ReadAllText($"/proc/{pid}/cwd/postmaster.pid");
            return runningPidFile == File.ReadAllText(Path.Combine(cluster, "postmaster.pid")) ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Removes a <c>postmaster.pid</c> whose process id belongs to another program: PostgreSQL would refuse to start. An unused process id
    /// is left to PostgreSQL, which checks more.
    /// </summary>
    public static void RemoveForeignPidFile(string cluster)
    {
        if (OperatingSystem.IsLinux() && ReadPid(cluster) is { } pid && IsAlive(pid) && Find(cluster) is null)
        {
            File.Delete(Path.Combine(cluster, "postmaster.pid"));
        }
    }

    /// <summary>Returns whether a server accepts connections on the cluster's socket.</summary>
    public static async Task<bool> AcceptsConnectionsAsync(SocketFolder socket, CancellationToken cancellationToken)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(socket.Path, SocketName)), cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int? ReadPid(string cluster)
    {
        try
        {
            var first = File.ReadLines(Path.Combine(cluster, "postmaster.pid")).FirstOrDefault();
            return int.TryParse(first, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var pid)
                && pid != 0 ? Math.Abs(pid) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
