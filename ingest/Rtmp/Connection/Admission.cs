using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// Counts connections that have not yet been given leave to publish: those cost their sender nothing, so there is a limit for each address and for all. At a limit the newcomer is let
/// in, and the connection there that has gone longest without getting any further gives way: an encoder gets on with every round trip, so it is not the one, however many idle
/// connections come from its address.
/// </summary>
internal sealed class Admission(IOptions<IngestOptions> options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Group> _groups = [];

    // The longest without progress first; connections about which the authority is being asked are not in it.
    private readonly LinkedList<Place> _waiting = new();
    private int _all;

    /// <summary>Connections counted now.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _all;
            }
        }
    }

    /// <summary>Counts a connection in, at another's expense where there is no more room.</summary>
    /// <returns>What to dispose once it may publish or has ended, or <see langword="null"/> when there is no room and nobody can give way.</returns>
    public Place? TryEnter(EndPoint? remote)
    {
        var address = SubscriberNetwork.Of(remote) ?? IPAddress.None;
        Place? leaving = null;
        Place place;
        lock (_gate)
        {
            var full = _groups.TryGetValue(address, out var group) && group.Count >= options.Value.MaxUnpublishedConnectionsPerAddress ? group.Waiting
                : _all >= options.Value.MaxUnpublishedConnections ? _waiting
                : null;
            if (full is not null && (leaving = TakeOut(full)) is null)
            {
                return null;
            }

            if (!_groups.TryGetValue(address, out group))
            {
                _groups[address] = group = new Group(address);
            }

            place = new Place(this, group);
            group.Count++;
            _all++;
            _waiting.AddLast(place.InAll);
            group.Waiting.AddLast(place.InGroup);
        }

        leaving?.GiveWay();
        return place;
    }

    private Place? TakeOut(LinkedList<Place> waiting)
    {
        if (waiting.First?.Value is not { } place)
        {
            return null;
        }

        Remove(place);
        return place;
    }

    private void Remove(Place place)
    {
        if (place.IsOut)
        {
            return;
        }

        place.IsOut = true;
        Unlist(place);
        _all--;
        if (--place.Group.Count == 0)
        {
            _groups.Remove(place.Group.Address);
        }
    }

    private void Unlist(Place place)
    {
        if (place.InAll.List is not null)
        {
            _waiting.Remove(place.InAll);
            place.Group.Waiting.Remove(place.InGroup);
        }
    }

    /// <summary>The connections of one address.</summary>
    internal sealed class Group(IPAddress address)
    {
        public IPAddress Address => address;

        public int Count { get; set; }

        public LinkedList<Place> Waiting { get; } = new();
    }

    /// <summary>One counted connection.</summary>
    public sealed class Place : IDisposable
    {
        private readonly Admission _admission;
        private Action? _giveWay;
        private bool _gaveWay;

        internal Place(Admission admission, Group group)
        {
            (_admission, Group) = (admission, group);
            (InAll, InGroup) = (new LinkedListNode<Place>(this), new LinkedListNode<Place>(this));
        }

        internal Group Group { get; }

        internal LinkedListNode<Place> InAll { get; }

        internal LinkedListNode<Place> InGroup { get; }

        internal bool IsOut { get; set; }

        /// <summary>Says what to do when the place is needed; called at most once, perhaps at once, on another's thread. It must be quick.</summary>
        public void OnGiveWay(Action giveWay)
        {
            lock (_admission._gate)
            {
                _giveWay = giveWay;
                if (!_gaveWay)
                {
                    return;
                }
            }

            giveWay();
        }

        /// <summary>The connection has got further: others go before it.</summary>
        public void GotFurther()
        {
            lock (_admission._gate)
            {
                if (!IsOut)
                {
                    _admission.Unlist(this);
                    _admission._waiting.AddLast(InAll);
                    Group.Waiting.AddLast(InGroup);
                }
            }
        }

        /// <summary>It waits for us, not we for it: it keeps its place until it gets further.</summary>
        public void Keep()
        {
            lock (_admission._gate)
            {
                _admission.Unlist(this);
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            lock (_admission._gate)
            {
                _admission.Remove(this);
            }
        }

        internal void GiveWay()
        {
            Action? giveWay;
            lock (_admission._gate)
            {
                _gaveWay = true;
                giveWay = _giveWay;
            }

            giveWay?.Invoke();
        }
    }
}
