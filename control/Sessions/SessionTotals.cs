using Broadcast.Control.Publishing;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Control.Sessions;

/// <summary>Totals of a session's encoders as seen by this process. Owned by its <see cref="ChannelSlot"/>.</summary>
internal sealed class SessionTotals
{
    private readonly List<ActivePublisher> _current = [];
    private PublicationTotals _finished;

    /// <summary>Number of admitted encoders.</summary>
    public int Connections { get; private set; }

    /// <summary>Peak number of viewers.</summary>
    public long PeakViewers { get; set; }

    /// <summary>Totals so far.</summary>
    public PublicationTotals Sum => _current.Aggregate(_finished, (sum, publisher) => sum.Add(publisher.Lease.Totals));

    /// <summary>Adds an admitted encoder.</summary>
    public void Add(ActivePublisher publisher)
    {
        Connections++;
        _current.Add(publisher);
    }

    /// <summary>Removes a disconnected encoder; one of an earlier session has no effect.</summary>
    public void Remove(ActivePublisher publisher)
    {
        if (_current.Remove(publisher))
        {
            _finished = _finished.Add(publisher.Lease.Totals);
        }
    }
}

/// <summary>Summary of an ended session.</summary>
/// <param name="Session">Ended session.</param>
/// <param name="Reason">Reason for its end.</param>
/// <param name="Duration">Duration of the session.</param>
/// <param name="Connections">Number of admitted encoders.</param>
/// <param name="Totals">Totals of the encoders.</param>
/// <param name="PeakViewers">Peak number of viewers.</param>
internal sealed record SessionSummary(BroadcastSession Session, string Reason, TimeSpan Duration, int Connections, PublicationTotals Totals,
    long PeakViewers);
