using System.Text;

namespace Broadcast.Database.Postgres;

/// <summary>
/// Log file of the embedded server. The server appends to it for as long as it runs, so that it is rotated by copying: the end of a large
/// file is copied to a second file and the file is truncated. Both together take at most twice <see cref="MaxBytes"/>, and what is written
/// within one <see cref="Interval"/>. Statements that cause errors are not logged.
/// </summary>
/// <param name="cluster">Folder of the cluster.</param>
public sealed class PostgresLog(string cluster)
{
    /// <summary>Name in the cluster.</summary>
    public const string FileName = "server.log";

    /// <summary>Size from which the file is rotated, and maximum size of the copy.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    /// <summary>Interval between checks of the size.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private const int TailBytes = 4096;

    /// <summary>Full path of the file.</summary>
    public string Path { get; } = System.IO.Path.Combine(cluster, FileName);

    /// <summary>Full path of the copy of earlier lines.</summary>
    public string OldPath => Path + ".1";

    /// <summary>Rotates the file if it is too large. Another process that uses the server may do the same.</summary>
    public void Rotate()
    {
        try
        {
            if (!File.Exists(Path))
            {
                return;
            }

            using var log = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (log.Length <= MaxBytes)
            {
                return;
            }

            log.Seek(-MaxBytes, SeekOrigin.End);
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var old = new FileStream(OldPath, options))
            {
                log.CopyTo(old);
            }

            log.SetLength(0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Tried again at the next check.
        }
    }

    /// <summary>Reads the last lines; empty when there are none.</summary>
    public string ReadTail()
    {
        try
        {
            using var log = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            log.Seek(-Math.Min(log.Length, TailBytes), SeekOrigin.End);
            using var reader = new StreamReader(log, Encoding.UTF8);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
