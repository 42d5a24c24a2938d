using Broadcast.Media;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;

namespace Broadcast.Storage.Integrity;

/// <summary>A file in the spool.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Found">Its length and state.</param>
public sealed record SpooledFile(string Path, FoundObject Found);

/// <summary>What a spool's folder holds at one moment, seen from outside: a server may be writing to it, and is not disturbed.</summary>
public sealed class SpoolSnapshot
{
    private const int MostNotes = 10_000;
    private const int Attempts = 5;
    private readonly List<Deletion> _deletions;

    private SpoolSnapshot(SortedDictionary<string, SpooledFile> files, List<Deletion> deletions) => (Files, _deletions) = (files, deletions);

    /// <summary>Files by the names of the objects that they become, in ordinal order.</summary>
    public IReadOnlyDictionary<string, SpooledFile> Files { get; }

    /// <summary>Files that were handed over and that the store does not have yet.</summary>
    public IEnumerable<SpooledFile> Waiting => Files.Values.Where(file => !file.Found.IsOpen);

    /// <summary>Looks at the spool of a data folder.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
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
                // What the store has is looked at there.
                foreach (var (name, path, state, length, written) in SpoolFolder.Scan(root).Where(found => found.State != SpoolState.Kept))
                {
                    files[name.Value] = new SpooledFile(path, new FoundObject(length, written, IsStored: false, IsOpen: state == SpoolState.Left));
                }

                break;
            }
            catch (DirectoryNotFoundException) when (attempt < Attempts)
            {
                // A folder went away, empty, while it was walked.
                files.Clear();
            }
        }

        return new SpoolSnapshot(files, [.. new DeletionNotes(System.IO.Path.Combine(root, ".deletions")).Read(MostNotes)]);
    }

    /// <summary>Whether an object is to be deleted, as soon as the store does it.</summary>
    public bool IsGoing(ObjectName name) => _deletions.Exists(deletion => deletion.Covers(name));

    /// <summary>Names that begin so.</summary>
    public IEnumerable<KeyValuePair<string, SpooledFile>> Below(string prefix) => Files.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The distinct names one level below a folder.</summary>
    public IEnumerable<string> Folders(string prefix) => Below(prefix).Where(file => file.Key.AsSpan(prefix.Length).Contains('/'))
        .Select(file => file.Key[prefix.Length..file.Key.IndexOf('/', prefix.Length)]).Distinct(StringComparer.Ordinal);

    /// <summary>Reads a file; <see langword="null"/> when it is not there any more: the store has it then, or nobody.</summary>
    public static async Task<byte[]?> ReadAsync(SpooledFile file, int maxLength, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.Asynchronous);
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

    /// <summary>Reads a file that was handed over against the checksum that was noted then.</summary>
    public static async Task<ObjectVerdict> VerifyAsync(SpooledFile file, CancellationToken cancellationToken)
    {
        try
        {
            using var handle = File.OpenHandle(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
            return NotedChecksum.Read(handle) is not { } noted ? ObjectVerdict.Unknown
                : (await FileDigest.OfAsync(handle, 0, RandomAccess.GetLength(handle), md5: false, cancellationToken)).Sum == noted ? ObjectVerdict.Good : ObjectVerdict.Changed;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return ObjectVerdict.Missing;
        }
    }
}
