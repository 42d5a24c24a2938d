using System.Globalization;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Origin.Hls;

/// <summary>What a media playlist offers beyond whole segments, where it does (draft-pantos-hls-rfc8216bis). The same in all playlists and never changed in a session.</summary>
/// <param name="PartTarget"><c>EXT-X-PART-INF:PART-TARGET</c>: no part is longer.</param>
internal sealed record LowLatency(TimeSpan PartTarget)
{
    /// <summary>The offer of a latency profile, or <see langword="null"/> when it is whole segments only.</summary>
    public static LowLatency? Of(LatencyProfile latency) => latency.OffersParts ? new LowLatency(latency.PartTarget) : null;

    /// <summary><c>EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL</c>: "MUST be at least six times the Target Duration" (4.4.3.8).</summary>
    public static TimeSpan SkipBoundary(TimeSpan targetDuration) => 6 * targetDuration;

    /// <summary>How far back parts are listed: they "SHOULD be removed … after they are greater than three Target Durations from the end" (6.2.2).</summary>
    public static TimeSpan PartsReach(TimeSpan targetDuration) => 3 * targetDuration;

    /// <summary><c>EXT-X-SERVER-CONTROL:PART-HOLD-BACK</c>: "SHOULD be at least three times the Part Target Duration" (4.4.3.8).</summary>
    public TimeSpan PartHoldBack => 3 * PartTarget;

    /// <summary>Writes the attributes of <c>EXT-X-SERVER-CONTROL</c> that follow <c>HOLD-BACK</c>, and <c>EXT-X-PART-INF</c>.</summary>
    public void Write(StringBuilder text, TimeSpan targetDuration) => text.Append(
        CultureInfo.InvariantCulture,
        $",PART-HOLD-BACK={PartHoldBack.TotalSeconds:0.0##},CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={SkipBoundary(targetDuration).TotalSeconds:0.0##}\n#EXT-X-PART-INF:PART-TARGET={PartTarget.TotalSeconds:0.0##}");
}

/// <summary><c>EXT-X-PART</c> (4.4.4.9).</summary>
/// <param name="Uri">Its address, relative to the playlist's.</param>
/// <param name="Duration"><c>DURATION</c>, seconds.</param>
/// <param name="Independent"><c>INDEPENDENT</c>: it begins with a sync sample.</param>
/// <param name="IsGap"><c>GAP</c>: there is nothing at its address.</param>
internal sealed record PlaylistPart(string Uri, double Duration, bool Independent, bool IsGap)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-PART:DURATION={Duration:0.0####},URI=\"{Uri}\"");
        text.Append(Independent ? ",INDEPENDENT=YES" : "").Append(IsGap ? ",GAP=YES\n" : "\n");
    }
}

/// <summary><c>EXT-X-RENDITION-REPORT</c> (4.4.5.4): how far another rendition has got, for players that change over to it.</summary>
/// <param name="Uri">Address of its playlist, relative to this one's.</param>
/// <param name="LastSegment"><c>LAST-MSN</c></param>
/// <param name="LastPart"><c>LAST-PART</c></param>
internal sealed record RenditionReport(string Uri, long LastSegment, int LastPart)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text) =>
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-RENDITION-REPORT:URI=\"{Uri}\",LAST-MSN={LastSegment},LAST-PART={LastPart}\n");
}

/// <summary>How far the playlist of a rendition has got.</summary>
/// <param name="LastSegment">Number of the last whole segment.</param>
/// <param name="LastParts">Parts of that one.</param>
/// <param name="OpenParts">Parts of the segment behind it; 0 when it has not begun.</param>
internal readonly record struct RenditionEdge(long LastSegment, int LastParts, int OpenParts)
{
    /// <summary>Segment and number of the next part.</summary>
    public (long Segment, int Part) Next => (LastSegment + 1, OpenParts);

    /// <summary>Segment and number of the newest part.</summary>
    public (long Segment, int Part) Newest => OpenParts > 0 ? (LastSegment + 1, OpenParts - 1) : (LastSegment, LastParts - 1);

    /// <summary>The edge of a rendition, or <see langword="null"/> while it has no whole segment and so no playlist.</summary>
    public static RenditionEdge? Of(RenditionTimeline rendition, LatencyProfile latency) => rendition.Closed is [.., var last]
        ? new RenditionEdge(last.Number, PlaylistParts.Count(last, latency), rendition.Open?.Parts.Count ?? 0)
        : null;
}

/// <summary>The parts of a segment as playlists list them.</summary>
internal static class PlaylistParts
{
    /// <summary>
    /// How many there are. A hole has as many as it would have with media, marked as gaps: a player that was told to expect its first part finds that one,
    /// and need not wait for the segment after it.
    /// </summary>
    public static int Count(TimelineSegment segment, LatencyProfile latency) =>
        segment.IsGap ? Math.Max(1, (int)Math.Ceiling(Said(segment.Duration, latency.TargetDuration) / latency.PartTarget.TotalSeconds)) : segment.Parts.Count;

    /// <summary>All parts of a segment so far.</summary>
    public static PlaylistPart[] Of(RenditionTimeline rendition, TimelineSegment segment, LatencyProfile latency)
    {
        var parts = new PlaylistPart[Count(segment, latency)];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = segment.IsGap
                ? new PlaylistPart(Uri(rendition.Name, segment.Number, i), Said(segment.Duration, latency.TargetDuration) / parts.Length, Independent: false, IsGap: true)
                // "The duration of a Partial Segment MUST be less than or equal to the Part Target Duration" (4.4.4.9): one picture may last longer, and what is
                // said of it may not. The end of the segment tells the truth.
                : new PlaylistPart(Uri(rendition.Name, segment.Number, i), Said(segment.Parts[i].Duration, latency.PartTarget), segment.Parts[i].Independent, IsGap: false);
        }

        return parts;
    }

    /// <summary>Address of a part, relative to the playlist's.</summary>
    public static string Uri(string rendition, long segment, int part) => string.Create(CultureInfo.InvariantCulture, $"{rendition}/{segment}.{part}.m4s");

    private static double Said(MediaTime duration, TimeSpan atMost) => Math.Min(duration.TotalSeconds, atMost.TotalSeconds);
}
