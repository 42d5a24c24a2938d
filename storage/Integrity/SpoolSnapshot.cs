using Broadcast.Media;
using Broadcast.Media.Integrity;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;

namespace Broadcast.Storage.Integrity;

/// <summary>A file in the spool.</summary>
/// <param name="Path">Path of the file.</param>
/// <param name="Found">Length and state of the file.</param>
public sealed record SpooledFile(string Path, FoundObject Found);

/// <summary>Snapshot of a spool folder, taken without its lock, so a running server is not disturbed.</summary>
public sealed class SpoolSnapshot
{
    private const int MaxDeletions = 10_000;
    private const int Attempts = 5;
    private readonly List<Deletion> _deletions;

    private SpoolSnapshot(SortedDictionary<string, SpooledFile> files, List<Deletion> deletions) =>
        (Files, _deletions) = (files, deletions);

    /// <summary>Files by object name, in ordinal order.</summary>
    public IReadOnlyDictionary<string, SpooledFile> Files { get; }

    /// <summary>Sealed files that are not in the object store yet.</summary>
    public IEnumerable<SpooledFile> Waiting => Files.Values.Where(file => !file.Found.IsOpen);

    /// <summary>Takes a snapshot of the spool in a data folder.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static SpoolSnapshot Take(DataFolder data)
    {
        var root = System.IO.Path.Combine(data.Path, "spool");
        var files = new SortedDictionary<string, SpooledFile>(StringComparer.Ordinal);
        if (!Directory.Exists(root))
        {
            return new SpoolSnapshot(files, []);
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // Retained files are in the object store and are inspected there.
                foreach (var (name, path, state, length, written) in SpoolFolder.Scan(root)
                    .Where(found => found.State != SpoolState.Retained))
                {
                    files[name.Value] =
                        new SpooledFile(path, new FoundObject(length, written, IsStored: false, IsOpen: state == SpoolState.Leftover));
                }

                break;
            }
            catch (DirectoryNotFoundException) when (attempt < Attempts)
            {
                // A folder was removed as empty during the walk.
                files.Clear();
            }
        }

        return new SpoolSnapshot(files, [.. new DeletionJournal(System.IO.Path.Combine(root, ".deletions")).Read(MaxDeletions)]);
    }

    /// <summary>Returns whether the object has a pending deletion.</summary>
    public bool IsPendingDeletion(ObjectName name) => _deletions.Exists(deletion => deletion.Covers(name));

    /// <summary>Files whose names start with a prefix.</summary>
    public IEnumerable<KeyValuePair<string, SpooledFile>> Below(string prefix) =>
        Files.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Distinct names one level below a folder.</summary>
    public IEnumerable<string> Folders(string prefix) => Below(prefix).Where(file => file.Key.AsSpan(prefix.Length).Contains('/'))
        .Select(file => file.Key[prefix.Length..file.Key.IndexOf('/', prefix.Length)]).Distinct(StringComparer.Ordinal);

    /// <summary>Reads a file; <see langword="null"/> when it no longer exists, because it was uploaded or deleted.</summary>
    public static async Task<byte[]?> ReadAsync(SpooledFile file, int maxLength, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0,
                FileOptions.Asynchronous);
            if (stream.Length > maxLength)
            {
                return null;
            }

            var bytes = new byte[stream.Length];
            return bytes[..await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken)];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Verifies a sealed file against its stored checksum.</summary>
    public static async Task<VerificationResult> VerifyAsync(SpooledFile file, CancellationToken cancellationToken)
    {
        try
        {
            using var handle = File.OpenHandle(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
                FileOptions.Asynchronous);
            return StoredChecksum.Read(handle) is not { } stored ? VerificationResult.Unknown
                : (await FileDigest.OfAsync(handle, 0, RandomAccess.GetLength(handle), md5: false, cancellationToken)).Sum
                == stored ? VerificationResult.Valid : VerificationResult.Changed;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return VerificationResult.Missing;
        }
    }
}
