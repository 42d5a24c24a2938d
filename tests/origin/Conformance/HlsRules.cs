using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Conformance;

/// <summary>
/// Rules for a single playlist. Sections are those of draft-pantos-hls-rfc8216bis; RFC 8216 has the same rules in 4.3 and 6.2 where it has
/// them.
/// </summary>
internal static class HlsRules
{
    private static readonly string[] OfMedia =
    [
        "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-ENDLIST", "EXT-X-PLAYLIST-TYPE",
        "EXT-X-I-FRAMES-ONLY", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL",
    ];

    private static readonly string[] OfMultivariant =
        ["EXT-X-MEDIA", "EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-IMAGE-STREAM-INF"];

    /// <summary>Syntax rules of all playlists.</summary>
    private static readonly Rule<HlsPlaylist>[] Any =
    [
        new("4.1", "no byte order mark and no control characters",
            p => p.Text.All(c => c == '\n' || (!char.IsControl(c) && c != '\uFEFF'))),
        new("4.1", "tags, addresses, comments and nothing else, the last line ended", p => p.Text.EndsWith('\n')
            && p.Lines.All(line => line.Text == line.Text.Trim())),
        new("4.2", "attribute lists are spelt as such and name nothing twice", p => p.Lines.All(line => line.IsWellSpelt)),
        new("4.4.1.1", "the first line is EXTM3U, and no other", p => p.Lines[0].Text == "#EXTM3U" && p.All("EXTM3U").Count() == 1),
        new("4.4.1.2", "one version", p => p.All("EXT-X-VERSION").Count() == 1 && p.Find("EXT-X-VERSION")!.Number() >= 1),
        new("7", "the version is high enough for what is used", p => p.Find("EXT-X-VERSION")?.Number() >= VersionFor(p)),
        new("4.4.2", "tags of either kind of playlist are said once", p => Once(p, "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START")),
    ];

    /// <summary>Rules of media playlists.</summary>
    public static readonly Rule<HlsPlaylist>[] Media =
    [
        .. Any,
        new("4.4.2.1", "segments that are said to be independent begin with an independent part", p => !p.Has("EXT-X-INDEPENDENT-SEGMENTS")
            || p.Segments.All(segment => segment.IsGap || segment.Parts is not [var first, ..] || first["INDEPENDENT"] == "YES")),
        new("4.4.2.2", "a start has an offset", p => p.All("EXT-X-START").All(start => !double.IsNaN(start.Number("TIME-OFFSET")))),
        new("4.4.3", "tags of media playlists are said once", p => Once(p, OfMedia)),
        new("4.1", "no tags of multivariant playlists", p => !OfMultivariant.Any(p.Has)),
        new("4.4.3.1", "a target duration in whole seconds", p => p.Target >= 1 && p.Target == Math.Floor(p.Target)),
        new("4.4.3.1", "no segment is longer than the target duration, rounded",
            p => p.Segments.All(segment => Math.Round(segment.Duration, MidpointRounding.AwayFromZero) <= p.Target)),
        new("4.4.3.2", "the media sequence number stands before the first segment", p => p.Find("EXT-X-MEDIA-SEQUENCE")?.Number() >= 0
            && Before(p, "EXT-X-MEDIA-SEQUENCE", IsOfSegment)),
        new("4.4.3.3", "the discontinuity sequence number stands before the first segment and the first discontinuity", p =>
            !p.Has("EXT-X-DISCONTINUITY-SEQUENCE") || Before(p, "EXT-X-DISCONTINUITY-SEQUENCE", IsOfSegment)),
        new("4.4.3.5", "the type is EVENT or VOD", p => p.Find("EXT-X-PLAYLIST-TYPE")?.Value is null or "EVENT" or "VOD"),
        new("4.4.3.7", "where there are parts there is a part target", p => !p.Has("EXT-X-PART") || p.PartTarget > 0),
        new("4.4.3.8", "players are held back three target durations or more", p => p.Control?["HOLD-BACK"] is null
            || p.Control.Number("HOLD-BACK") >= 3 * p.Target),
        new("4.4.3.8", "players of parts are held back three part targets or more", p => !p.Has("EXT-X-PART-INF")
            || p.Control?.Number("PART-HOLD-BACK") >= (3 * p.PartTarget) - 1e-9),
        new("4.4.3.8", "the skip boundary is six target durations or more", p => p.Control?["CAN-SKIP-UNTIL"] is null
            || p.Control.Number("CAN-SKIP-UNTIL") >= 6 * p.Target),
        new("4.4.4.1", "every segment has one length", p => p.Segments
            .All(segment => segment.Lines.Count(line => line.Tag == "EXTINF") == (segment.IsOpen ? 0 : 1) && segment.Duration >= 0)),
        new("4.4.4.2", "a byte range says where it begins", p => p.All("EXT-X-BYTERANGE")
            .All(range => range.Value.Split('@') is [var length, var start] && HlsLine.Parse(length) > 0 && HlsLine.Parse(start) >= 0)),
        new("3.1.2", "every segment has an init segment", p => p.Has("EXT-X-IMAGES-ONLY")
            || p.Segments.All(segment => segment.IsGap || segment.Map is { Length: > 0 })),
        new("4.4.4.6", "a segment has one date, with its zone",
            p => p.Segments.All(segment => segment.Lines.Count(line => line.Tag == "EXT-X-PROGRAM-DATE-TIME") <= 1
            && (segment.Date is not { } date || (date.EndsWith('Z')
                && DateTimeOffset.TryParse(date, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _))))),
        new("4.4.4.9", "a part has an address and a length",
            p => p.All("EXT-X-PART").All(part => part["URI"] is { Length: > 0 } && part.Number("DURATION") >= 0)),
        new("4.4.4.9", "no part is longer than the part target",
            p => p.All("EXT-X-PART").All(part => part.Number("DURATION") <= p.PartTarget + 1e-9)),
        new("4.4.4.9",
            "parts are 85 % of the part target or more, but for the last of a segment, independent ones, gaps and those before gaps",
            p => p.Segments.All(segment => FullParts(segment, p.PartTarget))),
        new("4.4.4.9", "what applies to a segment stands before its first part", p => p.Segments.All(segment =>
            segment.Lines.SkipWhile(line => line.Tag != "EXT-X-PART")
            .All(line => line.Tag is "EXT-X-PART" or "EXTINF" or "EXT-X-BYTERANGE"))),
        new("4.4.4.7", "parts of a gap are gaps", p =>
            p.Segments.All(segment => !segment.IsGap || segment.Parts.All(part => part["GAP"] == "YES"))),
        new("4.4.5.2", "a skip counts what it skips, comes first, once, and where skipping is offered", p => !p.Has("EXT-X-SKIP")
            || (Once(p, "EXT-X-SKIP") && p.Find("EXT-X-SKIP")!.Number("SKIPPED-SEGMENTS") >= 1 && p.Control?["CAN-SKIP-UNTIL"] is not null
                && Before(p, "EXT-X-SKIP", IsOfSegment))),
        new("6.2.5.1", "nothing is skipped in a playlist that is over", p => !p.Has("EXT-X-SKIP") || !p.IsEnded),
        new("4.4.5.3", "a hint has a type and an address, and there is none where nothing follows", p =>
            p.All("EXT-X-PRELOAD-HINT").All(hint => hint["TYPE"] is "PART" or "MAP" && hint["URI"] is { Length: > 0 } && !p.IsEnded)),
        new("6.2.6", "one hint of a type", p => p.All("EXT-X-PRELOAD-HINT").DistinctBy(hint => hint["TYPE"])
            .Count() == p.All("EXT-X-PRELOAD-HINT").Count()),
        new("4.4.5.4", "a rendition report has a relative address and says how far the other has got",
            p => p.All("EXT-X-RENDITION-REPORT").All(report =>
            report["URI"] is { Length: > 0 } uri && !uri.Contains("://", StringComparison.Ordinal) && report.Number("LAST-MSN") >= 0
            && (!p.Has("EXT-X-PART-INF") || report.Number("LAST-PART") >= 0))),
        new("4.4.5.4", "one report of a rendition", p => p.All("EXT-X-RENDITION-REPORT").DistinctBy(report => report["URI"])
            .Count() == p.All("EXT-X-RENDITION-REPORT").Count()),
        new("6.2.2", "parts are listed in the last three target durations only", p => PartsAreNew(p)),
        new("B.1", "with low latency there are dates, and reloads can be blocked", p => !p.Has("EXT-X-PART-INF")
            || (p.Control?["CAN-BLOCK-RELOAD"] == "YES" && p.Segments.All(segment => segment.Date is not null))),
        new("B.1", "with low latency the next part is hinted at", p => !p.Has("EXT-X-PART-INF") || p.IsEnded
            || p.All("EXT-X-PRELOAD-HINT").Any(hint => hint["TYPE"] == "PART")),
        new("Image Media Playlist 0.4", "each sheet says how it is divided", p => !p.Has("EXT-X-IMAGES-ONLY")
            || p.Segments.All(segment => segment.Lines.Any(line => line.Tag == "EXT-X-TILES" && line["RESOLUTION"] is not null
                && line["LAYOUT"] is not null && line.Number("DURATION") > 0))),
    ];

    /// <summary>Rules of multivariant playlists.</summary>
    public static readonly Rule<HlsPlaylist>[] Multivariant =
    [
        .. Any,
        new("4.1", "no tags of media playlists", p => !OfMedia.Any(p.Has) && !p.Has("EXTINF")),
        new("4.4.6.1", "a rendition has a type, a group and a name", p => p.All("EXT-X-MEDIA").All(media =>
            media["TYPE"] is "AUDIO" or "VIDEO" or "SUBTITLES" or "CLOSED-CAPTIONS" && media["GROUP-ID"] is { Length: > 0 }
            && media["NAME"] is { Length: > 0 })),
        new("4.4.6.1", "captions have an id and no address, and nothing else has their id",
            p => p.All("EXT-X-MEDIA").All(media => media["TYPE"] == "CLOSED-CAPTIONS"
            ? media["INSTREAM-ID"] is { } id && IsCaptions(id) && media["URI"] is null : media["INSTREAM-ID"] is null)),
        new("4.4.6.1", "what is default may be selected",
            p => p.All("EXT-X-MEDIA").All(media => media["DEFAULT"] != "YES" || media["AUTOSELECT"] is null or "YES")),
        new("4.4.6.1.1", "names differ in a group", p => Groups(p)
            .All(group => group.DistinctBy(media => media["NAME"]).Count() == group.Count())),
        new("4.4.6.1.1", "one default in a group", p => Groups(p).All(group => group.Count(media => media["DEFAULT"] == "YES") <= 1)),
        new("4.4.6.1.1", "groups of a type have the same members", p => Groups(p).GroupBy(group => group.Key.Type)
            .All(groups =>
                groups.Select(group => string.Join(' ', group.Select(media => $"{media["NAME"]}/{media["LANGUAGE"]}/{media["DEFAULT"]}")
                    .Order(StringComparer.Ordinal))).Distinct().Count() == 1)),
        new("4.4.6.2", "a variant has a bandwidth, and its address is the next line",
            p => p.Lines.Select((line, i) => (line, i)).Where(each => each.line.Tag == "EXT-X-STREAM-INF")
            .All(each => each.line.Number("BANDWIDTH") > 0 && each.i + 1 < p.Lines.Count
                && p.Lines[each.i + 1] is { Tag: "", Text.Length: > 0 })),
        new("4.4.6.2", "no address without a variant",
            p => p.Lines.Count(line => line.Tag.Length == 0 && line.Text.Length > 0) == p.All("EXT-X-STREAM-INF").Count()),
        new("4.4.6.2", "on average no more bits than at most",
            p => Streams(p).All(stream => !(stream.Number("AVERAGE-BANDWIDTH") > stream.Number("BANDWIDTH")))),
        new("4.4.6.2", "a variant names its codecs", p => Streams(p)
            .All(stream => stream["CODECS"] is { Length: > 0 } codecs && !codecs.Contains(' ', StringComparison.Ordinal))),
        new("4.4.6.2", "a resolution is two whole numbers", p => Streams(p).All(stream => stream["RESOLUTION"] is not { } size
            || (size.Split('x') is [var w, var h] && int.TryParse(w, out _) && int.TryParse(h, out _)))),
        new("4.4.6.2", "the video range is one of three",
            p => Streams(p).All(stream => stream["VIDEO-RANGE"] is null or "SDR" or "HLG" or "PQ")),
        new("4.4.6.2", "the groups of a variant exist", p => p.All("EXT-X-STREAM-INF").All(stream =>
            Exists(p, "AUDIO", stream["AUDIO"])
            && (stream["CLOSED-CAPTIONS"] == "NONE" || Exists(p, "CLOSED-CAPTIONS", stream["CLOSED-CAPTIONS"])))),
        new("4.4.6.2", "all variants have a score or none",
            p => p.All("EXT-X-STREAM-INF").Select(stream => stream["SCORE"] is null).Distinct().Count() <= 1),
        new("4.4.6.3", "a stream of I-frames has a bandwidth and an address, and no attributes of audio or frame rates",
            p => p.All("EXT-X-I-FRAME-STREAM-INF").All(stream =>
            stream.Number("BANDWIDTH") > 0 && stream["URI"] is { Length: > 0 } && stream["FRAME-RATE"] is null && stream["AUDIO"] is null
            && stream["SUBTITLES"] is null && stream["CLOSED-CAPTIONS"] is null)),
    ];

    private static IEnumerable<IGrouping<(string? Type, string? Id), HlsLine>> Groups(HlsPlaylist p) =>
        p.All("EXT-X-MEDIA").GroupBy(media => (media["TYPE"], media["GROUP-ID"]));

    private static IEnumerable<HlsLine> Streams(HlsPlaylist p) => p.All("EXT-X-STREAM-INF").Concat(p.All("EXT-X-I-FRAME-STREAM-INF"));

    private static bool Exists(HlsPlaylist p, string type, string? group) => group is null
        || p.All("EXT-X-MEDIA").Any(media => media["TYPE"] == type && media["GROUP-ID"] == group);

    private static bool IsCaptions(string id) => id is "CC1" or "CC2" or "CC3" or "CC4"
        || (id.StartsWith("SERVICE", StringComparison.Ordinal)
            && int.TryParse(id.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 63);

    private static bool Once(HlsPlaylist p, params string[] tags) => tags.All(tag => p.All(tag).Count() <= 1);

    private static bool IsOfSegment(HlsLine line) => line.Tag is "EXTINF" or "EXT-X-PART" or "EXT-X-DISCONTINUITY" or "EXT-X-GAP"
        or "EXT-X-MAP" or "EXT-X-PROGRAM-DATE-TIME" or "" && line.Text.Length > 0;

    private static bool Before(HlsPlaylist p, string tag, Func<HlsLine, bool> what) => p.IndexOf(line => line.Tag == tag) is var at and >= 0
        && (p.IndexOf(what) is var other && (other < 0 || at < other));

    /// <summary>Versions required by the used features (7).</summary>
    private static int VersionFor(HlsPlaylist p) =>
        p.Has("EXT-X-SKIP") ? 9
        : p.Has("EXT-X-GAP") ? 8
        : p.All("EXT-X-MEDIA").Any(media => media["INSTREAM-ID"]?.StartsWith("SERVICE", StringComparison.Ordinal) == true) ? 7
        : p.Has("EXT-X-MAP") ? p.Has("EXT-X-I-FRAMES-ONLY") ? 5 : 6
        : p.Has("EXT-X-BYTERANGE") || p.Has("EXT-X-I-FRAMES-ONLY") ? 4
        : p.All("EXTINF").Any(line => line.Value.Contains('.', StringComparison.Ordinal)) ? 3 : 1;

    private static bool FullParts(HlsSegment segment, double target)
    {
        var parts = segment.Parts;
        for (var i = 0; i < parts.Count - 1; i++)
        {
            if (parts[i]["GAP"] != "YES" && parts[i]["INDEPENDENT"] != "YES" && parts[i + 1]["GAP"] != "YES"
                && parts[i].Number("DURATION") < (0.85 * target) - 1e-9)
            {
                return false;
            }
        }

        return true;
    }

    private static bool PartsAreNew(HlsPlaylist p)
    {
        var distance = 0.0;
        foreach (var segment in p.Segments.Reverse())
        {
            if (segment.Parts.Count > 0 && distance >= (3 * p.Target) + 1e-6)
            {
                return false;
            }

            distance += segment.Duration;
        }

        return true;
    }
}
