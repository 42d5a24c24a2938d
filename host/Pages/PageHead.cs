using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Broadcast.Host.Pages;

/// <summary>
/// Metadata in a page's head for search engines and link previews: Open Graph, cards, oEmbed. Equal metadata makes equal pages.
/// </summary>
/// <param name="Title">The title.</param>
internal sealed record PageHead(string Title)
{
    /// <summary>Maximum description length in characters; longer text is cut.</summary>
    public const int MaxDescription = 300;

    /// <summary>Default size of an embedded player in CSS pixels.</summary>
    public const int Width = 1280, Height = 720;

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>
    /// URL of the page, without query; <see langword="null"/> for pages that are not public, which contain the title only.
    /// </summary>
    public string? Url { get; init; }

    /// <summary>Description of any length; may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>Absolute URL of an image.</summary>
    public string? Image { get; init; }

    /// <summary>Size of the image in pixels, if known.</summary>
    public (int Width, int Height)? ImageSize { get; init; }

    /// <summary>Indicates whether the image is known to exist. A channel that has not been live since the server started has none
    /// yet.</summary>
    public bool ImageExists { get; init; }

    /// <summary>Absolute URL of the embeddable player.</summary>
    public string? Embed { get; init; }

    /// <summary>Absolute URL of the oEmbed response.</summary>
    public string? OEmbed { get; init; }

    /// <summary>Writes the lines from <c>&lt;title&gt;</c> on. User text is escaped.</summary>
    public string Write()
    {
        var lines = new StringBuilder();
        lines.Append(CultureInfo.InvariantCulture, $"<title>{Escape($"{Title} – Broadcast")}</title>\n");
        if (Url is null)
        {
            return lines.Append("    <meta name=\"robots\" content=\"noindex\" />\n").ToString();
        }

        var description = Shorten(Description);
        Named("description", description);
        lines.Append(CultureInfo.InvariantCulture, $"    <link rel=\"canonical\" href=\"{Escape(Url)}\" />\n");
        Property("og:site_name", "Broadcast");
        Property("og:type", "video.other");
        Property("og:title", Title);
        Property("og:description", description);
        Property("og:url", Url);
        Property("og:image", Image);
        if (Image is not null && ImageSize is var (imageWidth, imageHeight))
        {
            Property("og:image:width", imageWidth.ToString(CultureInfo.InvariantCulture));
            Property("og:image:height", imageHeight.ToString(CultureInfo.InvariantCulture));
        }

        if (Embed is not null)
        {
            Property("og:video:url", Embed);
            Property(Embed.StartsWith("https://", StringComparison.Ordinal) ? "og:video:secure_url" : "", Embed);
            Property("og:video:type", "text/html");
            Property("og:video:width", Width.ToString(CultureInfo.InvariantCulture));
            Property("og:video:height", Height.ToString(CultureInfo.InvariantCulture));
        }

        // A player card requires TLS and an image.
        var hasPlayerCard = Embed?.StartsWith("https://", StringComparison.Ordinal) == true && Image is not null;
        Named("twitter:card", hasPlayerCard ? "player" : Image is null ? "summary" : "summary_large_image");
        Named("twitter:title", Title);
        Named("twitter:description", description);
        Named("twitter:image", Image);
        if (hasPlayerCard)
        {
            Named("twitter:player", Embed);
            Named("twitter:player:width", Width.ToString(CultureInfo.InvariantCulture));
            Named("twitter:player:height", Height.ToString(CultureInfo.InvariantCulture));
        }

        if (OEmbed is not null)
        {
            lines.Append(CultureInfo.InvariantCulture,
                $"    <link rel=\"alternate\" type=\"application/json+oembed\" href=\"{Escape(OEmbed)}\" title=\"{Escape(Title)}\" />\n");
        }

        return lines.ToString();

        void Named(string name, string? value) => Meta("name", name, value);
        void Property(string name, string? value) => Meta("property", name, value);
        void Meta(string kind, string name, string? value)
        {
            if (name.Length > 0 && value is { Length: > 0 })
            {
                lines.Append(CultureInfo.InvariantCulture, $"    <meta {kind}=\"{name}\" content=\"{Escape(value)}\" />\n");
            }
        }
    }

    /// <summary>Escapes text for HTML, in elements and attributes.</summary>
    public static string Escape(string text) => Html.Encode(text);

    /// <summary>Joins a text to one line of at most <see cref="MaxDescription"/> characters, without splitting surrogate pairs.</summary>
    private static string Shorten(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (line.Length <= MaxDescription)
        {
            return line;
        }

        var end = MaxDescription - 1;
        return (char.IsHighSurrogate(line[end - 1]) ? line[..(end - 1)] : line[..end]) + "…";
    }
}
