using System.Net;
using System.Runtime.InteropServices;

namespace Broadcast.Control.Lookups;

/// <summary>
/// Slots for database lookups, shared fairly among clients. One client holds at most <see cref="MaxPerClient"/> of the
/// <see cref="MaxRunning"/> slots. A freed slot goes to the waiting client with the fewest slots, so that a client that guesses ids delays
/// mainly itself. Both the waiting lookups of all clients and those of one client are limited; further ones are rejected at once.
/// Thread-safe.
/// </summary>
internal sealed class LookupSlots
{
    /// <summary>Maximum number of lookups at a time.</summary>
    public const int MaxRunning = 6;

    /// <summary>Maximum number of lookups of one client at a time.</summary>
    public const int MaxPerClient = 3;

    /// <summary>Maximum number of waiting lookups.</summary>
    public const int MaxWaiting = 128;

    /// <summary>Maximum number of waiting lookups of one client.</summary>
    public const int MaxWaitingPerClient = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Counts> _clients = [];
    private readonly LinkedList<Waiter> _waiting = new();
    private int _running;

    /// <summary>Number of lookups that hold a slot.</summary>
    public int Running
    {
        get
        {
            lock (_lock)
            {
                return _running;
            }
        }
    }

    /// <summary>Number of lookups that wait for a slot.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Waits for a slot; <see cref="Release"/> must follow when it was granted.</summary>
    /// <param name="client">Client, as <see cref="Media.ClientNetwork"/> defines it; work of the server itself shares one address.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Whether the slot was granted; <see langword="false"/> when too many lookups are waiting.</returns>
    public async ValueTask<bool> TryAcquireAsync(IPAddress client, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> node;
        lock (_lock)
        {
            ref var counts = ref CollectionsMarshal.GetValueRefOrAddDefault(_clients, client, out _);
            if (_running < MaxRunning && counts.Running < MaxPerClient)
            {
                counts.Running++;
                _running++;
                return true;
            }

            if (_waiting.Count >= MaxWaiting || counts.Waiting >= MaxWaitingPerClient)
            {
                RemoveIfIdle(client);
                return false;
            }

            counts.Waiting++;
            node = _waiting.AddLast(new Waiter(client));
        }

        await using var registration = cancellationToken.UnsafeRegister(static (state, token) =>
            ((TaskCompletionSource)state!).TrySetCanceled(token), node.Value.Granted);
        try
        {
            await node.Value.Granted.Task;
            return true;
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                if (node.List is not null)
                {
                    _waiting.Remove(node);
                    CollectionsMarshal.GetValueRefOrNullRef(_clients, client).Waiting--;
                    RemoveIfIdle(client);
                }
            }

            throw;
        }
    }

    /// <summary>Releases a slot.</summary>
    public void Release(IPAddress client)
    {
        lock (_lock)
        {
            CollectionsMarshal.GetValueRefOrNullRef(_clients, client).Running--;
            _running--;
            RemoveIfIdle(client);
            while (_running < MaxRunning && FindNext() is { } next)
            {
                _waiting.Remove(next);
                ref var counts = ref CollectionsMarshal.GetValueRefOrNullRef(_clients, next.Value.Client);
                counts.Waiting--;
                if (next.Value.Granted.TrySetResult())
                {
                    counts.Running++;
                    _running++;
                }
                else
                {
                    RemoveIfIdle(next.Value.Client);   // canceled meanwhile
                }
            }
        }
    }

    private LinkedListNode<Waiter>? FindNext()
    {
        LinkedListNode<Waiter>? best = null;
        var fewest = MaxPerClient;
        for (var node = _waiting.First; node is not null; node = node.Next)
        {
            if (_clients[node.Value.Client].Running < fewest)
            {
                (best, fewest) = (node, _clients[node.Value.Client].Running);
            }
        }

        return best;
    }

    private void RemoveIfIdle(IPAddress client)
    {
        if (_clients.TryGetValue(client, out var counts) && counts is { Running: 0, Waiting: 0 })
        {
            _clients.Remove(client);
        }
    }

    private struct Counts
    {
        public int Running;
        public int Waiting;
    }

    private sealed class Waiter(IPAddress client)
    {
        public IPAddress Client { get; } = client;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
