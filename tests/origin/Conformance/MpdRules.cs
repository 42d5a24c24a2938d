using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Conformance;

/// <summary>An MPD as a player reads it.</summary>
internal sealed class MpdVersion
{
    private static readonly XNamespace Ns = "urn:mpeg:dash:schema:mpd:2011";

    public MpdVersion(string text)
    {
        Text = text;
        Root = XElement.Parse(text);
    }

    public string Text { get; }

    public XElement Root { get; }

    public bool IsStatic => At(Root, "type") == "static";

    public IReadOnlyList<XElement> Periods => [.. Children(Root, "Period")];

    public IEnumerable<XElement> Sets => Periods.SelectMany(period => Children(period, "AdaptationSet"));

    public IEnumerable<XElement> Representations => Sets.SelectMany(set => Children(set, "Representation"));

    public IEnumerable<MpdList> Lists => from period in Periods from set in Children(period, "AdaptationSet")
        from each in Children(set, "Representation")
                                         from template in Children(each, "SegmentTemplate") select new MpdList(period, set, each, template);

    public XElement? Latency => Children(Root, "ServiceDescription").SelectMany(service => Children(service, "Latency")).FirstOrDefault();

    public XElement? Rates => Children(Root, "ServiceDescription").SelectMany(service => Children(service, "PlaybackRate"))
        .FirstOrDefault();

    public static IEnumerable<XElement> Children(XElement element, string name) => element.Elements(Ns + name);

    public static string? At(XElement element, string name) => (string?)element.Attribute(name);

    /// <summary>Value as a number, or NaN.</summary>
    public static double Number(XElement? element, string name) =>
        double.TryParse(element is null ? null : At(element, name), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        ? number : double.NaN;

    /// <summary>Value of a duration in seconds, or NaN.</summary>
    public static double Seconds(XElement element, string name)
    {
        try
        {
            return At(element, name) is { } text ? XmlConvert.ToTimeSpan(text).TotalSeconds : double.NaN;
        }
        catch (FormatException)
        {
            return double.NaN;
        }
    }

    public static DateTimeOffset? Instant(XElement element, string name) =>
        DateTimeOffset.TryParse(At(element, name), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var instant)
        ? instant : null;
}

/// <summary>Segments of a representation in a period.</summary>
internal sealed record MpdList(XElement Period, XElement Set, XElement Representation, XElement Template)
{
    public string Name => $"{MpdVersion.At(Period, "id")}/{MpdVersion.At(Representation, "id")}";

    public string Media => MpdVersion.At(Template, "media") ?? "";

    public double Timescale => MpdVersion.Number(Template, "timescale");

    public double Offset => MpdVersion.Number(Template, "presentationTimeOffset") is var offset && double.IsNaN(offset) ? 0 : offset;

    public bool IsCounted => Template.Attribute("duration") is not null;

    public IEnumerable<XElement> S => MpdVersion.Children(Template, "SegmentTimeline").Elements();

    /// <summary>Listed segments: number, start and duration in ticks.</summary>
    public IReadOnlyList<(long Number, double Start, double Length)> Segments
    {
        get
        {
            var segments = new List<(long, double, double)>();
            var number = MpdVersion.Number(Template, "startNumber") is var first && double.IsNaN(first) ? 1 : (long)first;
            var time = 0.0;
            foreach (var s in S)
            {
                time = s.Attribute("t") is null ? time : MpdVersion.Number(s, "t");
                for (var i = 0; i <= (s.Attribute("r") is null ? 0 : Math.Min(MpdVersion.Number(s, "r"), 10_000)); i++,
                    time += MpdVersion.Number(s, "d"))
                {
                    segments.Add((number++, time, MpdVersion.Number(s, "d")));
                }
            }

            return segments;
        }
    }

    /// <summary>Start and end of a segment relative to the period's start, in seconds.</summary>
    public (double Start, double End) InPeriod((long Number, double Start, double Length) segment) =>
        ((segment.Start - Offset) / Timescale, (segment.Start + segment.Length - Offset) / Timescale);
}

/// <summary>Two consecutive versions of an MPD.</summary>
internal sealed record MpdChange(MpdVersion Before, MpdVersion Now)
{
    public IEnumerable<(XElement Before, XElement Now)> Periods => Before.Periods.Join(Now.Periods, Id, Id, (before, now) => (before, now));

    public IEnumerable<(MpdList Before, MpdList Now)> Lists =>
        Before.Lists.Join(Now.Lists, list => list.Name, list => list.Name, (before, now) => (before, now));

    private static string? Id(XElement element) => MpdVersion.At(element, "id");
}

/// <summary>
/// Rules of ISO/IEC 23009-1 ("DASH") and of the DASH-IF's guidelines ("IOP") beyond the schema that a writer of an MPD can violate.
/// </summary>
internal static partial class MpdRules
{
    private const string Clock = "urn:mpeg:dash:utc:http-iso:2014";
    private const string LowLatency = "http://www.dashif.org/guidelines/low-latency-live-v5";

    /// <summary>Rules of one MPD.</summary>
    public static readonly Rule<MpdVersion>[] Alone =
    [
        new("DASH 5.3.1.2", "profiles, a buffer time and a type", m => MpdVersion.At(m.Root, "profiles") is { Length: > 0 }
            && MpdVersion.Seconds(m.Root, "minBufferTime") > 0
            && MpdVersion.At(m.Root, "type") is "static" or "dynamic"),
        new("DASH 5.3.1.2", "a dynamic one says when it was published, when it begins to be available, and how often to ask",
            m => m.IsStatic
            || (MpdVersion.Instant(m.Root, "publishTime") is not null && MpdVersion.Instant(m.Root, "availabilityStartTime") is not null
                && MpdVersion.Seconds(m.Root, "minimumUpdatePeriod") >= 0)),
        new("DASH 5.3.1.2", "a static one says how long it is, and nothing of updates", m => !m.IsStatic
            || (MpdVersion.Seconds(m.Root, "mediaPresentationDuration") > 0
            && m.Root.Attribute("minimumUpdatePeriod") is null && m.Root.Attribute("timeShiftBufferDepth") is null
            && !MpdVersion.Children(m.Root, "PatchLocation").Any())),
        new("DASH 5.3.1.2", "no segment is longer than the longest", m => m.Root.Attribute("maxSegmentDuration") is null
            || m.Lists.Where(IsMedia).All(list =>
            list.Segments.Select(segment => segment.Length).Append(list.IsCounted ? MpdVersion.Number(list.Template, "duration") : 0)
            .Max() / list.Timescale
            <= MpdVersion.Seconds(m.Root, "maxSegmentDuration") + 0.5)),
        new("DASH 5.3.2.2", "periods have names, no two the same", m => Distinct(m.Periods)),
        new("DASH 5.3.2.2", "periods begin one after the other, where the one before ends", m => m.Periods.Count > 0
            && m.Periods.Zip(m.Periods.Skip(1)).All(pair =>
            MpdVersion.Seconds(pair.First, "start") < MpdVersion.Seconds(pair.Second, "start")
            && (pair.First.Attribute("duration") is null
                || Math.Abs(MpdVersion.Seconds(pair.First, "start") + MpdVersion.Seconds(pair.First, "duration")
                    - MpdVersion.Seconds(pair.Second, "start")) < 0.002))),
        new("DASH 5.3.2.2", "a static one ends where its last period does", m => !m.IsStatic || m.Periods is not [.., var last]
            || last.Attribute("duration") is null
            || Math.Abs(MpdVersion.Seconds(last, "start") + MpdVersion.Seconds(last, "duration")
                - MpdVersion.Seconds(m.Root, "mediaPresentationDuration")) < 0.002),
        new("DASH 5.3.3.2", "sets are named, no two of a period the same, and say what they are",
            m => m.Periods.All(period => Distinct([.. MpdVersion.Children(period, "AdaptationSet")]))
            && m.Sets.All(set => MpdVersion.At(set, "contentType") is "video" or "audio" or "image"
                && set.Attribute("mimeType") is not null)),
        new("DASH 5.3.5.2", "representations are named, no two of a period the same", m => m.Periods.All(period =>
            Distinct([.. MpdVersion.Children(period, "AdaptationSet").SelectMany(set => MpdVersion.Children(set, "Representation"))]))),
        new("DASH 5.3.5.2", "a representation has a bandwidth",
            m => m.Representations.All(each => MpdVersion.Number(each, "bandwidth") > 0)),
        new("DASH 5.3.7.2", "media say their codecs",
            m => m.Lists.Where(IsMedia).All(list => MpdVersion.At(list.Representation, "codecs") is { Length: > 0 })),
        new("DASH 5.3.9.4.4", "addresses have the known words only, and either a number or a time", m => m.Lists.All(list =>
            Words().Matches(list.Media + MpdVersion.At(list.Template, "initialization"))
            .All(word => word.Value is "$RepresentationID$" or "$Number$" or "$Time$" or "$Bandwidth$")
            && list.Media.Contains("$Number$", StringComparison.Ordinal) != list.Media.Contains("$Time$", StringComparison.Ordinal)
            && !(MpdVersion.At(list.Template, "initialization") ?? "").Contains("$Number$", StringComparison.Ordinal))),
        new("DASH 5.3.9.2", "segments are either counted or listed", m => m.Lists.All(list => list.IsCounted != list.S.Any())),
        new("DASH 5.3.9.6", "what is listed has a length, and does not overlap",
            m => m.Lists.All(list => list.S.All(s => MpdVersion.Number(s, "d") > 0)
            && list.Segments.Zip(list.Segments.Skip(1)).All(pair => pair.Second.Start >= pair.First.Start + pair.First.Length))),
        new("IOP 5 (periods)", "no segment is listed that has nothing in its period", m => m.Lists.All(list => list.Segments.All(segment =>
            list.InPeriod(segment).End > 0 && !(list.InPeriod(segment).Start >= MpdVersion.Seconds(list.Period, "duration"))))),
        new("DASH 5.3.3.2", "segments of a set are aligned where that is said",
            m => m.Lists.GroupBy(list => list.Set).Where(set => MpdVersion.At(set.Key, "segmentAlignment") == "true")
            .All(set => set.SelectMany(list => list.Segments.Select(segment => (segment.Number, Start: list.InPeriod(segment).Start)))
                .GroupBy(segment => segment.Number)
                .All(same => same.Max(segment => segment.Start) - same.Min(segment => segment.Start) < 0.1))),
        new("DASH 8.4", "in the live profile segments are at templates",
            m => m.Representations.All(each => MpdVersion.Children(each, "SegmentTemplate").Count() == 1)),
        new("DASH 5.8.5.7, IOP 5 (clock)", "a dynamic one says what its clock is", m => m.IsStatic
            || MpdVersion.Children(m.Root, "UTCTiming").Any(timing => MpdVersion.At(timing, "schemeIdUri") == Clock)),
        new("DASH 5.15", "who offers patches is named", m => !MpdVersion.Children(m.Root, "PatchLocation").Any()
            || (MpdVersion.At(m.Root, "id") is { Length: > 0 } && m.Root.Attribute("publishTime") is not null)),
        new("DASH annex K", "the latency aimed at lies between the least and the most", m => m.Latency is not { } latency
            || (MpdVersion.Number(latency, "min") <= MpdVersion.Number(latency, "target")
                && MpdVersion.Number(latency, "target") <= MpdVersion.Number(latency, "max"))),
        new("DASH annex K", "the rates lie on both sides of one", m => m.Rates is not { } rates
            || (MpdVersion.Number(rates, "min") < 1 && MpdVersion.Number(rates, "max") > 1)),
        new("IOP 5 (low latency)", "low latency says so in its profiles, and only low latency", m => m.IsStatic
            || IsLow(m) == m.Lists.Where(list => list.Period == m.Periods[^1]).Any(IsEarly)),
        new("IOP 5 (low latency)", "the latency aimed at is said", m => !IsLow(m) || m.Latency?.Attribute("target") is not null),
        new("IOP 5 (low latency)", "every set has its reference time, by the clock of the MPD", m => !IsLow(m)
            || MpdVersion.Children(m.Periods[^1], "AdaptationSet")
            .Where(set => MpdVersion.At(set, "contentType") != "image")
            .All(set => MpdVersion.Children(set, "ProducerReferenceTime").Any(reference => reference.Attribute("wallClockTime") is not null
                && MpdVersion.Number(reference, "presentationTime") >= 0
                && MpdVersion.Children(reference, "UTCTiming").Select(timing => MpdVersion.At(timing, "value"))
                    .SequenceEqual(MpdVersion.Children(m.Root, "UTCTiming").Select(timing => MpdVersion.At(timing, "value")))))),
        new("DASH annex K", "the reference that latency is counted from exists", m => m.Latency is not { } latency
            || latency.Attribute("referenceId") is null
            || m.Sets.SelectMany(set => MpdVersion.Children(set, "ProducerReferenceTime"))
            .Any(reference => MpdVersion.At(reference, "id") == MpdVersion.At(latency, "referenceId"))),
        new("DASH 5.12", "reference times are named, no two the same",
            m => m.Sets.SelectMany(set => MpdVersion.Children(set, "ProducerReferenceTime")).ToList() is var all
            && all.All(reference => Id(reference) is { Length: > 0 }) && all.DistinctBy(Id).Count() == all.Count),
        new("DASH 5.3.9.2", "segments that come early are not whole, and come less than their length early",
            m => m.Lists.Where(list => IsMedia(list) && IsEarly(list)).All(list =>
            MpdVersion.At(list.Template, "availabilityTimeComplete") == "false"
            && MpdVersion.Number(list.Template, "availabilityTimeOffset") is > 0 and var early
            && early < MpdVersion.Number(list.Template, "duration") / list.Timescale)),
        new("IOP 4.3, 6.2.6", "thumbnails say how a sheet is divided", m =>
            m.Sets.Where(set => MpdVersion.At(set, "contentType") == "image").SelectMany(set => MpdVersion.Children(set, "Representation"))
            .All(each => MpdVersion.Number(each, "width") > 0 && MpdVersion.Number(each, "height") > 0
                && MpdVersion.Children(each, "EssentialProperty").Any(property =>
                MpdVersion.At(property, "schemeIdUri") == "http://dashif.org/guidelines/thumbnail_tile"
                && Tiles().IsMatch(MpdVersion.At(property, "value") ?? "")))),
    ];

    /// <summary>Permitted changes from one MPD to the next.</summary>
    public static readonly Rule<MpdChange>[] Changes =
    [
        new("DASH 5.4", "what has changed has another publish time, and a later one", c => c.Now.Text == c.Before.Text
            || MpdVersion.Instant(c.Now.Root, "publishTime") > MpdVersion.Instant(c.Before.Root, "publishTime")),
        new("DASH 5.4", "time zero and the name stay",
            c => MpdVersion.At(c.Now.Root, "availabilityStartTime") == MpdVersion.At(c.Before.Root, "availabilityStartTime")
            && MpdVersion.At(c.Now.Root, "id") == MpdVersion.At(c.Before.Root, "id")),
        new("DASH 5.3.1.2", "what has become static stays so", c => !c.Before.IsStatic || c.Now.IsStatic),
        new("DASH 5.4", "a period stays where it begins", c => c.Now.IsStatic
            || c.Periods.All(pair => MpdVersion.At(pair.Before, "start") == MpdVersion.At(pair.Now, "start"))),
        new("DASH 5.4", "periods leave at the front and come at the end", c =>
            c.Before.Periods.Select(Id).SkipWhile(id => !c.Now.Periods.Select(Id).Contains(id)).ToList() is var kept
            && c.Now.Periods.Select(Id).Take(kept.Count).SequenceEqual(kept)),
        new("DASH 5.4", "a representation stays what it is",
            c => c.Lists.All(pair => Shape(pair.Before, c.Now.IsStatic) == Shape(pair.Now, c.Now.IsStatic))),
        new("DASH 5.4", "a segment stays where it is in time, by its number",
            c => c.Lists.Where(pair => !pair.Before.IsCounted && !pair.Now.IsCounted).All(pair =>
            pair.Before.Segments.Join(pair.Now.Segments, Key(pair.Before), Key(pair.Now), (before, now) => before.Start == now.Start
                && before.Length == now.Length).All(same => same))),
        new("DASH 5.4", "segments leave at the front and come at the end",
            c => c.Lists.Where(pair => !pair.Before.IsCounted && !pair.Now.IsCounted && pair.Before.Segments.Count > 0).All(pair =>
            pair.Now.Segments.Count > 0 && pair.Now.Segments[^1].Start >= pair.Before.Segments[^1].Start
            && (c.Now.IsStatic || pair.Now.Segments[0].Start >= pair.Before.Segments[0].Start))),
        new("DASH 5.3.9.2", "a last number, once said, stays",
            c => c.Lists.All(pair => pair.Before.Template.Attribute("endNumber") is not { } end
                || (string?)pair.Now.Template.Attribute("endNumber") == end.Value)),
    ];

    private static string? Id(XElement element) => MpdVersion.At(element, "id");

    private static bool IsMedia(MpdList list) => MpdVersion.At(list.Set, "contentType") != "image";

    private static bool IsEarly(MpdList list) => list.Template.Attribute("availabilityTimeOffset") is not null;

    private static bool IsLow(MpdVersion m) => (MpdVersion.At(m.Root, "profiles") ?? "").Split(',').Contains(LowLatency);

    private static bool Distinct(IReadOnlyList<XElement> elements) => elements.All(element => Id(element) is { Length: > 0 } id
        && !id.Any(char.IsWhiteSpace)) && elements.DistinctBy(Id).Count() == elements.Count;

    /// <summary>Identifies listed segments by number if addresses contain numbers, otherwise by time.</summary>
    private static Func<(long Number, double Start, double Length), double> Key(MpdList list) =>
        list.Media.Contains("$Time$", StringComparison.Ordinal) ? segment => segment.Start : segment => segment.Number;

    private static string Shape(MpdList list, bool trims) => string.Join(' ',
        list.Set.Attributes()
        .Concat(list.Representation.Attributes().Where(attribute => attribute.Name.LocalName is not ("bandwidth" or "startWithSAP")))
            .Concat(list.Template.Attributes()
                .Where(attribute => attribute.Name.LocalName is "timescale" or "initialization" or "media" or "duration"
                || (!trims && attribute.Name.LocalName is "presentationTimeOffset")))
            .Select(attribute => attribute.ToString()));

    [GeneratedRegex("\\$[^$]*\\$")]
    private static partial Regex Words();

    [GeneratedRegex("^[1-9][0-9]*x[1-9][0-9]*$")]
    private static partial Regex Tiles();
}
