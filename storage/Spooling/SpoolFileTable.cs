using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Files of the spool by name and by session folder, so that listing a session does not examine the files of others. Thread-safe.
/// </summary>
internal sealed class SpoolFileTable
{
    /// <summary>Number of slashes up to the end of a session's folder: <c>live/channel/session/</c>.</summary>
    private const int FolderSlashes = 3;

    private readonly ConcurrentDictionary<ObjectName, SpoolFile> _files = new();
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<ObjectName, SpoolFile>> _folders = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _examined;

    /// <summary>All files.</summary>
    public IEnumerable<SpoolFile> All => _files.Select(file => file.Value);

    /// <summary>Number of files that all calls of <see cref="Below"/> have examined.</summary>
    internal long Examined => Interlocked.Read(ref _examined);

    /// <summary>Finds a file.</summary>
    public bool TryGetValue(ObjectName name, [NotNullWhen(true)] out SpoolFile? file) => _files.TryGetValue(name, out file);

    /// <summary>Adds a file; <see langword="false"/> when there is one of the same name.</summary>
    public bool TryAdd(SpoolFile file)
    {
        lock (_lock)
        {
            if (!_files.TryAdd(file.Name, file))
            {
                return false;
            }

            if (FolderOf(file.Name.Value) is { } folder)
            {
                _folders.GetOrAdd(folder, _ => new())[file.Name] = file;
            }

            return true;
        }
    }

    /// <summary>Removes a file, unless another one has its name.</summary>
    public void Remove(SpoolFile file)
    {
        lock (_lock)
        {
            if (_files.TryRemove(KeyValuePair.Create(file.Name, file)) && FolderOf(file.Name.Value) is { } folder
                && _folders.TryGetValue(folder, out var files))
            {
                files.TryRemove(file.Name, out _);
                if (files.IsEmpty)
                {
                    _folders.TryRemove(folder, out _);
                }
            }
        }
    }

    /// <summary>Files whose names start with a prefix.</summary>
    public IEnumerable<SpoolFile> Below(string prefix)
    {
        IEnumerable<KeyValuePair<ObjectName, SpoolFile>> files = FolderOf(prefix) is not { } folder ? _files
            : _folders.TryGetValue(folder, out var found) ? found : [];
        foreach (var (name, file) in files)
        {
            Interlocked.Increment(ref _examined);
            if (name.Value.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield return file;
            }
        }
    }

    /// <summary>Session folder of a name; <see langword="null"/> for a name outside of one.</summary>
    private static string? FolderOf(string name)
    {
        var slashes = 0;
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '/' && ++slashes == FolderSlashes)
            {
                return name[..(i + 1)];
            }
        }

        return null;
    }
}
