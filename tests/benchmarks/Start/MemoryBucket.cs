using System.Collections.Concurrent;
using System.Globalization;
using System.Security;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>Numbers of requests that a bucket has received.</summary>
internal sealed record BucketRequests(long Lists, long Gets, long Others);

/// <summary>
/// A bucket in memory behind the S3 protocol, as far as the server uses it, which answers each request after a delay. It checks no
/// signatures. Pages of listings have 1,000 entries, as at AWS.
/// </summary>
internal sealed class MemoryBucket : IAsyncDisposable
{
    private const int PageSize = 1000;
    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);
    private readonly TimeSpan _delay;
    private readonly WebApplication _app;
    private string[]? _sorted;
    private long _lists;
    private long _gets;
    private long _others;

    private MemoryBucket(TimeSpan delay)
    {
        _delay = delay;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Options of a server that uses the bucket.</summary>
    public IReadOnlyDictionary<string, string?> Environment => new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["BROADCAST__Storage__Bucket"] = "bench",
        ["BROADCAST__Storage__Endpoint"] = _app.Urls.Single(),
        ["BROADCAST__Storage__Region"] = "us-east-1",
        ["BROADCAST__Storage__AccessKey"] = "bench",
        ["BROADCAST__Storage__SecretKey"] = "bench",
    };

    /// <summary>Requests since the last call of <see cref="ResetCounts"/>.</summary>
    public BucketRequests Requests => new(Interlocked.Read(ref _lists), Interlocked.Read(ref _gets), Interlocked.Read(ref _others));

    /// <summary>Creates an empty bucket.</summary>
    /// <param name="delay">Delay of each response.</param>
    public static async Task<MemoryBucket> StartAsync(TimeSpan delay)
    {
        var bucket = new MemoryBucket(delay);
        await bucket._app.StartAsync();
        return bucket;
    }

    /// <summary>Adds an object.</summary>
    public void Add(string key, byte[] bytes)
    {
        _objects[key] = bytes;
        Volatile.Write(ref _sorted, null);
    }

    /// <summary>Restarts counting requests.</summary>
    public void ResetCounts() => (_lists, _gets, _others) = (0, 0, 0);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        await Task.Delay(_delay, http.RequestAborted);
        var path = http.Request.Path.Value!.TrimStart('/');
        var key = path.Contains('/', StringComparison.Ordinal) ? path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..] : "";
        switch (http.Request.Method)
        {
            case "GET" when key.Length == 0:
                Interlocked.Increment(ref _lists);
                await ListAsync(http);
                break;
            case "GET" or "HEAD":
                Interlocked.Increment(ref _gets);
                await GetAsync(http, key);
                break;
            case "PUT":
                Interlocked.Increment(ref _others);
                using (var body = new MemoryStream())
                {
                    await http.Request.Body.CopyToAsync(body, http.RequestAborted);
                    Add(key, body.ToArray());
                }

                break;
            case "POST":
                Interlocked.Increment(ref _others);
                await DeleteAsync(http);
                break;
            default:
                Interlocked.Increment(ref _others);
                http.Response.StatusCode = StatusCodes.Status501NotImplemented;
                break;
        }
    }

    private async Task GetAsync(HttpContext http, string key)
    {
        if (!_objects.TryGetValue(key, out var bytes))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            if (http.Request.Method == "GET")
            {
                await http.Response.WriteAsync("<Error><Code>NoSuchKey</Code></Error>", http.RequestAborted);
            }

            return;
        }

        http.Response.Headers.LastModified = DateTimeOffset.UnixEpoch.ToString("R", CultureInfo.InvariantCulture);
        var slice = bytes.AsMemory();
        if (http.Request.GetTypedHeaders().Range?.Ranges.FirstOrDefault() is { From: { } from } range)
        {
            var to = (int)Math.Min(range.To ?? long.MaxValue, bytes.Length - 1);
            slice = bytes.AsMemory((int)from, to - (int)from + 1);
            http.Response.StatusCode = StatusCodes.Status206PartialContent;
            http.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{bytes.Length}");
        }

        http.Response.ContentLength = slice.Length;
        if (http.Request.Method == "GET")
        {
            await http.Response.Body.WriteAsync(slice, http.RequestAborted);
        }
    }

    private async Task DeleteAsync(HttpContext http)
    {
        var body = await System.Xml.Linq.XDocument.LoadAsync(http.Request.Body, System.Xml.Linq.LoadOptions.None, http.RequestAborted);
        foreach (var key in body.Descendants().Where(element => element.Name.LocalName == "Key"))
        {
            _objects.TryRemove(key.Value, out _);
        }

        Volatile.Write(ref _sorted, null);
        await http.Response.WriteAsync("<DeleteResult/>", http.RequestAborted);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = http.Request.Query;
        var (prefix, delimiter) = (query["prefix"].ToString(), query["delimiter"].ToString());
        var keys = Volatile.Read(ref _sorted);
        if (keys is null)
        {
            Volatile.Write(ref _sorted, keys = [.. _objects.Keys.Order(StringComparer.Ordinal)]);
        }

        var text = new StringBuilder("<ListBucketResult>");
        var after = query["continuation-token"].ToString();
        var at = IndexOf(keys, after.Length > 0 ? after : prefix);
        var (count, next) = (0, "");
        while (at < keys.Length && keys[at].StartsWith(prefix, StringComparison.Ordinal))
        {
            if (count++ == PageSize)
            {
                next = keys[at];
                break;
            }

            var end = delimiter.Length > 0 ? keys[at].IndexOf(delimiter, prefix.Length, StringComparison.Ordinal) : -1;
            if (end >= 0)
            {
                var folder = keys[at][..(end + 1)];
                text.Append(CultureInfo.InvariantCulture,
                    $"<CommonPrefixes><Prefix>{SecurityElement.Escape(folder)}</Prefix></CommonPrefixes>");
                at = IndexOf(keys, folder + char.MaxValue);
                continue;
            }

            text.Append(CultureInfo.InvariantCulture,
                $"<Contents><Key>{SecurityElement.Escape(keys[at])}</Key><LastModified>1970-01-01T00:00:00.000Z</LastModified>")
                .Append(CultureInfo.InvariantCulture, $"<Size>{_objects.GetValueOrDefault(keys[at])?.Length ?? 0}</Size></Contents>");
            at++;
        }

        text.Append(CultureInfo.InvariantCulture, $"<IsTruncated>{(next.Length > 0 ? "true" : "false")}</IsTruncated>");
        text.Append(next.Length > 0 ? $"<NextContinuationToken>{SecurityElement.Escape(next)}</NextContinuationToken>" : "");
        http.Response.ContentType = "application/xml";
        await http.Response.WriteAsync(text.Append("</ListBucketResult>").ToString(), http.RequestAborted);
    }

    private static int IndexOf(string[] sorted, string key)
    {
        var at = Array.BinarySearch(sorted, key, StringComparer.Ordinal);
        return at < 0 ? ~at : at;
    }
}
