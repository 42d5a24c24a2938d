namespace Broadcast.Control.PrivateServer;

/// <summary>
/// An advisory lock on a file (<c>flock</c>, which .NET takes when a file is opened). The kernel lets go of it when the holder dies,
/// however it dies, so nobody has to clean up after a kill -9.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Waits until nobody else holds the file.</summary>
    /// <exception cref="ControlException">Somebody held it for all of <paramref name="patience"/>.</exception>
    public static async Task<FileLock> ExclusiveAsync(string path, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (TryExclusive(path) is { } taken)
            {
                return taken;
            }

            if (time.GetElapsedTime(started) > patience)
            {
                throw new ControlException(
                    ControlCode.Unavailable,
                    $"Another command has been starting or stopping the database for over {patience.TotalSeconds:0} s (lock {path}). Wait for it, or end it.");
            }

            await Task.Delay(Poll, time, cancellationToken);
        }
    }

    /// <summary>Takes the file for this holder alone, or answers <see langword="null"/> at once.</summary>
    public static FileLock? TryExclusive(string path) => TryOpen(path, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Takes the file together with other holders of this kind, or answers <see langword="null"/> when somebody has it alone.</summary>
    public static FileLock? TryShared(string path) => TryOpen(path, FileAccess.Read, FileShare.Read);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static FileLock? TryOpen(string path, FileAccess access, FileShare share)
    {
        try
        {
            // Only its owner may open it: whoever can open a file can lock it, and keep us out.
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
