using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcast.Media;

namespace Broadcast.Host.Pages;

/// <summary>A parsed oEmbed request for one of the server's pages.</summary>
/// <param name="Width">Player width in CSS pixels.</param>
/// <param name="Height">Player height in CSS pixels.</param>
internal sealed record OEmbedRequest(int Width, int Height)
{
    /// <summary>The channel, for a channel page.</summary>
    public ChannelName? Channel { get; init; }

    /// <summary>The event, for an event page.</summary>
    public string? Event { get; init; }

    /// <summary>The recording, for the page of a recording.</summary>
    public string? Recording { get; init; }

    /// <summary>
    /// Maximum size of a thumbnail in CSS pixels: the requested size, at most <see cref="PageHead.Width"/> and
    /// <see cref="PageHead.Height"/>.
    /// </summary>
    public (int Width, int Height) MaxSize { get; init; }

    /// <summary>Start position from <c>?t=</c>; <see langword="null"/> for the default.</summary>
    public string? Start { get; init; }
}

/// <summary><see href="https://oembed.com">oEmbed</see> requests and responses: how to embed the page of a URL.</summary>
internal static partial class OEmbed
{
    /// <summary>Maximum URL length in characters.</summary>
    public const int MaxUrlLength = 2048;

    /// <summary>Maximum width and height of a request in CSS pixels.</summary>
    public const int MaxSide = 10_000;

    /// <summary>Parses a request.</summary>
    /// <param name="query">The query string.</param>
    /// <param name="baseUrls">Base URLs of the server's pages, without a trailing slash.</param>
    /// <param name="request">The request, if it is for one of the server's pages.</param>
    /// <returns>
    /// 200, or an error status: 400 for an invalid request, 401 for a URL with a token, 404 for a page of another site, 501 for another
    /// format.
    /// </returns>
    public static int Parse(IQueryCollection query, IReadOnlyList<string> baseUrls, out OEmbedRequest? request)
    {
        request = null;
        if (query["url"].ToString() is not { Length: > 0 and <= MaxUrlLength } url)
        {
            return StatusCodes.Status400BadRequest;
        }

        if (query["format"].ToString() is { Length: > 0 } format && format != "json")
        {
            return StatusCodes.Status501NotImplemented;
        }

        if (!TryReadSide(query["maxwidth"].ToString(), PageHead.Width, out var width)
            || !TryReadSide(query["maxheight"].ToString(), PageHead.Height, out var height))
        {
            return StatusCodes.Status400BadRequest;
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var pageUrl) || PathIn(pageUrl, baseUrls) is not { } path)
        {
            return StatusCodes.Status404NotFound;
        }

        // Tokens are personal, but the response is public.
        var pageQuery = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(pageUrl.Query);
        if (path.StartsWith("/t/", StringComparison.Ordinal) || pageQuery.ContainsKey("token"))
        {
            return StatusCodes.Status401Unauthorized;
        }

        var parsed = Fit(width, height) with { MaxSize = (width, height), Start = pageQuery.TryGetValue("t", out var start)
            && StartText().IsMatch(start.ToString()) ? start.ToString() : null };
        request = path.Trim('/').Split('/') switch
        {
            ["event", var id] => parsed with { Event = id },
            ["embed", "event", var id] => parsed with { Event = id },
            ["recording", var id] => parsed with { Recording = id },
            ["embed", "recording", var id] => parsed with { Recording = id },
            ["watch" or "embed", var name] when ChannelName.TryParse(name, out var channel) => parsed with { Channel = channel },
            _ => null,
        };
        return request is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
    }

    /// <summary>Builds the response of type <c>video</c>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="baseUrl">Base URL of the server's pages, without a trailing slash.</param>
    /// <param name="head">Metadata of the page, which must be public.</param>
    public static byte[] WriteResponse(OEmbedRequest request, string baseUrl, PageHead head)
    {
        using var target = new MemoryStream(512);
        using (var json = new Utf8JsonWriter(target))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteString("type", "video");
            json.WriteString("provider_name", "Broadcast");
            json.WriteString("provider_url", baseUrl);
            json.WriteString("title", head.Title);
            json.WriteNumber("width", request.Width);
            json.WriteNumber("height", request.Height);
            json.WriteString("html", EmbedCode(request.Start is null ? head.Embed! : $"{head.Embed}?t={request.Start}", head.Title,
                request.Width, request.Height));
            json.WriteNumber("cache_age", 60);

            // Not larger than requested (oEmbed, 2.3.4). If the image size is unknown, the size at which pages show it is reported.
            var (width, height) = head.ImageSize ?? (PageHead.Width, PageHead.Height);
            if (head is { Image: { } image, ImageExists: true } && width <= request.MaxSize.Width && height <= request.MaxSize.Height)
            {
                json.WriteString("thumbnail_url", image);
                json.WriteNumber("thumbnail_width", width);
                json.WriteNumber("thumbnail_height", height);
            }

            json.WriteEndObject();
        }

        return target.ToArray();
    }

    /// <summary>The embed code; the share dialog of the watch page writes the same.</summary>
    private static string EmbedCode(string pageUrl, string title, int width, int height) => string.Create(
        CultureInfo.InvariantCulture,
        $"<iframe src=\"{PageHead.Escape(pageUrl)}\" width=\"{width}\" height=\"{height}\" title=\"{PageHead.Escape(title)}\" frameborder=\"0\" style=\"max-width: 100%; height: auto; aspect-ratio: 16 / 9\" allow=\"autoplay; fullscreen; picture-in-picture\" allowfullscreen></iframe>");

    /// <summary>The largest 16:9 size within the given size.</summary>
    private static OEmbedRequest Fit(int width, int height)
    {
        var fittedWidth = Math.Min(width, height * 16 / 9);
        return new(Math.Max(1, fittedWidth), Math.Max(1, Math.Min(height, fittedWidth * 9 / 16)));
    }

    private static bool TryReadSide(string text, int maxSide, out int side)
    {
        side = maxSide;
        if (text.Length == 0)
        {
            return true;
        }

        var isValid = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is > 0 and <= MaxSide;
        side = Math.Min(value, maxSide);
        return isValid;
    }

    /// <summary>
    /// The path below a base URL; <see langword="null"/> for other sites. The scheme may differ, because users paste http for https.
    /// </summary>
    private static string? PathIn(Uri pageUrl, IReadOnlyList<string> baseUrls)
    {
        if (pageUrl.Scheme is not ("http" or "https"))
        {
            return null;
        }

        foreach (var text in baseUrls)
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out var baseUrl)
                || !string.Equals(baseUrl.Authority, pageUrl.Authority, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var root = baseUrl.AbsolutePath.TrimEnd('/');
            if (pageUrl.AbsolutePath.StartsWith(root + "/", StringComparison.Ordinal))
            {
                return pageUrl.AbsolutePath[root.Length..];
            }
        }

        return null;
    }

    [GeneratedRegex("^[0-9][0-9hmsTZ:.-]{0,39}$", RegexOptions.CultureInvariant)]
    private static partial Regex StartText();
}
