namespace Broadcast.Transcoder.Workers;

/// <summary>
/// The folder of a worker's sockets, which only it and we can enter. A lock in it says that we live: what a server that was killed left behind is found by that and removed at the next start.
/// </summary>
internal sealed class WorkerFolder : IDisposable
{
    private const string Prefix = "broadcast-worker-";
    private const string LockName = "lock";

    /// <summary>A folder without a lock may be one that is just being made.</summary>
    private static readonly TimeSpan Newborn = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _folder;
    private readonly FileStream _lock;

    /// <summary>Makes one.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public WorkerFolder()
    {
        _folder = Directory.CreateTempSubdirectory(Prefix);
        _lock = new FileStream(System.IO.Path.Combine(_folder.FullName, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>Where it is.</summary>
    public string Path => _folder.FullName;

    /// <summary>Removes what nobody uses any more.</summary>
    /// <param name="now">The time.</param>
    /// <returns>How many there were.</returns>
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
                    // Somebody who lives holds it, and this fails.
                    using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                }
                else if (now.UtcDateTime - folder.LastWriteTimeUtc < Newborn)
                {
                    continue;
                }

                folder.Delete(recursive: true);
                removed++;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, or not ours.
            }
        }

        return removed;
    }

    /// <summary>Removes it with all that is in it.</summary>
    public void Dispose()
    {
        _lock.Dispose();
        try
        {
            _folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Empty sockets in the folder for temporary files: the next start removes them.
        }
    }
}
