using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Conformance;

/// <summary>Each rule finds its violations, and accepts valid playlists.</summary>
public class HlsRulesTests
{
    private const string Media = """
        #EXTM3U
        #EXT-X-VERSION:9
        #EXT-X-TARGETDURATION:3
        #EXT-X-SERVER-CONTROL:HOLD-BACK=9.0,PART-HOLD-BACK=1.05,CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=18.0
        #EXT-X-PART-INF:PART-TARGET=0.35
        #EXT-X-MEDIA-SEQUENCE:9
        #EXT-X-DISCONTINUITY-SEQUENCE:1
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MAP:URI="source/init-1.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2026-03-01T11:59:57.000Z
        #EXTINF:3.000,
        source/9.m4s
        #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.000Z
        #EXTINF:3.000,
        source/10.m4s
        #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:03.000Z
        #EXTINF:3.000,
        source/11.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:06.000Z
        #EXTINF:3.000,
        source/12.m4s
        #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:09.000Z
        #EXT-X-PART:DURATION=0.33333,URI="source/13.0.m4s",INDEPENDENT=YES
        #EXT-X-PART:DURATION=0.33333,URI="source/13.1.m4s"
        #EXT-X-PART:DURATION=0.1,URI="source/13.2.m4s"
        #EXTINF:0.767,
        source/13.m4s
        #EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:09.767Z
        #EXT-X-PART:DURATION=0.33333,URI="source/14.0.m4s",INDEPENDENT=YES
        #EXT-X-PART:DURATION=0.33333,URI="source/14.1.m4s"
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI="source/14.2.m4s"
        #EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN=14,LAST-PART=1

        """;

    private const string Multivariant = """
        #EXTM3U
        #EXT-X-VERSION:8
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="en",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="x/audio.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="de",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="x/audio-2.m3u8"
        #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="SERVICE1",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID="SERVICE1"
        #EXT-X-STREAM-INF:BANDWIDTH=4000000,AVERAGE-BANDWIDTH=3000000,CODECS="avc1.64001f,mp4a.40.2",SCORE=1,RESOLUTION=1920x1080,FRAME-RATE=30.000,VIDEO-RANGE=SDR,AUDIO="audio",CLOSED-CAPTIONS="cc"
        x/source.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1000000,CODECS="avc1.64001f,mp4a.40.2",SCORE=2,RESOLUTION=1280x720,AUDIO="audio"
        x/720p.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=300000,AVERAGE-BANDWIDTH=200000,CODECS="avc1.64001f",RESOLUTION=1920x1080,URI="x/source/iframes.m3u8"

        """;

    private const string Hint = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"source/14.2.m4s\"\n";
    private const string Part = "#EXT-X-PART:DURATION=0.33333,URI=\"source/14.2.m4s\"\n";

    /// <summary>The version after <see cref="Media"/>, with one more part.</summary>
    private static readonly string Next = Media.Replace(Hint, Part + Hint.Replace("14.2", "14.3", StringComparison.Ordinal),
        StringComparison.Ordinal).Replace("LAST-PART=1", "LAST-PART=2", StringComparison.Ordinal);

    private static readonly string Long = Numbered(40);

    private static readonly string Delta = Long.Replace(Segments(0, 32),
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=32\n#EXT-X-MAP:URI=\"source/init-1.mp4\"\n", StringComparison.Ordinal);

    /// <summary>Rule, replaced text of a compliant playlist, and replacement.</summary>
    private static readonly (string Says, string From, string To)[] BrokenMedia =
    [
        ("no byte order mark and no control characters", "#EXTM3U", "\uFEFF#EXTM3U"),
        ("no byte order mark and no control characters", "source/10", "source/\r10"),
        ("tags, addresses, comments and nothing else, the last line ended", "LAST-PART=1\n", "LAST-PART=1"),
        ("attribute lists are spelt as such and name nothing twice", "14.0.m4s\",INDEPENDENT=YES",
            "14.0.m4s\",INDEPENDENT=YES,INDEPENDENT=YES"),
        ("attribute lists are spelt as such and name nothing twice", "TYPE=PART,", "TYPE=PART, "),
        ("the first line is EXTM3U, and no other", "#EXTM3U\n", "#\n"),
        ("one version", "#EXT-X-VERSION:9\n", ""),
        ("the version is high enough for what is used", "VERSION:9", "VERSION:5"),
        ("tags of either kind of playlist are said once", "#EXT-X-INDEPENDENT-SEGMENTS\n",
            "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-INDEPENDENT-SEGMENTS\n"),
        ("segments that are said to be independent begin with an independent part", "14.0.m4s\",INDEPENDENT=YES", "14.0.m4s\""),
        ("a start has an offset", "#EXT-X-INDEPENDENT-SEGMENTS\n", "#EXT-X-START:PRECISE=YES\n"),
        ("tags of media playlists are said once", "#EXT-X-PART-INF", "#EXT-X-TARGETDURATION:3\n#EXT-X-PART-INF"),
        ("no tags of multivariant playlists", "#EXT-X-PART-INF", "#EXT-X-MEDIA:TYPE=AUDIO\n#EXT-X-PART-INF"),
        ("a target duration in whole seconds", "DURATION:3\n", "DURATION:3.5\n"),
        ("no segment is longer than the target duration, rounded", "#EXTINF:0.767", "#EXTINF:3.5"),
        ("the media sequence number stands before the first segment", "#EXT-X-MEDIA-SEQUENCE:9\n", ""),
        ("the discontinuity sequence number stands before the first segment and the first discontinuity",
            "#EXT-X-DISCONTINUITY-SEQUENCE:1\n", "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"),
        ("the type is EVENT or VOD", "#EXT-X-PART-INF", "#EXT-X-PLAYLIST-TYPE:LIVE\n#EXT-X-PART-INF"),
        ("where there are parts there is a part target", "#EXT-X-PART-INF:PART-TARGET=0.35\n", ""),
        ("players are held back three target durations or more", "HOLD-BACK=9.0", "HOLD-BACK=8.0"),
        ("players of parts are held back three part targets or more", "PART-HOLD-BACK=1.05", "PART-HOLD-BACK=1.0"),
        ("the skip boundary is six target durations or more", "CAN-SKIP-UNTIL=18.0", "CAN-SKIP-UNTIL=17.0"),
        ("every segment has one length", "#EXTINF:0.767,\n", ""),
        ("a byte range says where it begins", "#EXTINF:0.767,\n", "#EXT-X-BYTERANGE:500\n#EXTINF:0.767,\n"),
        ("every segment has an init segment", "#EXT-X-MAP:URI=\"source/init-1.mp4\"\n", ""),
        ("a segment has one date, with its zone", "12:00:09.000Z", "12:00:09.000"),
        ("a part has an address and a length", "DURATION=0.1,", ""),
        ("no part is longer than the part target", "DURATION=0.1,", "DURATION=0.4,"),
        ("parts are 85 % of the part target or more, but for the last of a segment, independent ones, gaps and those before gaps",
            "0.33333,URI=\"source/13.1", "0.2,URI=\"source/13.1"),
        ("what applies to a segment stands before its first part", "#EXTINF:0.767", "#EXT-X-GAP\n#EXTINF:0.767"),
        ("parts of a gap are gaps", "#EXT-X-PART:DURATION=0.33333,URI=\"source/13.0",
            "#EXT-X-GAP\n#EXT-X-PART:DURATION=0.33333,URI=\"source/13.0"),
        ("a skip counts what it skips, comes first, once, and where skipping is offered", "#EXT-X-MAP",
            "#EXT-X-SKIP:SKIPPED-SEGMENTS=0\n#EXT-X-MAP"),
        ("a skip counts what it skips, comes first, once, and where skipping is offered", "#EXTINF:0.767",
            "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:0.767"),
        ("nothing is skipped in a playlist that is over", "#EXT-X-MAP", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-ENDLIST\n#EXT-X-MAP"),
        ("a hint has a type and an address, and there is none where nothing follows", "LAST-PART=1\n", "LAST-PART=1\n#EXT-X-ENDLIST\n"),
        ("one hint of a type", Hint, Hint + Hint),
        ("a rendition report has a relative address and says how far the other has got", "URI=\"audio.m3u8\"",
            "URI=\"https://x/audio.m3u8\""),
        ("a rendition report has a relative address and says how far the other has got", ",LAST-PART=1", ""),
        ("one report of a rendition", "#EXT-X-RENDITION",
            "#EXT-X-RENDITION-REPORT:URI=\"audio.m3u8\",LAST-MSN=14,LAST-PART=1\n#EXT-X-RENDITION"),
        ("parts are listed in the last three target durations only", "#EXTINF:3.000,\nsource/9",
            "#EXT-X-PART:DURATION=0.3,URI=\"source/9.0.m4s\",INDEPENDENT=YES\n#EXTINF:3.000,\nsource/9"),
        ("with low latency there are dates, and reloads can be blocked", ",CAN-BLOCK-RELOAD=YES", ""),
        ("with low latency the next part is hinted at", Hint, ""),
        ("each sheet says how it is divided", "#EXT-X-INDEPENDENT-SEGMENTS\n", "#EXT-X-IMAGES-ONLY\n"),
    ];

    private static readonly (string Says, string From, string To)[] BrokenMultivariant =
    [
        ("no tags of media playlists", "#EXT-X-INDEPENDENT", "#EXT-X-TARGETDURATION:3\n#EXT-X-INDEPENDENT"),
        ("a rendition has a type, a group and a name", ",NAME=\"de\"", ""),
        ("captions have an id and no address, and nothing else has their id", "INSTREAM-ID=\"SERVICE1\"", "INSTREAM-ID=\"SERVICE64\""),
        ("what is default may be selected", "DEFAULT=YES,AUTOSELECT=YES", "DEFAULT=YES,AUTOSELECT=NO"),
        ("names differ in a group", "NAME=\"de\"", "NAME=\"en\""),
        ("one default in a group", "DEFAULT=NO,AUTOSELECT=YES,CHANNELS", "DEFAULT=YES,AUTOSELECT=YES,CHANNELS"),
        ("groups of a type have the same members", "#EXT-X-MEDIA:TYPE=C",
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"other\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,URI=\"x/ac3.m3u8\"\n#EXT-X-MEDIA:TYPE=C"),
        ("a variant has a bandwidth, and its address is the next line", "\nx/source.m3u8", "\n#EXT-X-START:TIME-OFFSET=0\nx/source.m3u8"),
        ("no address without a variant", "x/720p.m3u8\n", "x/720p.m3u8\nx/other.m3u8\n"),
        ("on average no more bits than at most", "AVERAGE-BANDWIDTH=1000000", "AVERAGE-BANDWIDTH=2000001"),
        ("a variant names its codecs", "CODECS=\"avc1.64001f,mp4a.40.2\",SCORE=2", "SCORE=2"),
        ("a resolution is two whole numbers", "1280x720", "1280"),
        ("the video range is one of three", "RANGE=SDR", "RANGE=HDR"),
        ("the groups of a variant exist", "AUDIO=\"audio\",CLOSED", "AUDIO=\"other\",CLOSED"),
        ("all variants have a score or none", "SCORE=2,", ""),
        ("a stream of I-frames has a bandwidth and an address, and no attributes of audio or frame rates", "URI=\"x/source/iframes",
            "AUDIO=\"audio\",URI=\"x/source/iframes"),
    ];

    private static readonly (string Says, string Before, string Now)[] BrokenChanges =
    [
        ("what is said of the whole playlist stays", Media, Next.Replace("HOLD-BACK=9.0", "HOLD-BACK=9.5", StringComparison.Ordinal)),
        ("independence, once it could not be claimed, is not claimed of the same segments",
            Media.Replace("#EXT-X-INDEPENDENT-SEGMENTS\n", "", StringComparison.Ordinal), Next),
        ("the media sequence number never falls", Media, Next.Replace("SEQUENCE:9", "SEQUENCE:8", StringComparison.Ordinal)),
        ("nothing leaves the end", Media,
            Media[..Media.IndexOf("#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:09.767Z", StringComparison.Ordinal)]),
        ("a segment stays as it was listed", Media, Next.Replace("#EXTINF:0.767", "#EXTINF:0.768", StringComparison.Ordinal)),
        ("a segment stays as it was listed", Media, Next.Replace("T12:00:03.000Z", "T12:00:03.001Z", StringComparison.Ordinal)),
        ("the discontinuity sequence number counts the discontinuities that have left", Media,
            Next.Replace("DISCONTINUITY-SEQUENCE:1", "DISCONTINUITY-SEQUENCE:2", StringComparison.Ordinal)),
        ("of a live playlist three target durations are left when something leaves it", Media,
            "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:14\n#EXTINF:2,\nsource/14.m4s\n"),
        ("what is over stays so, and nothing is added", Media + "#EXT-X-ENDLIST\n", Next),
        ("nothing leaves an EVENT", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-SEQUENCE:1\n",
            "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-SEQUENCE:2\n"),
        ("nothing changes in a VOD", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-ENDLIST\n",
            "#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:1,\n1.m4s\n#EXT-X-ENDLIST\n"),
        ("parts stay as they were listed, or have left", Media,
            Next.Replace("0.33333,URI=\"source/14.1", "0.33334,URI=\"source/14.1", StringComparison.Ordinal)),
        ("parts that have left do not come back", Media, Next.Replace("#EXTINF:3.000,\nsource/12",
            "#EXT-X-PART:DURATION=0.3,URI=\"source/12.0.m4s\"\n#EXTINF:3.000,\nsource/12", StringComparison.Ordinal)),
        ("what is hinted at comes", Media, Next.Replace("source/14.2", "source/14.9", StringComparison.Ordinal)),
        ("something new comes within one and a half target durations", Media, Next),
    ];

    private static readonly (string Says, string Delta)[] BrokenDeltas =
    [
        ("only what lies before the skip boundary is skipped", Delta.Replace("SEGMENTS=32", "SEGMENTS=36", StringComparison.Ordinal)),
        ("what is not skipped is the same", Delta.Replace("source/33.m4s", "source/x.m4s", StringComparison.Ordinal)),
        ("what is said of the whole playlist is the same", Delta.Replace("SEQUENCE:0", "SEQUENCE:32", StringComparison.Ordinal)),
    ];

    private static readonly string Audio = Media.Replace("source/", "audio/", StringComparison.Ordinal)
        .Replace("\"audio.m3u8\"", "\"source.m3u8\"", StringComparison.Ordinal);

    private static readonly (string Says, string From, string To)[] BrokenMoments =
    [
        ("all have the same target duration", "DURATION:3\n", "DURATION:4\n"),
        ("all have the same type", "#EXT-X-PART-INF", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-PART-INF"),
        ("all have the same server control", ",CAN-SKIP-UNTIL=18.0", ""),
        ("the same content has the same discontinuity sequence number", "DISCONTINUITY-SEQUENCE:1", "DISCONTINUITY-SEQUENCE:0"),
        ("all have dates or none has, and they agree", "T12:00:09.000Z", "T12:00:11.000Z"),
        ("none is more than a target duration ahead at the end", "MEDIA-SEQUENCE:9", "MEDIA-SEQUENCE:11"),
        ("with low latency every other playlist is reported", "#EXT-X-RENDITION-REPORT:URI=\"source.m3u8\",LAST-MSN=14,LAST-PART=1\n", ""),
        ("no report is ahead of what it reports", "LAST-PART=1", "LAST-PART=2"),
    ];

    [Fact]
    public void Valid_playlists_break_no_rule()
    {
        HlsRules.Media.Broken(new HlsPlaylist(Media)).ShouldBeEmpty();
        HlsRules.Media.Broken(new HlsPlaylist(Next)).ShouldBeEmpty();
        HlsRules.Media.Broken(new HlsPlaylist(Delta)).ShouldBeEmpty();
        HlsRules.Multivariant.Broken(new HlsPlaylist(Multivariant)).ShouldBeEmpty();
        HlsChangeRules.Changes.Broken(new HlsChange(new(Media), new(Next), TimeSpan.FromSeconds(0.333))).ShouldBeEmpty();
        HlsChangeRules.Deltas.Broken(new HlsDelta(new(Long), new(Delta))).ShouldBeEmpty();
        HlsChangeRules.Moments.Broken(Moment(Audio)).ShouldBeEmpty();
    }

    [Fact]
    public void Every_playlist_rule_detects_its_violation()
    {
        foreach (var (says, from, to) in BrokenMedia)
        {
            Finds(HlsRules.Media.Broken(new HlsPlaylist(Replace(Media, from, to))), says);
        }

        foreach (var (says, from, to) in BrokenMultivariant)
        {
            Finds(HlsRules.Multivariant.Broken(new HlsPlaylist(Replace(Multivariant, from, to))), says);
        }

        Covers(HlsRules.Media, BrokenMedia.Select(broken => broken.Says));
        Covers(HlsRules.Multivariant, BrokenMedia.Concat(BrokenMultivariant).Select(broken => broken.Says));
    }

    [Fact]
    public void Every_rule_of_playlist_updates_and_sets_detects_its_violation()
    {
        foreach (var (says, before, now) in BrokenChanges)
        {
            Finds(HlsChangeRules.Changes.Broken(new HlsChange(new(before), new(now), TimeSpan.FromSeconds(5))), says);
        }

        foreach (var (says, delta) in BrokenDeltas)
        {
            Finds(HlsChangeRules.Deltas.Broken(new HlsDelta(new(Long), new(delta))), says);
        }

        foreach (var (says, from, to) in BrokenMoments)
        {
            Finds(HlsChangeRules.Moments.Broken(Moment(Replace(Audio, from, to))), says);
        }

        Covers(HlsChangeRules.Changes, BrokenChanges.Select(broken => broken.Says));
        Covers(HlsChangeRules.Deltas, BrokenDeltas.Select(broken => broken.Says));
        Covers(HlsChangeRules.Moments, BrokenMoments.Select(broken => broken.Says));
    }

    [Fact]
    public void Every_section_of_the_rule_tables_is_documented()
    {
        var document = File.ReadAllText(Repository.PathOf("docs", "conformance.md"));
        var sections = HlsRules.Media.Concat(HlsRules.Multivariant).Select(rule => rule.Section)
            .Concat(HlsChangeRules.Changes.Select(rule => rule.Section))
            .Concat(HlsChangeRules.Deltas.Select(rule => rule.Section)).Concat(HlsChangeRules.Moments.Select(rule => rule.Section))
            .Concat(MpdRules.Alone.Select(rule => rule.Section)).Concat(MpdRules.Changes.Select(rule => rule.Section));
        sections.Where(section => !Rules.IsListed(document, section)).ShouldBeEmpty("write them into docs/conformance.md");
    }

    private static void Finds(IReadOnlyList<string> broken, string says) =>
        broken.ShouldContain(rule => rule.EndsWith(": " + says, StringComparison.Ordinal), says);

    private static void Covers<T>(IEnumerable<Rule<T>> rules, IEnumerable<string> examples) =>
        rules.Select(rule => rule.Says).Except(examples).ShouldBeEmpty("rules without an example that breaks them");

    private static string Replace(string text, string from, string to)
    {
        text.ShouldContain(from);
        return text.Replace(from, to, StringComparison.Ordinal);
    }

    private static HlsMoment Moment(string audio) =>
        new(new Dictionary<string, HlsPlaylist> { ["source.m3u8"] = new(Media), ["audio.m3u8"] = new(audio) });

    private static string Numbered(int count) =>
        "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:3\n#EXT-X-SERVER-CONTROL:HOLD-BACK=9.0,CAN-SKIP-UNTIL=18.0\n#EXT-X-MEDIA-SEQUENCE:0\n" + Segments(0, count);

    private static string Segments(int from, int to) => string.Concat(Enumerable.Range(from, to - from)
        .Select(i => (i == 0 ? "#EXT-X-MAP:URI=\"source/init-1.mp4\"\n" : "") + $"#EXTINF:3.000,\nsource/{i}.m4s\n"));
}
