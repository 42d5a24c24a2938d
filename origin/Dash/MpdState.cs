using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Dash;

/// <summary>
/// State of a session's MPD beyond its timeline: the periods, and the publish time, which changes with the content. Not thread-safe; the
/// session's lock protects it.
/// </summary>
internal sealed class MpdState
{
    private readonly ChangeTime _published = new();
    private (TimelineSpriteSheet? Oldest, TimelineSpriteSheet? Newest) _sheets;
    private long _bandwidths;
    private string _captions = "";

    /// <summary>Creates the state of a session without segments.</summary>
    /// <param name="latency">The session's latency profile.</param>
    /// <param name="first">First sequence number that viewers get.</param>
    public MpdState(LatencyProfile latency, long first) =>
        Periods = new PeriodProjection(latency.OffersParts ? new SegmentCadence(latency.PartTarget) : null, first);

    /// <summary>The periods.</summary>
    public PeriodProjection Periods { get; }

    /// <summary>Time of the last change of the content. Unique to the millisecond, because patches identify the MPD by it.</summary>
    public DateTimeOffset PublishedAt => _published.Value;

    /// <summary>Processes the current timeline.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="records">State of all renditions, by name.</param>
    /// <param name="now">The current time of the server that owns the session.</param>
    public void Observe(SessionTimeline timeline, IReadOnlyDictionary<string, RenditionHistory> records, DateTimeOffset now)
    {
        var lag = records.Values.Select(record => record.Lateness.Typical).DefaultIfEmpty().Max();
        if (Periods.Settle(timeline, lag) | HasChanged(timeline, records))
        {
            _published.Advance(now);
        }
    }

    /// <summary>Restores the state of a projection elsewhere.</summary>
    /// <param name="periods">State of the periods.</param>
    /// <param name="publishedAt">Time of the last change of the content.</param>
    /// <param name="timeline">The timeline at the same time.</param>
    /// <param name="records">State of all renditions, by name.</param>
    /// <exception cref="InvalidDataException">The state contradicts the timeline.</exception>
    public void Restore(PeriodsState periods, DateTimeOffset publishedAt, SessionTimeline timeline,
        IReadOnlyDictionary<string, RenditionHistory> records)
    {
        Periods.Restore(periods, timeline);
        _published.Restore(publishedAt);
        HasChanged(timeline, records);
    }

    /// <summary>Updates the content other than periods, and returns whether it has changed.</summary>
    private bool HasChanged(SessionTimeline timeline, IReadOnlyDictionary<string, RenditionHistory> records)
    {
        var sheets = timeline.SpriteSheets is [var oldest, .., var newest] ? (oldest, newest)
            : (timeline.SpriteSheets.FirstOrDefault(), null);
        var bandwidths = records.Values.Sum(record => BitrateMeter.Step(record.Bitrate.Peak) + (record.IsIndependent ? 1 : 0));
        var captions = string.Concat(timeline.Renditions
            .Select(rendition => rendition.Init?.Format.Captions is { } seen ? $"{rendition.Name} {seen}\n" : ""));
        var hasChanged = sheets != _sheets || bandwidths != _bandwidths || captions != _captions;
        (_sheets, _bandwidths, _captions) = (sheets, bandwidths, captions);
        return hasChanged;
    }
}
