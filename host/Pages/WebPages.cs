using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Host.Pages;

/// <summary>
/// Serves the pages of viewers and the dashboard with their assets, as built by the web project. They are few and small, so they are held
/// in memory with their compressed forms.
/// </summary>
internal sealed class WebPages
{
    /// <summary>Maximum number of cached pages with metadata; beyond it, the cache is cleared.</summary>
    private const int MaxCached = 512;

    /// <summary>Placeholder in the head of every built page, replaced by its metadata.</summary>
    private const string BuiltTitle = "<title>Broadcast</title>";

    private const string PageCaching = "public, max-age=60";

    /// <summary>Caching of the page of an unknown channel, which may be created at any time.</summary>
    private const string UnknownCaching = "public, max-age=1";

    /// <summary>Media may use <c>data:</c> URLs, because hls.js creates caption tracks with them (<c>data:,WEBVTT</c>).</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; media-src {0} blob: data:; "
        + "connect-src {0}; "
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
    private readonly ConcurrentDictionary<(string Path, PageHead Head), WebPage> _rendered = new();
    private readonly string _sources;
    private readonly PageMetadata? _metadata;

    /// <summary>Reads the pages.</summary>
    /// <param name="folder">Folder of the web project's output; may be missing.</param>
    /// <param name="mediaUrl">Origin of media, if different, for the content security policy.</param>
    /// <param name="metadata">Page metadata; none by default.</param>
    public WebPages(string folder, string? mediaUrl, PageMetadata? metadata = null)
    {
        _metadata = metadata;
        _sources = mediaUrl is { Length: > 0 } && Uri.TryCreate(mediaUrl, UriKind.Absolute, out var uri)
            ? $"'self' {uri.GetLeftPart(UriPartial.Authority)}" : "'self'";
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

    /// <summary>Indicates whether the web project was built.</summary>
    public bool AreBuilt => _pages.ContainsKey("/watch.html");

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (var tokenPrefix in new[] { "", "/t/{token}" })
        {
            MapChannel($"{tokenPrefix}/watch/{{channel}}", "/watch.html", "'self'");
            MapChannel($"{tokenPrefix}/embed/{{channel}}", "/embed.html", "*");
            MapChannel($"{tokenPrefix}/watch/{{channel}}/chat", "/chat.html", "'self'");
            MapChannel($"{tokenPrefix}/embed/{{channel}}/chat", "/chat.html", "*");
            MapChannel($"{tokenPrefix}/watch/{{channel}}/overlay", "/overlay.html", "'self'");
        }

        // the dashboard shows a channel in its embed page
        endpoints.MapMethods("/dashboard", ["GET", "HEAD"],
            c => SendPageAsync(c, "/dashboard.html", "'none'", null, PageCaching, frames: "'self'"));
        endpoints.MapMethods("/dashboard/{**path}", ["GET", "HEAD"],
            c => SendPageAsync(c, "/dashboard.html", "'none'", null, PageCaching, frames: "'self'"));
        endpoints.MapMethods("/assets/{**path}", ["GET", "HEAD"],
            c => SendAsync(c, c.Request.Path.Value!, "public, max-age=31536000, immutable"));
        endpoints.MapMethods("/favicon.ico", ["GET", "HEAD"], c => SendAsync(c, c.Request.Path.Value!, "public, max-age=86400"));
        endpoints.MapMethods("/favicon.svg", ["GET", "HEAD"], c => SendAsync(c, c.Request.Path.Value!, "public, max-age=86400"));
        endpoints.MapGet("/", () => Results.Redirect("/dashboard"));

        void MapChannel(string route, string path, string ancestors) =>
            endpoints.MapMethods(route, ["GET", "HEAD"], c => SendChannelAsync(c, path, ancestors));
    }

    /// <summary>Sends a page with the content security policy.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The page, such as <c>/watch.html</c>.</param>
    /// <param name="ancestors">Sites that may embed it; value of <c>frame-ancestors</c>.</param>
    /// <param name="head">Metadata for the head; unchanged by default.</param>
    /// <param name="caching">Value of <c>Cache-Control</c>.</param>
    /// <param name="status">The status code.</param>
    /// <param name="frames">Sources that it may embed; value of <c>frame-src</c>.</param>
    public Task SendPageAsync(HttpContext context, string path, string ancestors, PageHead? head, string caching,
        int status = StatusCodes.Status200OK, string frames = "'none'")
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = string.Format(System.Globalization.CultureInfo.InvariantCulture, Policy, _sources,
            ancestors, frames);
        if (!AreBuilt)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync(
                "The web pages have not been built. Start the server with ./broadcast up, which builds them, or run 'npm ci && npm run "
                + "build' in dashboard/ and rebuild.\n",
                context.RequestAborted);
        }

        // The script is the same for all channels and gets the channel from the path; the head contains the channel's metadata. A CDN can
        // cache both.
        return head is not null && _pages.TryGetValue(path, out var page) ? Render(path, page, head).SendAsync(context, caching, status)
            : SendAsync(context, path, caching, status);
    }

    /// <summary>Sends the page of a channel. For an unknown channel, the page explains that it does not exist.</summary>
    private Task SendChannelAsync(HttpContext context, string path, string ancestors)
    {
        if (_metadata is not { } metadata)
        {
            return SendPageAsync(context, path, ancestors, null, PageCaching);
        }

        var head = ChannelName.TryParse(context.Request.RouteValues["channel"] as string, out var channel)
            ? metadata.OfChannel(channel, metadata.UrlsFor(context.Request)) : null;
        return head is null
            ? SendPageAsync(context, path, ancestors, null, UnknownCaching, StatusCodes.Status404NotFound)
            : SendPageAsync(context, path, ancestors, head, metadata.CachingOf(PageCaching));
    }

    private WebPage Render(string path, WebPage page, PageHead head)
    {
        if (_rendered.TryGetValue((path, head), out var rendered))
        {
            return rendered;
        }

        if (_rendered.Count >= MaxCached)
        {
            _rendered.Clear();
        }

        rendered = WebPage.Of(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(page.Plain)
            .Replace(BuiltTitle, head.Write(), StringComparison.Ordinal)), page.Type);
        _rendered[(path, head)] = rendered;
        return rendered;
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
