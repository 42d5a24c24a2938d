using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Origin.Tests.Conformance;

/// <summary>A line of a playlist.</summary>
/// <param name="Text">Text of the line.</param>
/// <param name="Tag">Tag without its number sign, "" for an address, "#" for a comment.</param>
/// <param name="Value">Text after the tag's colon.</param>
internal sealed partial record HlsLine(string Text, string Tag, string Value)
{
    private static readonly HashSet<string> Listing =
    [
        "EXT-X-MAP", "EXT-X-PART", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL", "EXT-X-START", "EXT-X-SKIP", "EXT-X-PRELOAD-HINT",
        "EXT-X-RENDITION-REPORT", "EXT-X-MEDIA",
        "EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-IMAGE-STREAM-INF", "EXT-X-TILES",
    ];

    private readonly List<(string Name, string Raw)> _attributes =
        Listing.Contains(Tag) ? [.. Attribute().Matches(Value).Select(match => (match.Groups[1].Value, match.Groups[2].Value))] : [];

    public static HlsLine Of(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return text.StartsWith("#EXT", StringComparison.Ordinal)
            ? new(text, colon < 0 ? text[1..] : text[1..colon], colon < 0 ? "" : text[(colon + 1)..])
            : new(text, text.StartsWith('#') ? "#" : "", "");
    }

    /// <summary>Indicates whether the syntax of an attribute list follows 4.2.</summary>
    public bool IsWellSpelt => !Listing.Contains(Tag)
        || (Whole().IsMatch(Value) && _attributes.DistinctBy(attribute => attribute.Name).Count() == _attributes.Count);

    /// <summary>Value of an attribute without quotes, or <see langword="null"/>.</summary>
    public string? this[string name] => _attributes.FirstOrDefault(attribute => attribute.Name == name).Raw?.Trim('"');

    /// <summary>Value of an attribute as a number, or NaN.</summary>
    public double Number(string name) => Parse(this[name]);

    /// <summary>Value of the tag as a number, or NaN.</summary>
    public double Number() => Parse(Value);

    public static double Parse(string? text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
        out var number) ? number : double.NaN;

    [GeneratedRegex("([A-Z0-9-]+)=(\"[^\"]*\"|[^,\"]*)")]
    private static partial Regex Attribute();

    [GeneratedRegex("^[A-Z0-9-]+=(\"[^\"]*\"|[^,\"\\s]+)(,[A-Z0-9-]+=(\"[^\"]*\"|[^,\"\\s]+))*$")]
    private static partial Regex Whole();
}

/// <summary>A segment in a media playlist; the last one can be open.</summary>
internal sealed class HlsSegment
{
    private IReadOnlyList<HlsLine>? _parts;
    private double? _duration;

    public required long Number { get; init; }

    public required long DiscontinuitySequence { get; init; }

    /// <summary>Its tags, in order.</summary>
    public required IReadOnlyList<HlsLine> Lines { get; init; }

    /// <summary>Address; "" while the segment is open.</summary>
    public required string Uri { get; init; }

    /// <summary>Current init segment.</summary>
    public required string? Map { get; init; }

    public bool IsOpen => Uri.Length == 0;

    public bool IsGap => Lines.Any(line => line.Tag == "EXT-X-GAP");

    public string? Date => Lines.FirstOrDefault(line => line.Tag == "EXT-X-PROGRAM-DATE-TIME")?.Value;

    public IReadOnlyList<HlsLine> Parts => _parts ??= [.. Lines.Where(line => line.Tag == "EXT-X-PART")];

    /// <summary>Duration in seconds; of an open segment the sum of its parts.</summary>
    public double Duration => _duration ??= IsOpen ? Parts.Sum(part => part.Number("DURATION"))
        : HlsLine.Parse(Lines.FirstOrDefault(line => line.Tag == "EXTINF")?.Value.Split(',')[0]);

    /// <summary>
    /// Content that must not change after listing: everything except parts, and values unknown while the segment is open.
    /// </summary>
    public string Fixed(bool open) =>
        string.Join(' ', Lines.Where(line => line.Tag is not ("EXT-X-PART" or "EXT-X-MAP") && !(open && line.Tag == "EXTINF"))
            .Select(line => line.Text).Order(StringComparer.Ordinal))
        + $" {Map} {(open ? "" : Uri)}";
}

/// <summary>A playlist as a player reads it, also if malformed.</summary>
internal sealed class HlsPlaylist
{
    private static readonly HashSet<string> OfSegments =
    [
        "EXTINF", "EXT-X-BYTERANGE", "EXT-X-DISCONTINUITY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME", "EXT-X-GAP", "EXT-X-PART",
        "EXT-X-TILES",
    ];

    public HlsPlaylist(string text)
    {
        Text = text;
        Lines = [.. text.Split('\n').Select(HlsLine.Of)];
        Segments = IsMultivariant ? [] : [.. Read()];
    }

    public string Text { get; }

    public IReadOnlyList<HlsLine> Lines { get; }

    public IReadOnlyList<HlsSegment> Segments { get; }

    public bool IsMultivariant => Has("EXT-X-STREAM-INF");

    public bool IsEnded => Has("EXT-X-ENDLIST");

    public double Target => Find("EXT-X-TARGETDURATION")?.Number() ?? double.NaN;

    public double PartTarget => Find("EXT-X-PART-INF")?.Number("PART-TARGET") ?? double.NaN;

    public HlsLine? Control => Find("EXT-X-SERVER-CONTROL");

    /// <summary>Total duration in seconds.</summary>
    public double Duration => Segments.Sum(segment => segment.Duration);

    /// <summary>Tags of the whole playlist.</summary>
    public IEnumerable<HlsLine> Head => Lines.Where(line => line.Text.Length > 0 && line.Tag.Length > 0 && !OfSegments.Contains(line.Tag));

    public bool Has(string tag) => Find(tag) is not null;

    public HlsLine? Find(string tag) => Lines.FirstOrDefault(line => line.Tag == tag);

    public IEnumerable<HlsLine> All(string tag) => Lines.Where(line => line.Tag == tag);

    /// <summary>Progress: number of the newest segment with media, and its parts.</summary>
    public (long Segment, int Parts) Newest => Segments is [.., var last] ? (last.Number, last.Parts.Count) : (-1, 0);

    public int IndexOf(Func<HlsLine, bool> which)
    {
        for (var i = 0; i < Lines.Count; i++)
        {
            if (which(Lines[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private IEnumerable<HlsSegment> Read()
    {
        var number = Whole("EXT-X-MEDIA-SEQUENCE") + (long)(Find("EXT-X-SKIP")?.Number("SKIPPED-SEGMENTS") is double skipped and >= 0
            ? skipped : 0);
        var (discontinuities, map, lines) = (Whole("EXT-X-DISCONTINUITY-SEQUENCE"), (string?)null, new List<HlsLine>());
        foreach (var line in Lines)
        {
            if (OfSegments.Contains(line.Tag))
            {
                lines.Add(line);
                discontinuities += line.Tag == "EXT-X-DISCONTINUITY" ? 1 : 0;
                map = line.Tag == "EXT-X-MAP" ? line["URI"] : map;
            }
            else if (line.Tag.Length == 0 && line.Text.Length > 0)
            {
                yield return new HlsSegment { Number = number++, DiscontinuitySequence = discontinuities, Lines = lines, Uri = line.Text,
                    Map = map };
                lines = [];
            }
        }

        if (lines.Exists(line => line.Tag == "EXT-X-PART"))
        {
            yield return new HlsSegment { Number = number, DiscontinuitySequence = discontinuities, Lines = lines, Uri = "", Map = map };
        }
    }

    private long Whole(string tag) => Find(tag)?.Number() is double number and >= 0 ? (long)number : 0;
}
