namespace Broadcast.Testing;

/// <summary>A temporary folder with a short path (Unix sockets allow 107 bytes). Deleted on disposal.</summary>
public sealed class TempFolder : IAsyncDisposable, IDisposable
{
    private TempFolder(string path) => Path = path;

    /// <summary>Absolute path of the existing folder.</summary>
    public string Path { get; }

    /// <summary>
    /// Creates a folder below the system's temporary folder, or below <paramref name="parent"/>, accessible only to its owner unless
    /// <paramref name="mode"/> allows more.
    /// </summary>
    public static TempFolder Create(string prefix = "bc",
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, string? parent = null)
    {
        while (true)
        {
            var path = System.IO.Path.Combine(parent ?? System.IO.Path.GetTempPath(), $"{prefix}-{Guid.NewGuid().ToString("N")[..8]}");
            if (!Directory.Exists(path))
            {
                return new TempFolder(Directory.CreateDirectory(path, mode).FullName);
            }
        }
    }

    /// <summary>Returns a path inside the folder.</summary>
    public string Sub(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Deletes the folder. Programs still writing into it get two seconds to end.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var attempt = 0; attempt < 20 && !TryDelete(); attempt++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => TryDelete();

    private bool TryDelete()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
