using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dash;

/// <summary>
/// The content of an MPD as its source describes it: the live window, the DVR window, a time range or a recording.
/// <see cref="MpdRenderer"/> renders all of them.
/// </summary>
internal sealed record Presentation
{
    /// <summary>The session's latency profile.</summary>
    public required LatencyProfile Latency { get; init; }

    /// <summary>Indicates whether the content is complete.</summary>
    public required bool IsWhole { get; init; }

    /// <summary>Wall-clock time at the session's time zero.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Presentation time of the session's time zero; negative where the presentation starts later.</summary>
    public required TimeSpan SessionStart { get; init; }

    /// <summary>Time of the last change, or <see langword="null"/> where there cannot be any.</summary>
    public required DateTimeOffset? PublishTime { get; init; }

    /// <summary>Time-shift buffer depth while the content grows.</summary>
    public required TimeSpan Depth { get; init; }

    /// <summary>Name of the main audio rendition, or <see langword="null"/> when there is no audio.</summary>
    public required string? MainAudio { get; init; }

    /// <summary>The thumbnail track, or <see langword="null"/>.</summary>
    public required ThumbnailTrack? Thumbnails { get; init; }

    /// <summary>The periods in order; at least one.</summary>
    public required IReadOnlyList<PresentationPeriod> Periods { get; init; }
}

/// <summary>A period of a presentation.</summary>
/// <param name="Id"><c>Period@id</c></param>
/// <param name="Start">Start on the session's timeline.</param>
/// <param name="End">End of its media.</param>
/// <param name="Tracks">Its renditions. Adaptation sets are written in the order of their first rendition.</param>
internal sealed record PresentationPeriod(string Id, MediaTime Start, MediaTime End, IReadOnlyList<PresentationTrack> Tracks)
{
    /// <summary>Constant segment duration; <see langword="null"/> when segments are listed.</summary>
    public Cadence? Cadence { get; init; }

    /// <summary>Capture time of its first media; <see langword="null"/> when segments are listed.</summary>
    public CaptureTime? Capture { get; init; }
}

/// <summary>Time at which media came from the encoder.</summary>
/// <param name="Segment">Sequence number of the first segment of the period.</param>
/// <param name="WallClock">Wall-clock time.</param>
/// <param name="Time">Position of the media on the session's timeline.</param>
internal readonly record struct CaptureTime(long Segment, DateTimeOffset WallClock, MediaTime Time);

/// <summary>Consecutive segments of one rendition in a period, without gaps and with one init segment.</summary>
/// <param name="Set"><c>AdaptationSet@id</c></param>
/// <param name="Rendition">The rendition.</param>
/// <param name="Init">Its init segment.</param>
/// <param name="First">The first sequence number.</param>
/// <param name="Times">Starts and durations of the segments, in ticks; empty where the period has a constant segment duration.</param>
internal sealed record PresentationTrack(int Set, RenditionDescription Rendition, TimelineInit Init, long First,
    IReadOnlyList<(long Start, long Duration)> Times)
{
    /// <summary>
    /// The last sequence number where the period has a constant segment duration; <see langword="null"/> while more segments follow.
    /// </summary>
    public long? Last { get; init; }

    /// <summary>
    /// An entry of <see cref="Times"/>. Priming and composition offsets can place the first samples before zero, which <c>S@t</c> cannot
    /// express.
    /// </summary>
    public static (long Start, long Duration) TimesOf(MediaTime start, MediaTime end)
    {
        var from = Math.Max(0, start.Ticks);
        return (from, Math.Max(1, end.Ticks - from));
    }
}
