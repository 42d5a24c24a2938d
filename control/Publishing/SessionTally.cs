using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What the encoders of a session delivered, as far as this process saw it. Owned by its <see cref="Seat"/>.</summary>
internal sealed class SessionTally
{
    private readonly List<Occupant> _here = [];
    private PublicationTotals _before;

    /// <summary>How often an encoder was let in.</summary>
    public int Connections { get; private set; }

    /// <summary>Most viewers at a time.</summary>
    public long PeakViewers { get; set; }

    /// <summary>What has come so far.</summary>
    public PublicationTotals Totals => _here.Aggregate(_before, (sum, occupant) => sum.With(occupant.Lease.Totals));

    /// <summary>An encoder was let in.</summary>
    public void Began(Occupant occupant)
    {
        Connections++;
        _here.Add(occupant);
    }

    /// <summary>An encoder has gone; one of a session before counts for nothing.</summary>
    public void Gone(Occupant occupant)
    {
        if (_here.Remove(occupant))
        {
            _before = _before.With(occupant.Lease.Totals);
        }
    }
}

/// <summary>A session that is over.</summary>
/// <param name="Session">The session.</param>
/// <param name="Reason">Why.</param>
/// <param name="Duration">How long it was.</param>
/// <param name="Connections">How often an encoder was let in.</param>
/// <param name="Totals">What came of them.</param>
/// <param name="PeakViewers">Most viewers at a time.</param>
internal sealed record SessionEnd(BroadcastSession Session, string Reason, TimeSpan Duration, int Connections, PublicationTotals Totals, long PeakViewers);
