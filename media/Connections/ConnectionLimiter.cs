using System.Net;

namespace Broadcast.Media.Connections;

/// <summary>A limit of a <see cref="ConnectionLimiter"/>.</summary>
public enum ConnectionLimit
{
    /// <summary>The limit of one address.</summary>
    Address,

    /// <summary>The limit of all connections.</summary>
    Total,
}

/// <summary>
/// Limits connections that cost the sender nothing, per <see cref="ClientNetwork"/> and in total: those without permission to publish, and
/// those of viewers. At a limit, a new connection replaces the one that has made no progress for the longest time. An encoder makes
/// progress with every round trip and a player with every request, so idle connections from its address do not displace it. Thread-safe.
/// </summary>
/// <param name="maxPerAddress">Maximum number of connections of one address.</param>
/// <param name="max">Maximum number of connections.</param>
/// <param name="maxProtectedPerAddress">Maximum number of connections of one address that cannot be dropped; by default not
/// limited.</param>
public sealed class ConnectionLimiter(int maxPerAddress, int max, int maxProtectedPerAddress = int.MaxValue)
{
    private readonly int _maxProtectedPerAddress = maxProtectedPerAddress;
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Group> _groups = [];

    // Longest without progress first. Protected connections are not included.
    private readonly LinkedList<ConnectionSlot> _queue = new();
    private int _count;

    /// <summary>Number of counted connections.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Admits a connection, and drops another one if the limit is reached.</summary>
    /// <returns>A slot to dispose once the connection may publish or has ended, or <see langword="null"/> when the limit is reached and no
    /// connection can be dropped.</returns>
    public ConnectionSlot? TryEnter(EndPoint? remote) => TryEnter(remote, isExempt: false, out _);

    /// <summary>Admits a connection, and drops another one if a limit is reached.</summary>
    /// <param name="remote">Address of the client.</param>
    /// <param name="isExempt">Whether only the total limit applies.</param>
    /// <param name="reached">The reached limit, because of which a connection was dropped or none was admitted.</param>
    /// <returns>A slot to dispose once the connection has ended, or <see langword="null"/> when a limit is reached and no connection can be
    /// dropped.</returns>
    public ConnectionSlot? TryEnter(EndPoint? remote, bool isExempt, out ConnectionLimit? reached)
    {
        var address = ClientNetwork.Of(remote) ?? IPAddress.None;
        ConnectionSlot? evicted = null;
        ConnectionSlot slot;
        lock (_gate)
        {
            var known = _groups.TryGetValue(address, out var group);
            reached = known && !isExempt && group!.Count >= maxPerAddress ? ConnectionLimit.Address
                : _count >= max ? ConnectionLimit.Total : null;
            var fullQueue = reached switch { ConnectionLimit.Address => group!.Queue, ConnectionLimit.Total => _queue, _ => null };
            if (fullQueue is not null && (evicted = EvictFirst(fullQueue)) is null)
            {
                return null;
            }

            if (!_groups.TryGetValue(address, out group))
            {
                _groups[address] = group = new Group(address);
            }

            slot = new ConnectionSlot(this, group);
            group.Count++;
            _count++;
            _queue.AddLast(slot.TotalNode);
            group.Queue.AddLast(slot.AddressNode);
        }

        evicted?.Evict();
        return slot;
    }

    private ConnectionSlot? EvictFirst(LinkedList<ConnectionSlot> queue)
    {
        if (queue.First?.Value is not { } slot)
        {
            return null;
        }

        Remove(slot);
        return slot;
    }

    private void Remove(ConnectionSlot slot)
    {
        if (slot.IsRemoved)
        {
            return;
        }

        slot.IsRemoved = true;
        Unprotect(slot);
        Dequeue(slot);
        _count--;
        if (--slot.Group.Count == 0)
        {
            _groups.Remove(slot.Group.Address);
        }
    }

    private static void Unprotect(ConnectionSlot slot)
    {
        slot.Group.Protected -= slot.IsProtected ? 1 : 0;
        slot.IsProtected = false;
    }

    private void Dequeue(ConnectionSlot slot)
    {
        if (slot.TotalNode.List is not null)
        {
            _queue.Remove(slot.TotalNode);
            slot.Group.Queue.Remove(slot.AddressNode);
        }
    }

    /// <summary>Connections of one address.</summary>
    internal sealed class Group(IPAddress address)
    {
        public IPAddress Address => address;

        public int Count { get; set; }

        public int Protected { get; set; }

        public LinkedList<ConnectionSlot> Queue { get; } = new();
    }

    /// <summary>Slot of one counted connection.</summary>
    public sealed class ConnectionSlot : IDisposable
    {
        private readonly ConnectionLimiter _limiter;
        private Action? _onEvicted;
        private bool _isEvicted;

        internal ConnectionSlot(ConnectionLimiter limiter, Group group)
        {
            (_limiter, Group) = (limiter, group);
            (TotalNode, AddressNode) = (new LinkedListNode<ConnectionSlot>(this), new LinkedListNode<ConnectionSlot>(this));
        }

        internal Group Group { get; }

        internal LinkedListNode<ConnectionSlot> TotalNode { get; }

        internal LinkedListNode<ConnectionSlot> AddressNode { get; }

        internal bool IsRemoved { get; set; }

        internal bool IsProtected { get; set; }

        /// <summary>
        /// Sets the callback for when the slot is needed. It runs at most once, possibly at once, on another connection's thread, and must
        /// be quick.
        /// </summary>
        public void OnEvicted(Action onEvicted)
        {
            lock (_limiter._gate)
            {
                _onEvicted = onEvicted;
                if (!_isEvicted)
                {
                    return;
                }
            }

            onEvicted();
        }

        /// <summary>Records progress: the connection moves to the end of the queue.</summary>
        public void ReportProgress()
        {
            lock (_limiter._gate)
            {
                if (!IsRemoved)
                {
                    Unprotect(this);
                    _limiter.Dequeue(this);
                    _limiter._queue.AddLast(TotalNode);
                    Group.Queue.AddLast(AddressNode);
                }
            }
        }

        /// <summary>
        /// Protects the connection while the server authorizes it or processes its request, until it makes progress again. If its address
        /// has the maximum number of protected connections, it can still be dropped.
        /// </summary>
        public void Protect()
        {
            lock (_limiter._gate)
            {
                if (!IsRemoved && !IsProtected && Group.Protected < _limiter._maxProtectedPerAddress)
                {
                    IsProtected = true;
                    Group.Protected++;
                    _limiter.Dequeue(this);
                }
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            lock (_limiter._gate)
            {
                _limiter.Remove(this);
            }
        }

        internal void Evict()
        {
            Action? onEvicted;
            lock (_limiter._gate)
            {
                _isEvicted = true;
                onEvicted = _onEvicted;
            }

            onEvicted?.Invoke();
        }
    }
}
