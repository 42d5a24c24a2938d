using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Hls;

/// <summary>
/// Low-latency features that media playlists announce (draft-pantos-hls-rfc8216bis). They are the same in all playlists of a session and
/// never change.
/// </summary>
/// <param name="PartTarget"><c>EXT-X-PART-INF:PART-TARGET</c>: maximum part duration.</param>
internal sealed record LowLatency(TimeSpan PartTarget)
{
    /// <summary>The features of a latency profile, or <see langword="null"/> when it offers no parts.</summary>
    public static LowLatency? Of(LatencyProfile latency) => latency.OffersParts ? new LowLatency(latency.PartTarget) : null;

    /// <summary><c>EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL</c>: "MUST be at least six times the Target Duration" (4.4.3.8).</summary>
    public static TimeSpan SkipBoundary(TimeSpan targetDuration) => 6 * targetDuration;

    /// <summary>
    /// Distance from the live edge up to which parts are listed: they "SHOULD be removed … after they are greater than three Target
    /// Durations from the end" (6.2.2).
    /// </summary>
    public static TimeSpan PartsReach(TimeSpan targetDuration) => 3 * targetDuration;

    /// <summary><c>EXT-X-SERVER-CONTROL:PART-HOLD-BACK</c>: "SHOULD be at least three times the Part Target Duration" (4.4.3.8).</summary>
    public TimeSpan PartHoldBack => 3 * PartTarget;

    /// <summary>Writes the attributes of <c>EXT-X-SERVER-CONTROL</c> that follow <c>HOLD-BACK</c>, and <c>EXT-X-PART-INF</c>.</summary>
    public void Write(StringBuilder text, TimeSpan targetDuration) => text.Append(
        CultureInfo.InvariantCulture,
        $",PART-HOLD-BACK={PartHoldBack.TotalSeconds:0.0##},CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={SkipBoundary(targetDuration).TotalSeconds:0.0##}\n#EXT-X-PART-INF:PART-TARGET={PartTarget.TotalSeconds:0.0##}");
}

/// <summary><c>EXT-X-PART</c> (4.4.4.9).</summary>
/// <param name="Uri">Its URI, relative to the playlist.</param>
/// <param name="Duration"><c>DURATION</c>, in seconds.</param>
/// <param name="Independent"><c>INDEPENDENT</c>: the part starts with a sync sample.</param>
/// <param name="IsGap"><c>GAP</c>: the part is not available.</param>
internal sealed record PlaylistPart(string Uri, double Duration, bool Independent, bool IsGap)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-PART:DURATION={Duration:0.0####},URI=\"{Uri}\"");
        text.Append(Independent ? ",INDEPENDENT=YES" : "").Append(IsGap ? ",GAP=YES\n" : "\n");
    }
}

/// <summary><c>EXT-X-RENDITION-REPORT</c> (4.4.5.4): the newest part of another rendition, for players that switch to it.</summary>
/// <param name="Uri">URI of its playlist, relative to this playlist.</param>
/// <param name="LastSegment"><c>LAST-MSN</c></param>
/// <param name="LastPart"><c>LAST-PART</c></param>
internal sealed record RenditionReport(string Uri, long LastSegment, int LastPart)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text) =>
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-RENDITION-REPORT:URI=\"{Uri}\",LAST-MSN={LastSegment},LAST-PART={LastPart}\n");
}

/// <summary>The live edge of a rendition's playlist.</summary>
/// <param name="LastSegment">Sequence number of the last closed segment.</param>
/// <param name="LastParts">Number of parts in that segment.</param>
/// <param name="OpenParts">Number of parts in the segment after it; 0 when that segment has not started.</param>
internal readonly record struct RenditionEdge(long LastSegment, int LastParts, int OpenParts)
{
    /// <summary>Sequence number and part number of the next part.</summary>
    public (long Segment, int Part) Next => (LastSegment + 1, OpenParts);

    /// <summary>Sequence number and part number of the newest part.</summary>
    public (long Segment, int Part) Newest => OpenParts > 0 ? (LastSegment + 1, OpenParts - 1) : (LastSegment, LastParts - 1);

    /// <summary>The edge of a rendition, or <see langword="null"/> while it has no closed segment and so no playlist.</summary>
    public static RenditionEdge? Of(RenditionTimeline rendition, LatencyProfile latency) => rendition.Closed is [.., var last]
        ? new RenditionEdge(last.Number, PlaylistParts.Count(last, latency), rendition.Open?.Parts.Count ?? 0)
        : null;
}

/// <summary>The parts of a segment as listed in playlists.</summary>
internal static class PlaylistParts
{
    /// <summary>
    /// Number of parts. A gap has as many parts as it would have with media, all marked as gaps. A player that was promised the first part
    /// then finds it listed, and need not wait for the segment after the gap.
    /// </summary>
    public static int Count(TimelineSegment segment, LatencyProfile latency) =>
        segment.IsGap ? Math.Max(1, (int)Math.Ceiling(Capped(segment.Duration, latency.TargetDuration) / latency.PartTarget.TotalSeconds))
        : segment.Parts.Count;

    /// <summary>All current parts of a segment.</summary>
    public static PlaylistPart[] Of(RenditionTimeline rendition, TimelineSegment segment, LatencyProfile latency)
    {
        var parts = new PlaylistPart[Count(segment, latency)];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = segment.IsGap
                ? new PlaylistPart(Uri(rendition.Name, segment.Number, i), Capped(segment.Duration, latency.TargetDuration) / parts.Length,
                    Independent: false, IsGap: true)
                // "The duration of a Partial Segment MUST be less than or equal to the Part Target Duration" (4.4.4.9). A single frame may
                // last longer, so the listed duration is capped. The end of the segment states the real duration.
                : new PlaylistPart(Uri(rendition.Name, segment.Number, i), Capped(segment.Parts[i].Duration, latency.PartTarget),
                    segment.Parts[i].Independent, IsGap: false);
        }

        return parts;
    }

    /// <summary>URI of a part, relative to the playlist.</summary>
    public static string Uri(string rendition, long segment, int part) => $"{rendition}/{MediaFile.OfPart(segment, part)}";

    private static double Capped(MediaTime duration, TimeSpan atMost) => Math.Min(duration.TotalSeconds, atMost.TotalSeconds);
}
