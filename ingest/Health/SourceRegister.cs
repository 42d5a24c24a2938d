using System.Collections.Concurrent;
using Broadcast.Ingest.Publishing;
using Broadcast.Media;

namespace Broadcast.Ingest.Health;

/// <summary>The publications of this process, for those who ask how they are.</summary>
/// <param name="time">The clock.</param>
internal sealed class SourceRegister(TimeProvider time) : ISourceHealth
{
    private readonly ConcurrentDictionary<Guid, SourceMeter> _meters = new();
    private readonly SessionFronts _fronts = new(time);

    /// <summary>How far a session has come on its timeline with earlier connections.</summary>
    public TimeSpan FrontOf(BroadcastSession session) => _fronts.Of(session);

    /// <summary>A publication begins.</summary>
    public SourceMeter Open(PublishGrant grant)
    {
        var meter = new SourceMeter(grant, time.GetUtcNow());
        _meters[grant.PublicationId] = meter;
        SourceMetrics.Watch(meter);
        return meter;
    }

    /// <summary>A publication is over.</summary>
    /// <param name="meter">What <see cref="Open"/> gave.</param>
    /// <param name="front">How far it came on its session's timeline.</param>
    public void Close(SourceMeter meter, TimeSpan front)
    {
        _meters.TryRemove(meter.Publication, out _);
        SourceMetrics.Unwatch(meter);
        _fronts.Note(meter.Session, front);
    }

    /// <inheritdoc/>
    public IReadOnlyList<SourceReport> Find(ChannelName channel)
    {
        List<SourceReport> found = [];
        foreach (var (_, meter) in _meters)
        {
            if (meter.Session.Channel == channel && meter.Report is { } report)
            {
                found.Add(report);
            }
        }

        found.Sort((a, b) => a.Since.CompareTo(b.Since));
        return found;
    }
}
