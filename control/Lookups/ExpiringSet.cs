using System.Collections.Concurrent;

namespace Broadcast.Control.Lookups;

/// <summary>
/// Set of texts that expire. It holds a limited number of them; when full, expired ones and then the oldest are removed. Thread-safe.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="lifetime">Time for which a text is in the set.</param>
internal sealed class ExpiringSet(TimeProvider time, TimeSpan lifetime)
{
    /// <summary>Maximum number of texts.</summary>
    public const int MaxCount = 10_000;

    private readonly ConcurrentDictionary<string, long> _added = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Number of texts, including expired ones.</summary>
    public int Count => _added.Count;

    /// <summary>Returns whether the set contains a text.</summary>
    public bool Contains(string text) => _added.TryGetValue(text, out var since) && time.GetElapsedTime(since) < lifetime;

    /// <summary>Adds a text, or extends its lifetime.</summary>
    public void Add(string text)
    {
        if (_added.Count >= MaxCount && !_added.ContainsKey(text))
        {
            MakeRoom();
        }

        _added[text] = time.GetTimestamp();
    }

    /// <summary>Removes a text.</summary>
    public void Remove(string text) => _added.TryRemove(text, out _);

    // Removes at least a tenth at once, so that it happens seldom.
    private void MakeRoom()
    {
        lock (_lock)
        {
            if (_added.Count < MaxCount)
            {
                return;
            }

            var oldest = _added.ToArray().OrderBy(a => a.Value).ToList();
            foreach (var (text, _) in oldest.Where((a, i) => i < MaxCount / 10 || time.GetElapsedTime(a.Value) >= lifetime))
            {
                _added.TryRemove(text, out _);
            }
        }
    }
}
