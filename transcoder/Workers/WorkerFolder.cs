namespace Broadcast.Transcoder.Workers;

/// <summary>
/// The private folder of a worker's sockets. A lock file in it marks a running server; folders left by a killed server are detected by it
/// and removed at the next start.
/// </summary>
internal sealed class WorkerFolder : IDisposable
{
    private const string Prefix = "broadcast-worker-";
    private const string LockName = "lock";

    /// <summary>A newer folder without a lock may still be under construction.</summary>
    private static readonly TimeSpan CreationTime = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _folder;
    private readonly FileStream _lock;

    /// <summary>Creates a folder.</summary>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public WorkerFolder()
    {
        _folder = Directory.CreateTempSubdirectory(Prefix);
        _lock = new FileStream(System.IO.Path.Combine(_folder.FullName, LockName), FileMode.CreateNew, FileAccess.ReadWrite,
            FileShare.None);
    }

    /// <summary>Path of the folder.</summary>
    public string Path => _folder.FullName;

    /// <summary>Removes folders of processes that no longer run.</summary>
    /// <param name="now">The current time.</param>
    /// <returns>Number of folders removed.</returns>
    public static int RemoveLeftovers(DateTimeOffset now)
    {
        var removed = 0;
        foreach (var folder in new DirectoryInfo(System.IO.Path.GetTempPath()).EnumerateDirectories(Prefix + "*"))
        {
            try
            {
                var path = System.IO.Path.Combine(folder.FullName, LockName);
                if (File.Exists(path))
                {
                    // Fails if a running server holds the lock.
                    using var lockFile = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                }
                else if (now.UtcDateTime - folder.LastWriteTimeUtc < CreationTime)
                {
                    continue;
                }

                folder.Delete(recursive: true);
                removed++;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, or owned by another user.
            }
        }

        return removed;
    }

    /// <summary>Removes the folder and its contents.</summary>
    public void Dispose()
    {
        _lock.Dispose();
        try
        {
            _folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only empty sockets in the temporary folder; the next start removes them.
        }
    }
}
