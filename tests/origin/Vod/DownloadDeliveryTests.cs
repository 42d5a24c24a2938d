using System.Net;
using System.Net.Http.Headers;
using Broadcast.Media;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Origin.Vod;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.Vod;

/// <summary>Downloads over a real Kestrel: headers, ranges, and responses for missing objects.</summary>
public sealed class DownloadDeliveryTests : IAsyncLifetime
{
    private readonly MemorySpool _spool = new();
    private readonly CmafSession _session = new();
    private WebApplication _app = null!;
    private HttpClient _client = null!;
    private Download _download = null!;
    private byte[] _movie = [];

    public async ValueTask InitializeAsync()
    {
        var plan = CmafSession.Plan(_session.Add("source", TrackKind.Video, 12, 3000), _session.Add("audio", TrackKind.Audio, 12));
        foreach (var (name, bytes) in _session.Objects)
        {
            _spool.Objects[name] = bytes;
        }

        var maker = new DownloadBuilder(_spool, Options.Create(new OriginOptions()), NullLogger<DownloadBuilder>.Instance);
        _download = (await maker.BuildAsync(plan, CancellationToken.None)).ShouldNotBeNull();
        _movie =
        [
            .. _download.Layout!.Head.Span,
            .. Enumerable.Range(1, 12).SelectMany(number =>
                (IEnumerable<byte>)[.. _session.Payloads[("source", number)], .. _session.Payloads[("audio", number)]]),
        ];
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        var delivery = new DownloadDelivery(_spool, NullLogger<DownloadDelivery>.Instance);
        _app.Map("/download.mp4", (RequestDelegate)(context => delivery.AnswerAsync(context, _download, "attachment; filename=\"a.mp4\"")));
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    private async Task<HttpResponseMessage> AskAsync(string? range = null, string? ifRange = null, string? ifNoneMatch = null,
        HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, "/download.mp4");
        foreach (var (name, value) in ((string, string?)[])[("Range", range), ("If-Range", ifRange), ("If-None-Match", ifNoneMatch)])
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await _client.SendAsync(request);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Download_is_its_header_and_all_payloads_with_a_known_length(bool streams)
    {
        _spool.Streams = streams;
        using var response = await AskAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentLength.ShouldBe(_movie.Length);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("video/mp4");
        response.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        response.Headers.AcceptRanges.ShouldBe(["bytes"]);
        response.Headers.CacheControl!.Private.ShouldBeTrue();
        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(_movie);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Any_range_equals_that_range_of_the_whole_download(bool streams)
    {
        _spool.Streams = streams;
        var random = new Random(5);
        for (var i = 0; i < 150; i++)
        {
            var from = random.Next(3) == 0 ? random.Next(_download.Layout!.Head.Length + 20) : random.Next(_movie.Length);
            var to = Math.Min(_movie.Length - 1, from + random.Next(random.Next(2) == 0 ? 300 : 300_000));
            using var response = await AskAsync($"bytes={from}-{to}");
            response.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
            response.Content.Headers.ContentRange.ShouldBe(new ContentRangeHeaderValue(from, to, _movie.Length));
            (await response.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(_movie.AsSpan(from..(to + 1)))
                .ShouldBeTrue($"{from} to {to}");
        }
    }

    [Fact]
    public async Task Interrupted_download_resumes_only_with_an_unchanged_ETag()
    {
        using var first = await AskAsync("bytes=0-99999");
        var tag = first.Headers.ETag!.ToString();
        using var rest = await AskAsync("bytes=100000-", tag);
        rest.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        ((byte[])[.. await first.Content.ReadAsByteArrayAsync(), .. await rest.Content.ReadAsByteArrayAsync()]).ShouldBe(_movie);
        using var other = await AskAsync("bytes=100000-", "\"another\"");
        (other.StatusCode, other.Content.Headers.ContentLength).ShouldBe((HttpStatusCode.OK, _movie.Length));
        using var known = await AskAsync(ifNoneMatch: tag);
        known.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var beyond = await AskAsync($"bytes={_movie.Length}-");
        (beyond.StatusCode, beyond.Content.Headers.ContentRange!.Length).ShouldBe(
            (HttpStatusCode.RequestedRangeNotSatisfiable, _movie.Length));
    }

    [Fact]
    public async Task HEAD_returns_the_headers_of_GET_and_reads_nothing()
    {
        var reads = _spool.Reads;
        using var response = await AskAsync(method: HttpMethod.Head);
        (response.StatusCode, response.Content.Headers.ContentLength).ShouldBe((HttpStatusCode.OK, _movie.Length));
        _spool.Reads.ShouldBe(reads);
    }

    [Fact]
    public async Task Each_object_is_read_once()
    {
        var reads = _spool.Reads;
        using var response = await AskAsync();
        await response.Content.ReadAsByteArrayAsync();
        (_spool.Reads - reads).ShouldBe(24);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("shorter")]
    [InlineData("failing")]
    public async Task Object_lost_during_a_download_aborts_the_connection(string what)
    {
        var name = CmafSession.Path("source", "7.m4s");
        switch (what)
        {
            case "gone":
                _spool.Objects.Remove(name);
                break;
            case "shorter":
                _spool.Objects[name] = _spool.Objects[name][..500];
                break;
            default:
                _spool.Failing = name;
                break;
        }

        await Should.ThrowAsync<HttpRequestException>(async () => await AskAsync());
        using var before = await AskAsync($"bytes=0-{_download.Layout!.Head.Length + 1000}");
        (await before.Content.ReadAsByteArrayAsync()).Length.ShouldBe(_download.Layout.Head.Length + 1001);
    }
}
