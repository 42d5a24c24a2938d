using System.Collections.Concurrent;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Ended recordings whose files are all in the object store. They remain so until they are deleted. A start neither cleans them up nor, if
/// they are superseded, reads their journals. Stored in the data folder, one ID per line. The file only avoids reads: without it, the
/// journals are read again. Thread-safe.
/// </summary>
internal sealed class SettledSessions
{
    /// <summary>Name of the file in the data folder.</summary>
    internal const string FileName = "settled-sessions";

    /// <summary>Maximum file size in bytes that is read: about a million sessions.</summary>
    private const long MaxBytes = 32 << 20;

    private readonly ConcurrentDictionary<SessionId, byte> _sessions = new();
    private readonly string? _path;
    private volatile bool _hasChanged;

    /// <param name="data">The data folder; without it, sessions are known until the process ends.</param>
    public SettledSessions(DataFolder? data = null)
    {
        _path = data is null ? null : Path.Combine(data.Path, FileName);
        try
        {
            if (_path is not null && new FileInfo(_path) is { Exists: true, Length: <= MaxBytes })
            {
                foreach (var line in File.ReadLines(_path))
                {
                    if (SessionId.TryParse(line, out var session))
                    {
                        _sessions[session] = 0;
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The journals are read instead.
        }
    }

    /// <summary>Returns whether a session is settled.</summary>
    public bool Contains(SessionId session) => _sessions.ContainsKey(session);

    /// <summary>Adds a session.</summary>
    public void Add(SessionId session) => _hasChanged |= _sessions.TryAdd(session, 0);

    /// <summary>Removes the sessions that no longer exist.</summary>
    public void Retain(Func<SessionId, bool> exists)
    {
        foreach (var session in _sessions.Keys.Where(session => !exists(session)).ToList())
        {
            _hasChanged |= _sessions.TryRemove(session, out _);
        }
    }

    /// <summary>Writes the file atomically, if anything has changed. A failure is ignored, because the file only saves reads.</summary>
    public void Save()
    {
        if (_path is null || !_hasChanged)
        {
            return;
        }

        _hasChanged = false;
        try
        {
            File.WriteAllLines(_path + "~", _sessions.Keys.Select(session => session.Value), Encoding.ASCII);
            File.Move(_path + "~", _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _hasChanged = true;
        }
    }
}
