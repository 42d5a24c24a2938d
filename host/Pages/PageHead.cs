using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Broadcast.Host.Pages;

/// <summary>
/// What the head of a page says of what is on it, for search engines and for where its address is pasted: Open Graph, cards, oEmbed. Equal ones make equal pages.
/// </summary>
/// <param name="Title">What it is called.</param>
internal sealed record PageHead(string Title)
{
    /// <summary>Longest description, in characters; what is longer is cut.</summary>
    public const int MaxDescription = 300;

    /// <summary>What a player that others embed is wide and high, where they do not say: CSS pixels.</summary>
    public const int Width = 1280, Height = 720;

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>The page's own address, without query. What is not public has none here, and then all that is told is the title.</summary>
    public string? Address { get; init; }

    /// <summary>What it is about; any length, may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>Absolute address of a picture.</summary>
    public string? Image { get; init; }

    /// <summary>How large the picture is, pixels, where that is known.</summary>
    public (int Width, int Height)? ImageSize { get; init; }

    /// <summary>Whether there is a picture at its address, as far as is known here: a channel that has not been live since the server was started has none there yet.</summary>
    public bool IsImageThere { get; init; }

    /// <summary>Absolute address of the player to embed.</summary>
    public string? Embed { get; init; }

    /// <summary>Absolute address of the oEmbed answer.</summary>
    public string? OEmbed { get; init; }

    /// <summary>The lines, from <c>&lt;title&gt;</c> on. Whatever people wrote is escaped.</summary>
    public string Write()
    {
        var lines = new StringBuilder();
        lines.Append(CultureInfo.InvariantCulture, $"<title>{Escape($"{Title} – Broadcast")}</title>\n");
        if (Address is null)
        {
            return lines.Append("    <meta name=\"robots\" content=\"noindex\" />\n").ToString();
        }

        var description = Shorten(Description);
        Named("description", description);
        lines.Append(CultureInfo.InvariantCulture, $"    <link rel=\"canonical\" href=\"{Escape(Address)}\" />\n");
        Property("og:site_name", "Broadcast");
        Property("og:type", "video.other");
        Property("og:title", Title);
        Property("og:description", description);
        Property("og:url", Address);
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

        // A card that plays must come over TLS and have a picture.
        var plays = Embed?.StartsWith("https://", StringComparison.Ordinal) == true && Image is not null;
        Named("twitter:card", plays ? "player" : Image is null ? "summary" : "summary_large_image");
        Named("twitter:title", Title);
        Named("twitter:description", description);
        Named("twitter:image", Image);
        if (plays)
        {
            Named("twitter:player", Embed);
            Named("twitter:player:width", Width.ToString(CultureInfo.InvariantCulture));
            Named("twitter:player:height", Height.ToString(CultureInfo.InvariantCulture));
        }

        if (OEmbed is not null)
        {
            lines.Append(CultureInfo.InvariantCulture, $"    <link rel=\"alternate\" type=\"application/json+oembed\" href=\"{Escape(OEmbed)}\" title=\"{Escape(Title)}\" />\n");
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

    /// <summary>A text as it may stand in HTML, between tags and in attributes.</summary>
    public static string Escape(string text) => Html.Encode(text);

    /// <summary>One line of at most <see cref="MaxDescription"/> characters, cut between characters.</summary>
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
