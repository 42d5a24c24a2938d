using Broadcast.Media;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Dash;

/// <summary>Renders the MPD of a presentation, whatever its source. Pure.</summary>
internal static class MpdRenderer
{
    /// <summary>Path of the clock, from the server's root.</summary>
    public const string ClockPath = "/time";

    /// <summary>
    /// Target latency in low latency. It covers two parts and the tolerated error of an encoder's clock, and leaves one second for network
    /// delay and jitter. The maximum is longer than an interruption lasts, even one by the loss of a server: above it, dash.js 5 seeks to
    /// the end of its buffer, and if it waits there for media after a gap, it never leaves it.
    /// </summary>
    public static readonly ServiceDescription LowLatency = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    /// <summary>
    /// Reference time ids per period: one for each adaptation set. Ids are unique, because periods start at different segments (ISO/IEC
    /// 23009-1, 5.12).
    /// </summary>
    private const int ReferencesPerPeriod = 100;

    /// <summary>The MPD of a presentation.</summary>
    public static Mpd Render(Presentation presentation)
    {
        var (latency, periods) = (presentation.Latency, presentation.Periods);

        // Rounded up to the millisecond, so that no media is excluded.
        var end = TimeSpan.FromMilliseconds(Math.Ceiling(periods[^1].End.TotalSeconds * 1000));

        // A presentation is low-latency if its last period is; periods that list their segments are at standard latency.
        var early = presentation.IsWhole ? null : periods[^1].Cadence?.Early;

        // While the content grows, the last period states neither a duration nor a last number, even during input loss. dash.js would take
        // either for the end of the presentation and ignore later media. Requests for announced segments are held meanwhile.
        List<Period> rendered =
        [
            .. periods.Select((period, index) => RenderPeriod(presentation, period,
                index + 1 < periods.Count ? periods[index + 1].Start.ToTimeSpan() : presentation.IsWhole ? end : null, early)),
        ];
        return new Mpd
        {
            IsStatic = presentation.IsWhole,
            IsLowLatency = early is not null,
            AvailabilityStartTime = presentation.StartedAt - presentation.SessionStart,
            PublishTime = presentation.PublishTime,
            MinimumUpdatePeriod = latency.SegmentMinimum,
            TimeShiftBufferDepth = presentation.Depth,
            SuggestedPresentationDelay = early is null ? 3 * latency.TargetDuration : null,
            MinBufferTime = latency.SegmentMinimum,
            MaxSegmentDuration = MaxSegmentDurationOf(presentation, isLowLatency: early is not null),
            MediaPresentationDuration = end + presentation.SessionStart,
            Service = early is null
                ? new ServiceDescription(3 * latency.TargetDuration, 2 * latency.TargetDuration, latency.Window / 2)
                : LowLatency with { Reference = rendered[^1].Sets[0].Reference?.Id },
            UtcTiming = ClockPath,
            Periods = rendered,
        };
    }

    /// <summary>
    /// Longest segment, including sprite sheets. Not in low latency: Shaka 5.2 subtracts this from the live edge of counted segments, and a
    /// sprite sheet would delay the media by its own length.
    /// </summary>
    private static TimeSpan MaxSegmentDurationOf(Presentation presentation, bool isLowLatency)
    {
        var media = presentation.Periods.Max(period => period.Cadence?.Length ?? presentation.Latency.TargetDuration);
        return !isLowLatency && presentation.Thumbnails is { Sheets.Count: > 0 } track && track.Duration > media ? track.Duration : media;
    }

    private static Period RenderPeriod(Presentation presentation, PresentationPeriod period, TimeSpan? end, TimeSpan? early)
    {
        var start = period.Start.ToTimeSpan();
        return new Period(period.Id, start + presentation.SessionStart, end - start,
            [.. period.Tracks.GroupBy(track => track.Set).Select(set => RenderSet(presentation, period, set.Key, [.. set]))])
        {
            Thumbnails = ThumbnailAdaptationSet.Of(presentation.Thumbnails, start, end, early),
        };
    }

    private static AdaptationSet RenderSet(Presentation presentation, PresentationPeriod period, int id, List<PresentationTrack> tracks)
    {
        var first = tracks[0].Rendition;
        return new AdaptationSet(id, first.Kind, [.. tracks.Select(track => RenderTrack(presentation, period, track))])
        {
            Language = first.Language,
            IsMain = first.Kind == TrackKind.Video || first.Name == presentation.MainAudio,
            Label = first.Kind == TrackKind.Audio ? first.Label : null,
            Captions = first.Captions,
            Reference = period.Capture is { } capture
                ? new ProducerReferenceTime((capture.Segment * ReferencesPerPeriod) + id, capture.WallClock, capture.Time, ClockPath)
                : null,
        };
    }

    private static Representation RenderTrack(Presentation presentation, PresentationPeriod period, PresentationTrack track)
    {
        var format = track.Init.Format;
        var segments = new SegmentTemplate(format.Timescale, period.Start.Rescale(format.Timescale).Ticks, track.Times)
        {
            Init = track.Init.Number,
            StartNumber = track.First,
            ConstantDuration = period.Cadence is { } cadence
                ? new ConstantDurationSegments(Math.Max(1, Nearest(cadence.Length, format.Timescale)), track.Last,
                    presentation.IsWhole ? null : cadence.Early)
                : null,
        };
        return new Representation(track.Rendition.Name, Math.Max(1, BitrateMeter.Step(track.Rendition.Peak)), segments)
        {
            Format = format,
            IsIndependent = track.Rendition.IsIndependent,
        };
    }

    /// <summary>A duration in ticks of a timescale, rounded.</summary>
    private static long Nearest(TimeSpan length, int timescale) => (long)Math.Round(length.TotalSeconds * timescale);
}
