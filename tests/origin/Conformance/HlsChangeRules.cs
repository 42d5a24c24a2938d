using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Conformance;

/// <summary>Two consecutive versions of a media playlist.</summary>
/// <param name="Before">The earlier version.</param>
/// <param name="Now">The later version.</param>
/// <param name="Between">Time between the two versions; <see langword="null"/> if it is not checked, as during input loss.</param>
internal sealed record HlsChange(HlsPlaylist Before, HlsPlaylist Now, TimeSpan? Between = null)
{
    /// <summary>Segments in both versions.</summary>
    public IEnumerable<(HlsSegment Before, HlsSegment Now)> Common => from before in Before.Segments
        join now in Now.Segments on before.Number equals now.Number select (before, now);
}

/// <summary>A playlist and its delta update at the same moment.</summary>
internal sealed record HlsDelta(HlsPlaylist Whole, HlsPlaylist Delta);

/// <summary>Media playlists of a multivariant playlist at one moment, by relative address.</summary>
internal sealed record HlsMoment(IReadOnlyDictionary<string, HlsPlaylist> Playlists)
{
    public bool All<T>(Func<HlsPlaylist, T> same) => Playlists.Values.Select(same).Distinct().Count() <= 1;

    /// <summary>Segments with the same number in different playlists.</summary>
    public bool AllShared(Func<HlsSegment, HlsSegment, bool> holds) => Playlists.Values.SelectMany(playlist => playlist.Segments)
        .GroupBy(segment => segment.Number)
        .All(same => same.All(segment => holds(same.First(), segment)));
}

/// <summary>
/// Rules about changes of playlists, and about several playlists of a session. Sections are those of draft-pantos-hls-rfc8216bis.
/// </summary>
internal static class HlsChangeRules
{
    // Tags besides the segments that can change: progress, and properties that no longer hold.
    private static readonly string[] Moving =
        ["EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-ENDLIST", "EXT-X-PRELOAD-HINT", "EXT-X-RENDITION-REPORT",
            "EXT-X-SKIP", "EXT-X-INDEPENDENT-SEGMENTS"];

    /// <summary>Rules from one version to the next.</summary>
    public static readonly Rule<HlsChange>[] Changes =
    [
        new("6.2.1", "what is said of the whole playlist stays", c => Fixed(c.Before).SequenceEqual(Fixed(c.Now))),
        new("4.4.2.1", "independence, once it could not be claimed, is not claimed of the same segments",
            c => c.Before.Has("EXT-X-INDEPENDENT-SEGMENTS") || !c.Now.Has("EXT-X-INDEPENDENT-SEGMENTS") || !c.Common.Any()),
        new("6.2.2", "the media sequence number never falls", c => First(c.Now) >= First(c.Before)),
        new("6.2.1", "nothing leaves the end", c => c.Before.Segments.Count == 0
            || (c.Now.Segments.Count > 0 && c.Now.Newest.Segment >= c.Before.Newest.Segment)),
        new("6.2.1", "a segment stays as it was listed",
            c => c.Common.All(pair => pair.Before.Fixed(pair.Before.IsOpen) == pair.Now.Fixed(pair.Before.IsOpen)
                && (pair.Before.IsOpen || !pair.Now.IsOpen))),
        new("6.2.2", "the discontinuity sequence number counts the discontinuities that have left",
            c => c.Common.All(pair => pair.Before.DiscontinuitySequence == pair.Now.DiscontinuitySequence)),
        new("6.2.2", "of a live playlist three target durations are left when something leaves it", c => c.Now.IsEnded
            || First(c.Now) == First(c.Before) || c.Now.Duration >= (3 * c.Now.Target) - 1e-6),
        new("4.4.3.4", "what is over stays so, and nothing is added", c => !c.Before.IsEnded
            || (c.Now.IsEnded && c.Now.Newest == c.Before.Newest)),
        new("4.4.3.5", "nothing leaves an EVENT", c => c.Before.Find("EXT-X-PLAYLIST-TYPE")?.Value != "EVENT"
            || First(c.Now) == First(c.Before)),
        new("4.4.3.5", "nothing changes in a VOD", c => c.Before.Find("EXT-X-PLAYLIST-TYPE")?.Value != "VOD"
            || c.Now.Text == c.Before.Text),
        new("6.2.2", "parts stay as they were listed, or have left", c => c.Common.All(pair => pair.Now.Parts.Count == 0
            || pair.Now.Parts.Take(pair.Before.Parts.Count).Select(part => part.Text)
            .SequenceEqual(pair.Before.Parts.Select(part => part.Text)))),
        new("6.2.2", "parts that have left do not come back",
            c => c.Common.All(pair => pair.Before.IsOpen || pair.Before.Parts.Count > 0 || pair.Now.Parts.Count == 0)),
        new("6.2.6", "what is hinted at comes", c => c.Now.Newest == c.Before.Newest
            || c.Before.Find("EXT-X-PRELOAD-HINT")?["URI"] is not { } hint || !c.Now.Segments.Any(segment =>
            segment.Parts.Count > 0 && segment.Number == Awaited(c.Before)) || c.Now.All("EXT-X-PART").Any(part => part["URI"] == hint)),
        new("6.2.2", "something new comes within one and a half target durations", c => c.Between is not { } between || c.Before.IsEnded
            || between.TotalSeconds <= 1.5 * c.Before.Target),
    ];

    /// <summary>Rules of delta updates.</summary>
    public static readonly Rule<HlsDelta>[] Deltas =
    [
        new("6.2.5.1", "only what lies before the skip boundary is skipped", d =>
            Skipped(d) is var skipped && d.Whole.Segments.Where((_, i) => i < skipped)
            .All(segment => After(d.Whole, segment) >= (d.Whole.Control?.Number("CAN-SKIP-UNTIL") ?? 0) - 1e-6)),
        new("6.2.5.1", "what is not skipped is the same", d => Rest(d.Delta, 0).SequenceEqual(Rest(d.Whole, Skipped(d)))),
        new("6.2.5.1", "what is said of the whole playlist is the same", d =>
            d.Whole.Head.Select(line => line.Text)
            .SequenceEqual(d.Delta.Head.Where(line => line.Tag != "EXT-X-SKIP").Select(line => line.Text))),
    ];

    /// <summary>Rules of the playlists of one multivariant playlist at one moment.</summary>
    public static readonly Rule<HlsMoment>[] Moments =
    [
        new("6.2.4", "all have the same target duration", m => m.All(playlist => playlist.Target)),
        new("6.2.4", "all have the same type", m => m.All(playlist => playlist.Find("EXT-X-PLAYLIST-TYPE")?.Value)),
        new("6.2.4", "all have the same server control", m => m.All(playlist => playlist.Control?.Text)),
        new("6.2.4", "the same content has the same discontinuity sequence number",
            m => m.AllShared((one, other) => one.DiscontinuitySequence == other.DiscontinuitySequence)),
        new("6.2.4", "all have dates or none has, and they agree", m => m.All(playlist => playlist.Has("EXT-X-PROGRAM-DATE-TIME"))
            && m.AllShared((one, other) => Near(one.Date, other.Date))),
        new("6.2.4", "none is more than a target duration ahead at the end", m =>
            m.Playlists.Values.Max(playlist => playlist.Newest.Segment) - m.Playlists.Values.Min(playlist => playlist.Newest.Segment) <= 1),
        new("B.1", "with low latency every other playlist is reported",
            m => m.Playlists.All(each => !each.Value.Has("EXT-X-PART-INF") || each.Value.IsEnded
            || m.Playlists.Keys.Where(uri => uri != each.Key)
            .All(uri => each.Value.All("EXT-X-RENDITION-REPORT").Any(report => report["URI"] == uri)))),
        new("4.4.5.4", "no report is ahead of what it reports",
            m => m.Playlists.Values.All(playlist => playlist.All("EXT-X-RENDITION-REPORT").All(report =>
            m.Playlists.TryGetValue(report["URI"] ?? "", out var other)
            && Newest(other).CompareTo((report.Number("LAST-MSN"), report.Number("LAST-PART"))) >= 0))),
    ];

    private static IEnumerable<string> Fixed(HlsPlaylist p) => p.Head.Where(line => !Moving.Contains(line.Tag)).Select(line => line.Text);

    private static double First(HlsPlaylist p) => p.Find("EXT-X-MEDIA-SEQUENCE")?.Number() ?? 0;

    private static int Skipped(HlsDelta d) => (int)(d.Delta.Find("EXT-X-SKIP")?.Number("SKIPPED-SEGMENTS") ?? 0);

    /// <summary>Seconds from the end of a segment to the end of the last complete one.</summary>
    private static double After(HlsPlaylist p, HlsSegment segment) =>
        p.Segments.Where(other => other.Number > segment.Number && !other.IsOpen).Sum(other => other.Duration);

    private static IEnumerable<string> Rest(HlsPlaylist p, int from) => p.Segments.Skip(from).Select(segment =>
        $"{segment.Number} {segment.Uri} {segment.Map} {string.Join(' ', segment.Lines.Where(line => line.Tag != "EXT-X-MAP").Select(line => line.Text))}");

    /// <summary>The segment of the next part.</summary>
    private static long Awaited(HlsPlaylist p) => p.Segments is [.., { IsOpen: true } open] ? open.Number : p.Newest.Segment + 1;

    private static (double Segment, double Part) Newest(HlsPlaylist p) =>
        p.Segments.LastOrDefault(segment => segment.Parts.Count > 0) is { } last ? (last.Number, last.Parts.Count - 1) : (-1, -1);

    private static bool Near(string? one, string? other) => one == other || (one is not null && other is not null
        && (DateTimeOffset.Parse(one, CultureInfo.InvariantCulture) - DateTimeOffset.Parse(other, CultureInfo.InvariantCulture)).Duration()
        <= TimeSpan.FromSeconds(1));
}
