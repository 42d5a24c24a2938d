using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Broadcast.Control.PrivateServer;

/// <summary>What can be known of a cluster's server from outside.</summary>
internal static class Postmaster
{
    /// <summary>The server's socket inside the cluster.</summary>
    public const string SocketName = ".s.PGSQL.5432";

    /// <summary>
    /// The cluster's server process, or <see langword="null"/>. The number in <c>postmaster.pid</c> alone proves nothing: after a power cut, or in a
    /// restarted container, it may be somebody else's. A server stands in its cluster's folder, so what its working directory holds tells.
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
            var theirs = File.ReadAllText($"/proc/{pid}/cwd/postmaster.pid");
            return theirs == File.ReadAllText(Path.Combine(cluster, "postmaster.pid")) ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Removes a <c>postmaster.pid</c> whose number now belongs to a process that is no PostgreSQL: PostgreSQL itself cannot tell and would refuse to start.
    /// A number that belongs to nobody is left to PostgreSQL, which checks more than that.
    /// </summary>
    public static void ForgetStranger(string cluster)
    {
        if (OperatingSystem.IsLinux() && ReadPid(cluster) is { } pid && IsAlive(pid) && Find(cluster) is null)
        {
            File.Delete(Path.Combine(cluster, "postmaster.pid"));
        }
    }

    /// <summary>Whether somebody accepts connections on the cluster's socket.</summary>
    public static async Task<bool> AnswersAsync(SocketFolder socket, CancellationToken cancellationToken)
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
            return int.TryParse(first, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var pid) && pid != 0 ? Math.Abs(pid) : null;
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
