namespace Broadcast.Control.PrivateServer;

/// <summary>
/// A path to the cluster that is short enough for a Unix socket (107 bytes on Linux, 103 on macOS, with the socket's own name). The server always listens inside its
/// cluster, whose path may be of any length; when it is too long for us, we reach it by a symbolic link in a temporary folder of our own.
/// </summary>
internal sealed class SocketFolder : IDisposable
{
    private const int Longest = 103;
    private readonly string? _temporary;

    private SocketFolder(string path, string? temporary) => (Path, _temporary) = (path, temporary);

    /// <summary>What to connect to.</summary>
    public string Path { get; }

    public static SocketFolder For(string cluster)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(System.IO.Path.Combine(cluster, Postmaster.SocketName)) <= Longest)
        {
            return new(cluster, null);
        }

        // TMPDIR may be long, too; /tmp exists everywhere, and CreateTempSubdirectory makes 0700 folders only.
        var temporary = Directory.Exists("/tmp") ? MakePrivate("/tmp/broadcast-" + Guid.NewGuid().ToString("N")) : Directory.CreateTempSubdirectory("broadcast-").FullName;
        var link = System.IO.Path.Combine(temporary, "db");
        File.CreateSymbolicLink(link, cluster);
        return new(link, temporary);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_temporary is not null && Directory.Exists(_temporary))
        {
            File.Delete(Path);
            Directory.Delete(_temporary);
        }
    }

    /// <summary>Makes a folder that only its owner can enter.</summary>
    public static string MakePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new ControlException(ControlCode.Broken, "The private PostgreSQL server needs Linux or macOS. Set Database:ConnectionString to a server of your own.");
        }

        return Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
    }
}
