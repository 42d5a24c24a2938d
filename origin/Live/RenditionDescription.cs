using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Live;

/// <summary>Properties of a rendition that manifests state. Texts from the encoder are safe in quoted strings and in XML.</summary>
/// <param name="Name">Name of the rendition.</param>
/// <param name="Kind">Its media type.</param>
/// <param name="Peak">Peak bits per second.</param>
/// <param name="IsIndependent">Whether every segment starts with a sync sample.</param>
internal sealed record RenditionDescription(string Name, TrackKind Kind, long Peak, bool IsIndependent)
{
    private const string Service = "SERVICE";
    private const int MaxNameLength = 256;
    private const int MaxCaptions = 16;

    /// <summary>Language, or <see langword="null"/>.</summary>
    public string? Language { get; init; }

    /// <summary>The encoder's label, or <see langword="null"/>.</summary>
    public string? Label { get; init; }

    /// <summary>Embedded captions.</summary>
    public IReadOnlyList<string> Captions { get; init; } = [];

    /// <summary>Describes a rendition.</summary>
    /// <param name="rendition">The rendition.</param>
    /// <param name="record">State of the rendition.</param>
    public static RenditionDescription Of(RenditionTimeline rendition, RenditionHistory record) =>
        new(rendition.Name, rendition.Kind, record.Bitrate.Peak, record.IsIndependent)
        {
            Language = LanguageOf(rendition),
            Label = LabelOf(rendition),
            Captions = [.. CaptionsOf(rendition)],
        };

    /// <summary>The encoder's label, safe in a quoted string and in XML; <see langword="null"/> when nothing remains.</summary>
    public static string? LabelOf(RenditionTimeline rendition)
    {
        var name = rendition.Init?.Format.Name;
        if (string.IsNullOrWhiteSpace(name) || name.Length > MaxNameLength)
        {
            return null;
        }

        var clean = new string([.. name.Select(c => c == '"' ? '\'' : c).Where(c => char.GetUnicodeCategory(c)
            is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator)
            && c < '\uFFFE')]).Trim();
        return clean.Length > 0 ? clean : null;
    }

    /// <summary>Names of embedded captions. Other values are dropped, because the names go into quoted strings.</summary>
    public static IEnumerable<string> CaptionsOf(RenditionTimeline rendition) =>
        (rendition.Init?.Format.Captions ?? "").Split(' ').Where(id => id is "CC1" or "CC2" or "CC3" or "CC4" || ServiceOf(id) is not null)
        .Take(MaxCaptions);

    /// <summary>The CEA-708 service number, or <see langword="null"/> when the name is not of a service.</summary>
    public static int? ServiceOf(string captions) =>
        captions.StartsWith(Service, StringComparison.Ordinal)
        && int.TryParse(captions.AsSpan(Service.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number is >= 1 and <= 63 && captions.Length == Service.Length + (number < 10 ? 1 : 2) ? number : null;

    /// <summary>The language if it is a syntactically valid BCP 47 tag: it goes into a quoted string.</summary>
    public static string? LanguageOf(RenditionTimeline rendition) =>
        rendition.Init?.Format.Language is { Length: > 0 and <= 35 } tag && char.IsAsciiLetter(tag[0])
        && tag.Split('-').All(piece => piece.Length is >= 1 and <= 8 && piece.All(char.IsAsciiLetterOrDigit)) ? tag : null;
}
