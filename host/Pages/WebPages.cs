using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Broadcast.Host.Pages;

/// <summary>
/// The watch, embed and dashboard pages and their assets, as the web project built them. All of them are small and few, so they are kept in memory with their
/// compressed forms.
/// </summary>
internal sealed class WebPages
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; media-src {0} blob:; connect-src {0}; "
        + "worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {1}";

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

    private readonly FrozenDictionary<string, Page> _pages;
    private readonly string _sources;

    /// <summary>Reads the pages.</summary>
    /// <param name="folder">Where the web project's output lies; may be missing.</param>
    /// <param name="mediaUrl">Where media come from when not from here, so that the policy lets players fetch them.</param>
    public WebPages(string folder, string? mediaUrl)
    {
        _sources = mediaUrl is { Length: > 0 } && Uri.TryCreate(mediaUrl, UriKind.Absolute, out var uri) ? $"'self' {uri.GetLeftPart(UriPartial.Authority)}" : "'self'";
        var pages = new Dictionary<string, Page>(StringComparer.Ordinal);
        if (Directory.Exists(folder))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            {
                if (Types.TryGetValue(Path.GetExtension(file), out var type))
                {
                    pages["/" + Path.GetRelativePath(folder, file).Replace('\\', '/')] = Page.Read(file, type);
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
        endpoints.MapMethods("/watch/{channel}", ["GET", "HEAD"], c => SendPageAsync(c, "/watch.html", "'self'"));
        endpoints.MapMethods("/embed/{channel}", ["GET", "HEAD"], c => SendPageAsync(c, "/embed.html", "*"));
        endpoints.MapMethods("/t/{token}/watch/{channel}", ["GET", "HEAD"], c => SendPageAsync(c, "/watch.html", "'self'"));
        endpoints.MapMethods("/t/{token}/embed/{channel}", ["GET", "HEAD"], c => SendPageAsync(c, "/embed.html", "*"));
        endpoints.MapMethods("/dashboard", ["GET", "HEAD"], c => SendPageAsync(c, "/dashboard.html", "'none'"));
        endpoints.MapMethods("/dashboard/{**path}", ["GET", "HEAD"], c => SendPageAsync(c, "/dashboard.html", "'none'"));
        endpoints.MapMethods("/assets/{**path}", ["GET", "HEAD"], c => SendAsync(c, c.Request.Path.Value!, "public, max-age=31536000, immutable"));
        endpoints.MapMethods("/favicon.ico", ["GET", "HEAD"], c => SendAsync(c, c.Request.Path.Value!, "public, max-age=86400"));
        endpoints.MapMethods("/favicon.svg", ["GET", "HEAD"], c => SendAsync(c, c.Request.Path.Value!, "public, max-age=86400"));
        endpoints.MapGet("/", () => Results.Redirect("/dashboard"));
    }

    private Task SendPageAsync(HttpContext context, string path, string ancestors)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = string.Format(System.Globalization.CultureInfo.InvariantCulture, Policy, _sources, ancestors);
        if (!AreThere)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync(
                "The web pages are not built into this program. Start it with ./broadcast up, which builds them, or run 'npm ci && npm run build' in dashboard/ and build again.\n",
                context.RequestAborted);
        }

        // The page is the same for every channel, so that a CDN can hold it; the path tells the script which channel it is.
        return SendAsync(context, path, "public, max-age=60");
    }

    private async Task SendAsync(HttpContext context, string path, string caching)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.XContentTypeOptions = "nosniff";
        if (!_pages.TryGetValue(path, out var page))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            response.Headers.CacheControl = "public, max-age=1";
            return;
        }

        response.Headers.CacheControl = caching;
        response.Headers.ETag = page.Tag;
        response.Headers.Vary = "Accept-Encoding";
        if (request.Headers.IfNoneMatch.Contains(page.Tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var body = page.Plain;
        var accepted = request.Headers.AcceptEncoding.ToString();
        if (page.Brotli is { } brotli && accepted.Contains("br", StringComparison.OrdinalIgnoreCase))
        {
            (body, response.Headers.ContentEncoding) = (brotli, "br");
        }
        else if (page.Gzip is { } gzip && accepted.Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            (body, response.Headers.ContentEncoding) = (gzip, "gzip");
        }

        response.ContentType = page.Type;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private sealed record Page(string Type, string Tag, byte[] Plain, byte[]? Gzip, byte[]? Brotli)
    {
        public static Page Read(string file, string type)
        {
            var plain = File.ReadAllBytes(file);
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 12))}\"").ToString();
            var isText = type.StartsWith("text/", StringComparison.Ordinal) || type.Contains("json", StringComparison.Ordinal) || type.Contains("svg", StringComparison.Ordinal);
            return new Page(
                type, tag, plain,
                isText ? Compress(plain, s => new GZipStream(s, CompressionLevel.Optimal)) : null,
                isText ? Compress(plain, s => new BrotliStream(s, CompressionLevel.Optimal)) : null);
        }

        private static byte[] Compress(byte[] plain, Func<Stream, Stream> open)
        {
            using var target = new MemoryStream();
            using (var stream = open(target))
            {
                stream.Write(plain);
            }

            return target.ToArray();
        }
    }
}
