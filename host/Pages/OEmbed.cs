using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcast.Media;

namespace Broadcast.Host.Pages;

/// <summary>What is asked for: the address of one of our pages, taken apart.</summary>
/// <param name="Width">What the player shall be wide, CSS pixels.</param>
/// <param name="Height">And high.</param>
internal sealed record OEmbedQuestion(int Width, int Height)
{
    /// <summary>The channel, where a channel's page is meant.</summary>
    public ChannelName? Channel { get; init; }

    /// <summary>The event, where an event's page is meant.</summary>
    public string? Event { get; init; }

    /// <summary>What a picture may be wide and high: what was asked for, <see cref="PageHead.Width"/> and <see cref="PageHead.Height"/> at most. CSS pixels.</summary>
    public (int Width, int Height) Most { get; init; }

    /// <summary>Where it shall begin, as it stands behind <c>?t=</c>; <see langword="null"/> for where it does by itself.</summary>
    public string? Start { get; init; }
}

/// <summary>Questions and answers as <see href="https://oembed.com">oEmbed</see> has them: how to embed the page at an address.</summary>
internal static partial class OEmbed
{
    /// <summary>Longest address looked at, in characters.</summary>
    public const int MaxAddress = 2048;

    /// <summary>Widest and highest that may be asked for, CSS pixels.</summary>
    public const int MaxSide = 10_000;

    /// <summary>Takes a question apart.</summary>
    /// <param name="query">What was asked.</param>
    /// <param name="homes">Where our pages are: the addresses, without a slash at the end, under which they are known.</param>
    /// <param name="question">The question, when it is one about a page of ours.</param>
    /// <returns>200, or the status that says what is wrong: 400 for what cannot be read, 401 for an address that holds a token, 404 for what is no page of ours, 501 for another format.</returns>
    public static int Parse(IQueryCollection query, IReadOnlyList<string> homes, out OEmbedQuestion? question)
    {
        question = null;
        if (query["url"].ToString() is not { Length: > 0 and <= MaxAddress } url)
        {
            return StatusCodes.Status400BadRequest;
        }

        if (query["format"].ToString() is { Length: > 0 } format && format != "json")
        {
            return StatusCodes.Status501NotImplemented;
        }

        if (!TryReadSide(query["maxwidth"].ToString(), PageHead.Width, out var width) || !TryReadSide(query["maxheight"].ToString(), PageHead.Height, out var height))
        {
            return StatusCodes.Status400BadRequest;
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || PathIn(address, homes) is not { } path)
        {
            return StatusCodes.Status404NotFound;
        }

        // Tokens are of one person: what is told here anybody may be told.
        var asked = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(address.Query);
        if (path.StartsWith("/t/", StringComparison.Ordinal) || asked.ContainsKey("token"))
        {
            return StatusCodes.Status401Unauthorized;
        }

        var found = Fit(width, height) with { Most = (width, height), Start = asked.TryGetValue("t", out var start) && StartText().IsMatch(start.ToString()) ? start.ToString() : null };
        question = path.Trim('/').Split('/') switch
        {
            ["event", var id] => found with { Event = id },
            ["embed", "event", var id] => found with { Event = id },
            ["watch" or "embed", var name] when ChannelName.TryParse(name, out var channel) => found with { Channel = channel },
            _ => null,
        };
        return question is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
    }

    /// <summary>The answer, of type <c>video</c>.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="home">Where our pages are, without a slash at the end.</param>
    /// <param name="head">What the page says of itself; one that is public.</param>
    public static byte[] Answer(OEmbedQuestion question, string home, PageHead head)
    {
        using var target = new MemoryStream(512);
        using (var json = new Utf8JsonWriter(target))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteString("type", "video");
            json.WriteString("provider_name", "Broadcast");
            json.WriteString("provider_url", home);
            json.WriteString("title", head.Title);
            json.WriteNumber("width", question.Width);
            json.WriteNumber("height", question.Height);
            json.WriteString("html", Frame(question.Start is null ? head.Embed! : $"{head.Embed}?t={question.Start}", head.Title, question.Width, question.Height));
            json.WriteNumber("cache_age", 60);

            // Not larger than was asked for (oEmbed, 2.3.4). Of a picture that is not measured the frame is told that pages show it in.
            var (width, height) = head.ImageSize ?? (PageHead.Width, PageHead.Height);
            if (head is { Image: { } image, IsImageThere: true } && width <= question.Most.Width && height <= question.Most.Height)
            {
                json.WriteString("thumbnail_url", image);
                json.WriteNumber("thumbnail_width", width);
                json.WriteNumber("thumbnail_height", height);
            }

            json.WriteEndObject();
        }

        return target.ToArray();
    }

    /// <summary>What is to be put into a page; the share dialog of the watch page writes the same.</summary>
    private static string Frame(string address, string title, int width, int height) => string.Create(
        CultureInfo.InvariantCulture,
        $"<iframe src=\"{PageHead.Escape(address)}\" width=\"{width}\" height=\"{height}\" title=\"{PageHead.Escape(title)}\" frameborder=\"0\" style=\"max-width: 100%; height: auto; aspect-ratio: 16 / 9\" allow=\"autoplay; fullscreen; picture-in-picture\" allowfullscreen></iframe>");

    /// <summary>The largest picture of 16 to 9 within.</summary>
    private static OEmbedQuestion Fit(int width, int height)
    {
        var narrow = Math.Min(width, height * 16 / 9);
        return new(Math.Max(1, narrow), Math.Max(1, Math.Min(height, narrow * 9 / 16)));
    }

    private static bool TryReadSide(string text, int most, out int side)
    {
        side = most;
        if (text.Length == 0)
        {
            return true;
        }

        var isOne = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var asked) && asked is > 0 and <= MaxSide;
        side = Math.Min(asked, most);
        return isOne;
    }

    /// <summary>The path below where our pages are; <see langword="null"/> for what is elsewhere. People paste http for https.</summary>
    private static string? PathIn(Uri address, IReadOnlyList<string> homes)
    {
        if (address.Scheme is not ("http" or "https"))
        {
            return null;
        }

        foreach (var text in homes)
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out var home) || !string.Equals(home.Authority, address.Authority, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var root = home.AbsolutePath.TrimEnd('/');
            if (address.AbsolutePath.StartsWith(root + "/", StringComparison.Ordinal))
            {
                return address.AbsolutePath[root.Length..];
            }
        }

        return null;
    }

    [GeneratedRegex("^[0-9][0-9hmsTZ:.-]{0,39}$", RegexOptions.CultureInvariant)]
    private static partial Regex StartText();
}
