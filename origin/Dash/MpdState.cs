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
    private readonly ChangeTime _published;
    private (TimelineSpriteSheet? Oldest, TimelineSpriteSheet? Newest) _sheets;
    private long _bandwidths;
    private string _captions = "";

    /// <summary>Creates the state of a session without segments.</summary>
    /// <param name="latency">The session's latency profile.</param>
    /// <param name="first">First sequence number that viewers get.</param>
    /// <param name="time">The clock.</param>
    public MpdState(LatencyProfile latency, long first, TimeProvider time)
    {
        _published = new ChangeTime(time);
        Periods = new PeriodProjection(latency.OffersParts ? new SegmentCadence(latency.PartTarget) : null, first);
    }

    /// <summary>The periods.</summary>
    public PeriodProjection Periods { get; }

    /// <summary>Time of the last change of the content. Unique to the millisecond, because patches identify the MPD by it.</summary>
    public DateTimeOffset PublishedAt => _published.Value;

    /// <summary>Processes the current timeline.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="records">State of all renditions, by name.</param>
    public void Observe(SessionTimeline timeline, IReadOnlyDictionary<string, RenditionHistory> records)
    {
        var sheets = timeline.SpriteSheets is [var oldest, .., var newest] ? (oldest, newest)
            : (timeline.SpriteSheets.FirstOrDefault(), null);
        var bandwidths = records.Values.Sum(record => BitrateMeter.Step(record.Bitrate.Peak) + (record.IsIndependent ? 1 : 0));
        var lag = records.Values.Select(record => record.Lateness.Typical).DefaultIfEmpty().Max();
        var captions = string.Concat(timeline.Renditions
            .Select(rendition => rendition.Init?.Format.Captions is { } seen ? $"{rendition.Name} {seen}\n" : ""));
        if (Periods.Settle(timeline, lag) | sheets != _sheets | bandwidths != _bandwidths | captions != _captions)
        {
            (_sheets, _bandwidths, _captions) = (sheets, bandwidths, captions);
            _published.Advance();
        }
    }
}
