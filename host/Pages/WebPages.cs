using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Host.Pages;

/// <summary>
/// The watch, embed and dashboard pages and their assets, as the web project built them. All of them are small and few, so they are kept in memory with their
/// compressed forms.
/// </summary>
internal sealed class WebPages
{
    /// <summary>Pages with heads that are kept; more are drawn again.</summary>
    private const int MaxTold = 512;

    /// <summary>What stands in the head of every page as it was built; heads take its place.</summary>
    private const string BuiltTitle = "<title>Broadcast</title>";

    private const string PageCaching = "public, max-age=60";

    /// <summary>Media may be <c>data:</c>, too: so hls.js makes the tracks of captions (<c>data:,WEBVTT</c>), and such an address names nobody else.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; media-src {0} blob: data:; connect-src {0}; "
        + "worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {1}; frame-src {2}";

    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".ico"] = "image/x-icon",
        [".json"] = "application/json",
        [".woff2"] = "font/woff2",
        [".txt"] = "text/plain; charset=utf-8",
        [".webmanifest"] = "application/manifest+json",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private readonly FrozenDictionary<string, WebPage> _pages;
    private readonly ConcurrentDictionary<(string Path, PageHead Head), WebPage> _told = new();
    private readonly string _sources;
    private readonly PageTelling? _telling;

    /// <summary>Reads the pages.</summary>
    /// <param name="folder">Where the web project's output lies; may be missing.</param>
    /// <param name="mediaUrl">Where media come from when not from here, so that the policy lets players fetch them.</param>
    /// <param name="telling">What pages tell of what is on them; nothing when not given.</param>
    public WebPages(string folder, string? mediaUrl, PageTelling? telling = null)
    {
        _telling = telling;
        _sources = mediaUrl is { Length: > 0 } && Uri.TryCreate(mediaUrl, UriKind.Absolute, out var uri) ? $"'self' {uri.GetLeftPart(UriPartial.Authority)}" : "'self'";
        var pages = new Dictionary<string, WebPage>(StringComparer.Ordinal);
        if (Directory.Exists(folder))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                if (Types.TryGetValue(Path.GetExtension(file), out var type))
                {
                    pages["/" + Path.GetRelativePath(folder, file).Replace('\\', '/')] = WebPage.Read(file, type);
                }
            }
        }

        _pages = pages.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Whether the web project was built.</summary>
    public bool AreThere => _pages.ContainsKey("/watch.html");

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/watch/{channel}", ["GET", "HEAD"], c => SendPageAsync(c, "/watch.html", "'self'", HeadOf(c), PageCaching));
        endpoints.MapMethods("/embed/{channel}", ["GET", "HEAD"], c => SendPageAsync(c, "/embed.html", "*", HeadOf(c), PageCaching));
        endpoints.MapMethods("/t/{token}/watch/{channel}", ["GET", "HEAD"], c => SendPageAsync(c, "/watch.html", "'self'", HeadOf(c), PageCaching));
        endpoints.MapMethods("/t/{token}/embed/{channel}", ["GET", "HEAD"], c => SendPageAsync(c, "/embed.html", "*", HeadOf(c), PageCaching));
        endpoints.MapMethods("/dashboard", ["GET", "HEAD"], c => SendPageAsync(c, "/dashboard.html", "'none'", null, PageCaching, frames: "'self'"));   // a channel's picture is its embed page
        endpoints.MapMethods("/dashboard/{**path}", ["GET", "HEAD"], c => SendPageAsync(c, "/dashboard.html", "'none'", null, PageCaching, frames: "'self'"));
        endpoints.MapMethods("/assets/{**path}", ["GET", "HEAD"], c => SendAsync(c, c.Request.Path.Value!, "public, max-age=31536000, immutable"));
        endpoints.MapMethods("/favicon.ico", ["GET", "HEAD"], c => SendAsync(c, c.Request.Path.Value!, "public, max-age=86400"));
        endpoints.MapMethods("/favicon.svg", ["GET", "HEAD"], c => SendAsync(c, c.Request.Path.Value!, "public, max-age=86400"));
        endpoints.MapGet("/", () => Results.Redirect("/dashboard"));
    }

    /// <summary>Sends a page under the policy that all of them are under.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">Which page, such as <c>/watch.html</c>.</param>
    /// <param name="ancestors">Which sites may show it in theirs, as <c>frame-ancestors</c> has it.</param>
    /// <param name="head">What its head says; as it was built when not given.</param>
    /// <param name="caching">What caches may do.</param>
    /// <param name="status">The status code.</param>
    /// <param name="frames">What it may show in frames, as <c>frame-src</c> has it.</param>
    public Task SendPageAsync(HttpContext context, string path, string ancestors, PageHead? head, string caching, int status = StatusCodes.Status200OK, string frames = "'none'")
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = string.Format(System.Globalization.CultureInfo.InvariantCulture, Policy, _sources, ancestors, frames);
        if (!AreThere)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync(
                "The web pages are not built into this program. Start it with ./broadcast up, which builds them, or run 'npm ci && npm run build' in dashboard/ and build again.\n",
                context.RequestAborted);
        }

        // The script is the same for every channel, and the path tells it which one it is; the head is the channel's. A CDN can hold both.
        return head is not null && _pages.TryGetValue(path, out var page) ? Told(path, page, head).SendAsync(context, caching, status) : SendAsync(context, path, caching, status);
    }

    private PageHead? HeadOf(HttpContext context) =>
        _telling is { } telling && ChannelName.TryParse(context.Request.RouteValues["channel"] as string, out var channel) ? telling.OfChannel(channel, telling.AddressesFor(context.Request)) : null;

    private WebPage Told(string path, WebPage page, PageHead head)
    {
        if (_told.TryGetValue((path, head), out var told))
        {
            return told;
        }

        if (_told.Count >= MaxTold)
        {
            _told.Clear();
        }

        told = WebPage.Of(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(page.Plain).Replace(BuiltTitle, head.Write(), StringComparison.Ordinal)), page.Type);
        _told[(path, head)] = told;
        return told;
    }

    private Task SendAsync(HttpContext context, string path, string caching, int status = StatusCodes.Status200OK)
    {
        if (_pages.TryGetValue(path, out var page))
        {
            return page.SendAsync(context, caching, status);
        }

        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.Headers.CacheControl = "public, max-age=1";
        return Task.CompletedTask;
    }
}
