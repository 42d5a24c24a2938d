using System.Net;
using System.Net.Http.Headers;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Slates;
using Broadcast.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Limits of slate downloads: few at a time, one per caller, each in pieces, and none that takes too long.</summary>
public sealed class SlateDownloadTests(PostgresFixture postgres)
{
    private const string Path = "/api/v1/channels/demo/slate";
    private static readonly byte[] Slate = [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n', .. Enumerable.Range(0, 300_000).Select(i => (byte)i)];

    private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<RecordedBody> _bodies = [];

    [Fact]
    public async Task Further_downloads_are_rejected_while_clients_have_not_read_theirs()
    {
        await using var server = await StartAsync(TimeProvider.System);
        var tokens = await TokensAsync(server, 5);
        var downloads = new List<Task<byte[]>>();
        foreach (var token in tokens.Take(4))
        {
            downloads.Add(ReadAsync(server, token));
            await Poll.UntilAsync(() => Started == downloads.Count, description: "the first piece");
        }

        await ShouldBeRejectedAsync(server, tokens[0], "already downloading a slate");
        await ShouldBeRejectedAsync(server, tokens[4], "already sending 4 slates");
        Started.ShouldBe(4, "rejected downloads read no slate");
        Bodies().ShouldAllBe(body => body.Pieces.Count == 1);

        _reading.SetResult();
        (await Task.WhenAll(downloads)).ShouldAllBe(bytes => bytes.SequenceEqual(Slate));
        Bodies().ShouldAllBe(body => body.Pieces.Max() <= 64 * 1024);
        (await ReadAsync(server, tokens[4])).ShouldBe(Slate);
        (await ReadAsync(server, tokens[0])).ShouldBe(Slate);
    }

    [Fact]
    public async Task Download_that_takes_too_long_is_aborted_and_frees_its_slot()
    {
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await StartAsync(clock);
        var token = (await TokensAsync(server, 1)).Single();
        var slow = ReadAsync(server, token);
        await Poll.UntilAsync(() => Started == 1, description: "the first piece");
        await ShouldBeRejectedAsync(server, token, "already downloading a slate");

        clock.Advance(SlateDownloads.Timeout);
        await Should.ThrowAsync<HttpRequestException>(() => slow);
        _reading.SetResult();
        (await ReadAsync(server, token)).ShouldBe(Slate);
    }

    private int Started => Bodies().Count;

    /// <summary>Bodies of the responses that have a slate.</summary>
    private List<RecordedBody> Bodies()
    {
        lock (_bodies)
        {
            return [.. _bodies.Where(body => body.Pieces.Count > 0)];
        }
    }

    private async Task<Server> StartAsync(TimeProvider time)
    {
        var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, mediaTime: time, middleware: (http, next) =>
        {
            if (http.Request.Headers.ContainsKey("X-Stalled"))
            {
                var body = new RecordedBody(http.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), _reading.Task);
                http.Features.Set<IHttpResponseBodyFeature>(body);
                lock (_bodies)
                {
                    _bodies.Add(body);
                }
            }

            return next(http);
        });
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        await server.Get<ChannelSlates>().SetAsync("demo", Slate);
        return server;
    }

    private static async Task<List<string>> TokensAsync(Server server, int count)
    {
        var tokens = new List<string>();
        for (var i = 0; i < count; i++)
        {
            tokens.Add(await server.TokenAsync(TokenRole.Viewer));
        }

        return tokens;
    }

    /// <summary>Downloads the slate; the response stalls until <see cref="_reading"/> ends.</summary>
    private static async Task<byte[]> ReadAsync(Server server, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("X-Stalled", "1");
        using var response = await server.Client.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe(SlateMedia.Png);
        response.Content.Headers.ContentLength.ShouldBe(Slate.Length);
        return await response.Content.ReadAsByteArrayAsync();
    }

    private static async Task ShouldBeRejectedAsync(Server server, string token, string reason)
    {
        var (status, problem, response) = await server.SendAsync("GET", Path, token);
        status.ShouldBe(StatusCodes.Status429TooManyRequests);
        response.Headers.RetryAfter.ShouldNotBeNull().Delta.ShouldBe(TimeSpan.FromSeconds(1));
        problem.GetProperty("detail").GetString().ShouldNotBeNull().ShouldContain(reason);
    }
}
