namespace Broadcast.Database.Postgres;

/// <summary>
/// Advisory lock on a file (<c>flock</c>, which .NET takes when it opens a file). The kernel releases it when the holder exits in any way,
/// including kill -9.
/// </summary>
public sealed class FileLock : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Waits for the exclusive lock.</summary>
    /// <exception cref="OperationException">Another process held it for <paramref name="timeout"/>.</exception>
    public static async Task<FileLock> ExclusiveAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (TryExclusive(path) is { } acquired)
            {
                return acquired;
            }

            if (time.GetElapsedTime(started) > timeout)
            {
                throw new OperationException(
                    OperationErrorCode.Unavailable,
                    $"Another command has been starting or stopping the database for over {timeout.TotalSeconds:0} s (lock {path}). Wait "
                    + "for it, or stop it.");
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    /// <summary>Tries to take the exclusive lock; returns <see langword="null"/> at once when it is held.</summary>
    public static FileLock? TryExclusive(string path) => TryOpen(path, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Tries to take a shared lock; returns <see langword="null"/> at once when the exclusive lock is held.</summary>
    public static FileLock? TryShared(string path) => TryOpen(path, FileAccess.Read, FileShare.Read);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static FileLock? TryOpen(string path, FileAccess access, FileShare share)
    {
        try
        {
            // Only the owner may open the file: any process that can open it could lock it and block this server.
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = access, Share = share, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return new FileLock(new FileStream(path, options));
        }
        catch (IOException e) when (e.GetType() == typeof(IOException) && !e.Message.Contains("No space", StringComparison.Ordinal))
        {
            return null;
        }
    }
}
