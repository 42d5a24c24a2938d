namespace Broadcast.Database.Postgres;

/// <summary>
/// Path to the cluster that is short enough for a Unix socket (107 bytes on Linux, 103 on macOS, including the socket's name). The server
/// always listens inside its cluster, whose path can have any length. If it is too long, clients use a symbolic link in a temporary folder.
/// </summary>
public sealed class SocketFolder : IDisposable
{
    private const int MaxPathBytes = 103;
    private readonly string? _temporary;

    private SocketFolder(string path, string? temporary) => (Path, _temporary) = (path, temporary);

    /// <summary>Path to connect to.</summary>
    public string Path { get; }

    /// <summary>Returns the folder for a cluster: the cluster itself, or a temporary one when its path is too long.</summary>
    public static SocketFolder For(string cluster)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(System.IO.Path.Combine(cluster, Postmaster.SocketName)) <= MaxPathBytes)
        {
            return new(cluster, null);
        }

        // TMPDIR can be long too; /tmp exists everywhere, and CreateTempSubdirectory creates folders with mode 0700.
        var temporary = Directory.Exists("/tmp") ? CreatePrivateFolder("/tmp/broadcast-" + Guid.NewGuid().ToString("N"))
            : Directory.CreateTempSubdirectory("broadcast-").FullName;
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

    /// <summary>Creates a folder that only its owner can enter.</summary>
    public static string CreatePrivateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new OperationException(OperationErrorCode.Broken,
                "The embedded PostgreSQL server requires Linux or macOS. Set Database:ConnectionString to your own server.");
        }

        return Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
    }
}
