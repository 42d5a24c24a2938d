using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Control.Access;

/// <summary>
/// Visibility of sessions that are too old for the <see cref="SessionVisibilityStore"/>, read from the database on demand. A session is
/// hidden until its visibility is known. The known visibilities and the requested ones are limited in number. Thread-safe.
/// </summary>
/// <param name="read">Reads the visibilities of some sessions and passes them to <see cref="Set"/>; <see langword="false"/> when the
/// database is unavailable.</param>
/// <param name="time">Clock.</param>
internal sealed class OlderSessionVisibility(Func<IReadOnlyCollection<string>, Task<bool>> read, TimeProvider time)
{
    /// <summary>Maximum number of known visibilities; when full, all are read again as needed.</summary>
    public const int MaxKnown = 10_000;

    /// <summary>Maximum number of requested visibilities; further sessions are requested later.</summary>
    public const int MaxRequested = 1000;

    /// <summary>Time without reads after a failed one.</summary>
    public static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<SessionId, SessionVisibility?> _known = [];
    private readonly HashSet<string> _requested = new(StringComparer.Ordinal);
    private bool _isReading;
    private long? _failedAt;

    /// <summary>Visibility of a session; hidden while it is unknown, and <see langword="null"/> when none was set.</summary>
    public SessionVisibility? Find(SessionId session)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(session, out var view))
            {
                return view;
            }

            if (_requested.Count < MaxRequested && !(_failedAt is { } failedAt && time.GetElapsedTime(failedAt) < RetryDelay)
                && _requested.Add(session.Value) && !_isReading)
            {
                _isReading = true;
                _ = Task.Run(ReadAsync);
            }

            return SessionVisibility.Hidden;
        }
    }

    /// <summary>Known visibility of a session; <see langword="null"/> when it is unknown or none was set.</summary>
    public SessionVisibility? FindKnown(SessionId session)
    {
        lock (_lock)
        {
            return _known.GetValueOrDefault(session);
        }
    }

    /// <summary>Sets the visibility of a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="view">The visibility; <see langword="null"/> when none was set.</param>
    public void Set(SessionId session, SessionVisibility? view)
    {
        lock (_lock)
        {
            if (_known.Count >= MaxKnown && !_known.ContainsKey(session))
            {
                _known.Clear();
            }

            _known[session] = view;
        }
    }

    /// <summary>Removes all visibilities. Sessions are hidden until theirs are read again.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _known.Clear();
        }
    }

    private async Task ReadAsync()
    {
        while (TakeRequested() is { Length: > 0 } sessions)
        {
            var succeeded = false;
            try
            {
                succeeded = await read(sessions);
            }
            finally
            {
                lock (_lock)
                {
                    _failedAt = succeeded ? null : time.GetTimestamp();
                    _requested.ExceptWith(sessions);
                    _isReading = succeeded;
                }
            }

            if (!succeeded)
            {
                return;
            }
        }
    }

    private string[] TakeRequested()
    {
        lock (_lock)
        {
            _isReading = _requested.Count > 0;
            return [.. _requested];
        }
    }
}
