namespace Broadcast.Origin;

/// <summary>
/// Things that are laborious to make, as they were last asked for, under one limit of bytes, the least recently asked for given up first. One that is not there is made once for however many ask at
/// a time. Makings take turns, a long one several: whoever needs more than are free is not made to wait, but told to come again. One that needs more than all there are has its turn when nothing
/// else is being made. Safe to use from any thread.
/// </summary>
/// <typeparam name="TKey">Which thing.</typeparam>
/// <typeparam name="TValue">The thing.</typeparam>
/// <param name="turns">How many turns there are.</param>
/// <param name="memory">Bytes that are kept.</param>
/// <param name="longest">Bytes of the longest thing that is kept, at most <paramref name="memory"/>: what is longer would push out too much else.</param>
/// <param name="costOf">Bytes of a thing.</param>
internal sealed class TurnShelf<TKey, TValue>(int turns, long memory, long longest, Func<TValue, long> costOf)
    where TKey : notnull
    where TValue : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, LinkedListNode<Kept>> _kept = [];
    private readonly LinkedList<Kept> _newestFirst = [];
    private readonly Dictionary<TKey, (long Version, Task<TValue?> Task)> _making = [];
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

    /// <summary>A thing in a version; <see langword="false"/> when it is not there and too much is being made.</summary>
    /// <param name="key">Which.</param>
    /// <param name="version">The version wanted at least.</param>
    /// <param name="wanted">How many turns it takes to make it.</param>
    /// <param name="make">Makes it, for all who ask, whoever goes away meanwhile; <see langword="null"/> when there is none, which is not kept.</param>
    /// <param name="thing">The thing, once it is there.</param>
    public bool TryGet(TKey key, long version, long wanted, Func<Task<TValue?>> make, out Task<TValue?> thing)
    {
        var own = (int)Math.Min(wanted, turns);
        lock (_gate)
        {
            if (_kept.TryGetValue(key, out var node) && node.Value.Version >= version)
            {
                _newestFirst.Remove(node);
                _newestFirst.AddFirst(node);
                thing = node.Value.Made;
                return true;
            }

            if (_making.TryGetValue(key, out var running) && running.Version >= version)
            {
                thing = running.Task;
                return true;
            }

            if (_taken + own > turns)
            {
                thing = Task.FromResult<TValue?>(null);
                return false;
            }

            _taken += own;
            var made = new TaskCompletionSource<TValue?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _making[key] = (version, thing = made.Task);
            _ = Task.Run(() => MakeAsync(key, version, own, make, made));
            return true;
        }
    }

    /// <summary>Never throws: what goes wrong is told to those who wait, and tried again by the next.</summary>
    private async Task MakeAsync(TKey key, long version, int own, Func<Task<TValue?>> make, TaskCompletionSource<TValue?> made)
    {
        try
        {
            var thing = await make();
            Settle(key, version, own, made.Task, thing);
            made.SetResult(thing);
        }
        catch (Exception failure)
        {
            Settle(key, version, own, made.Task, null);
            made.SetException(failure);
            _ = made.Task.Exception;     // nobody may be waiting any more
        }
    }

    private void Settle(TKey key, long version, int own, Task<TValue?> made, TValue? thing)
    {
        lock (_gate)
        {
            _taken -= own;
            if (_making.TryGetValue(key, out var running) && running.Task == made)
            {
                _making.Remove(key);
            }

            if (thing is null || costOf(thing) is var cost && cost > longest)
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

            _kept[key] = _newestFirst.AddFirst(new Kept(key, version, made, cost));
            _bytes += cost;
            while (_bytes > memory)
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

    private sealed record Kept(TKey Key, long Version, Task<TValue?> Made, long Cost);
}
