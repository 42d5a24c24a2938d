using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Rewinding;

/// <summary>Which list of a range.</summary>
/// <param name="Session">Of which session.</param>
/// <param name="List">Which of its lists: a rendition's name, or a word that cannot be one.</param>
/// <param name="Range">The range.</param>
internal readonly record struct RangeKey(SessionId Session, string List, TimeRange Range);

/// <summary>
/// Lists of ranges as they were last asked for, under one limit of bytes for all sessions, the least recently asked for given up first. One that is not there is drawn once for however many ask
/// at a time. Drawings take turns, a long one several: whoever needs more than are free is not made to wait, but told to come again. A drawing that needs more than all there are
/// has its turn when nothing else is being drawn. Safe to use from any thread.
/// </summary>
internal sealed class RangeShelf(IOptions<OriginOptions> options)
{
    /// <summary>Segments listed for one turn: an hour and a half of 2 s each.</summary>
    public const int SegmentsPerTurn = 2500;

    /// <summary>What an entry costs beside its text: key, links, the document's own object.</summary>
    private const int Overhead = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<RangeKey, LinkedListNode<Kept>> _kept = [];
    private readonly LinkedList<Kept> _newestFirst = [];
    private readonly Dictionary<RangeKey, (long Version, Task<Document?> Task)> _drawing = [];
    private long _bytes;
    private int _taken;

    /// <summary>Bytes kept.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Turns that are taken.</summary>
    public int Taken
    {
        get
        {
            lock (_gate)
            {
                return _taken;
            }
        }
    }

    /// <summary>A list in a version; <see langword="false"/> when it is not there and too much is being drawn.</summary>
    /// <param name="key">Which.</param>
    /// <param name="version">The version wanted at least.</param>
    /// <param name="segments">About how many segments are looked at to draw it.</param>
    /// <param name="draw">Draws it, for all who ask, whoever goes away meanwhile; <see langword="null"/> when there is none, which is not kept.</param>
    /// <param name="document">The list, once it is there.</param>
    public bool TryGet(RangeKey key, long version, long segments, Func<Task<Document?>> draw, out Task<Document?> document)
    {
        var turns = (int)Math.Min(1 + (segments / SegmentsPerTurn), options.Value.MaxRangeDrawings);
        lock (_gate)
        {
            if (_kept.TryGetValue(key, out var node) && node.Value.Version >= version)
            {
                _newestFirst.Remove(node);
                _newestFirst.AddFirst(node);
                document = node.Value.Drawn;
                return true;
            }

            if (_drawing.TryGetValue(key, out var running) && running.Version >= version)
            {
                document = running.Task;
                return true;
            }

            if (_taken + turns > options.Value.MaxRangeDrawings)
            {
                document = Task.FromResult<Document?>(null);
                return false;
            }

            _taken += turns;
            var own = new TaskCompletionSource<Document?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _drawing[key] = (version, document = own.Task);
            _ = Task.Run(() => DrawAsync(key, version, turns, draw, own));
            return true;
        }
    }

    /// <summary>Never throws: what goes wrong is told to those who wait, and tried again by the next.</summary>
    private async Task DrawAsync(RangeKey key, long version, int turns, Func<Task<Document?>> draw, TaskCompletionSource<Document?> own)
    {
        try
        {
            var document = await draw();
            Settle(key, version, turns, own, document);
            own.SetResult(document);
        }
        catch (Exception failure)
        {
            Settle(key, version, turns, own, null);
            own.SetException(failure);
            _ = own.Task.Exception;     // nobody may be waiting any more
        }
    }

    private void Settle(RangeKey key, long version, int turns, TaskCompletionSource<Document?> own, Document? document)
    {
        lock (_gate)
        {
            _taken -= turns;
            if (_drawing.TryGetValue(key, out var running) && running.Task == own.Task)
            {
                _drawing.Remove(key);
            }

            // Its compressed forms, made later, are far below half of it.
            var cost = document is null ? 0 : Overhead + (document.Plain.Length * 3L / 2);
            if (cost == 0 || cost > options.Value.RangeMemory / 2)
            {
                return;
            }

            if (_kept.TryGetValue(key, out var old))
            {
                if (old.Value.Version >= version)
                {
                    return;
                }

                Drop(old);
            }

            _kept[key] = _newestFirst.AddFirst(new Kept(key, version, own.Task, cost));
            _bytes += cost;
            while (_bytes > options.Value.RangeMemory)
            {
                Drop(_newestFirst.Last!);
            }
        }
    }

    private void Drop(LinkedListNode<Kept> node)
    {
        _newestFirst.Remove(node);
        _kept.Remove(node.Value.Key);
        _bytes -= node.Value.Cost;
    }

    private sealed record Kept(RangeKey Key, long Version, Task<Document?> Drawn, long Cost);
}
