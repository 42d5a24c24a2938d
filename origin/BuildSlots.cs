using System.Net;
using Broadcast.Origin.Live;

namespace Broadcast.Origin;

/// <summary>
/// Slots for work that requests cause, such as rendering. Long work takes several slots. One piece of work takes at most half of the slots,
/// and so does one client at a time, so that no client leaves none for others. Thread-safe.
/// </summary>
/// <param name="count">Number of slots, 1 or more.</param>
internal sealed class BuildSlots(int count)
{
    private readonly ClientCount _clients = new(Math.Max(1, count / 2));
    private int _used;

    /// <summary>Slots in use.</summary>
    public int Used => Volatile.Read(ref _used);

    /// <summary>Number of slots that work takes: the requested ones, at most half of all.</summary>
    public int CountOf(long requested) => (int)Math.Min(requested, Math.Max(1, count / 2));

    /// <summary>Takes slots; <see langword="false"/> when too few are free, or the client has its maximum.</summary>
    /// <param name="client">The client; <see langword="null"/> when no limit per client applies.</param>
    /// <param name="taken">Number of slots, from <see cref="CountOf"/>.</param>
    public bool TryTake(IPAddress? client, int taken)
    {
        if (!_clients.TryEnter(client, taken))
        {
            return false;
        }

        if (Interlocked.Add(ref _used, taken) <= count)
        {
            return true;
        }

        Return(client, taken);
        return false;
    }

    /// <summary>Returns slots.</summary>
    /// <param name="client">The client that took them.</param>
    /// <param name="taken">Their number.</param>
    public void Return(IPAddress? client, int taken)
    {
        Interlocked.Add(ref _used, -taken);
        _clients.Exit(client, taken);
    }
}
