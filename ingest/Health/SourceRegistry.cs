using System.Collections.Concurrent;
using Broadcast.Ingest.Publishing;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Health;

/// <summary>Registry of this process's publications, which provides their health reports.</summary>
/// <param name="time">The clock.</param>
internal sealed class SourceRegistry(TimeProvider time) : ISourceHealth
{
    private readonly ConcurrentDictionary<Guid, SourceMeter> _meters = new();
    private readonly SessionResumePoints _resumePoints = new(time);

    /// <summary>End of a session's timeline after earlier connections.</summary>
    public TimeSpan GetResumePoint(BroadcastSession session) => _resumePoints.Get(session);

    /// <summary>Registers a publication.</summary>
    public SourceMeter Add(PublishGrant grant)
    {
        var meter = new SourceMeter(grant, time.GetUtcNow());
        _meters[grant.PublicationId] = meter;
        SourceMetrics.Add(meter);
        return meter;
    }

    /// <summary>Removes a publication.</summary>
    /// <param name="meter">The meter that <see cref="Add"/> returned.</param>
    /// <param name="position">End of the publication on its session's timeline.</param>
    public void Remove(SourceMeter meter, TimeSpan position)
    {
        _meters.TryRemove(meter.Publication, out _);
        SourceMetrics.Remove(meter);
        _resumePoints.Record(meter.Session, position);
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
