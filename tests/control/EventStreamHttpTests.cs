using System.Net.Http.Headers;
using System.Text;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>The event stream over HTTP.</summary>
public sealed class EventStreamHttpTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Event_stream_over_HTTP_reports_a_publisher_and_ends_with_its_token()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:EventStreamHeartbeat", "00:00:01"));
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key;
        await server.Get<ChannelRepository>().CreateAsync("other", new());
        var token = await server.Get<TokenRepository>().CreateAsync(TokenRole.Producer, limits: new(Channels: ["demo"]));
        using var all = await ListenAsync(server, "/api/v1/stream", await server.TokenAsync(TokenRole.Producer));
        using var own = await ListenAsync(server, "/api/v1/channels/demo/stream", token.Token);
        using var other = await ListenAsync(server, "/api/v1/channels/other/stream", await server.TokenAsync(TokenRole.Producer));
        own.Response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        own.Response.Headers.GetValues("X-Accel-Buffering").ShouldBe(["no"]);
        own.Response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        foreach (var listener in (StreamListener[])[all, own, other])
        {
            await Poll.UntilAsync(() => listener.Text.Contains("event: ready", StringComparison.Ordinal));
        }

        await server.AskAsync(key.StreamKey);
        await Poll.UntilAsync(() => all.Text.Contains("event: publish.started", StringComparison.Ordinal)
            && own.Text.Contains("event: publish.started", StringComparison.Ordinal));
        await server.Get<TokenRepository>().RevokeAsync(token.Info.Id);
        await own.Ended.WaitAsync(TimeSpan.FromSeconds(20));
        all.Ended.IsCompleted.ShouldBeFalse();
        other.Text.ShouldNotContain("publish.started");

        await server.StopAsync();
        await all.Ended.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Event_stream_clients_above_the_limit_are_rejected_until_one_disconnects()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString,
            settings: ("Control:MaxEventStreamClients", "1"));
        var viewer = await server.TokenAsync(TokenRole.Viewer);
        using (var first = await ListenAsync(server, "/api/v1/stream", viewer))
        {
            (await server.SendAsync("GET", "/api/v1/stream", viewer)).Status.ShouldBe(429);
        }

        await Poll.UntilAsync(async () => (await server.SendAsync("GET", "/api/v1/stream", viewer)).Status == 200);
    }

    private static async Task<StreamListener> ListenAsync(Server server, string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        ((int)response.StatusCode).ShouldBe(200);
        return new(response);
    }

    /// <summary>Reads a stream over HTTP.</summary>
    private sealed class StreamListener : IDisposable
    {
        private readonly SentMessages _received = new();

        public StreamListener(HttpResponseMessage response)
        {
            Response = response;
            Ended = ReadAsync();
        }

        public HttpResponseMessage Response { get; }

        /// <summary>Completes when the server has ended the stream.</summary>
        public Task Ended { get; }

        public string Text => _received.Text;

        public void Dispose() => Response.Dispose();

        private async Task ReadAsync()
        {
            try
            {
                await using var body = await Response.Content.ReadAsStreamAsync();
                var buffer = new byte[4096];
                while (await body.ReadAsync(buffer) is > 0 and var length)
                {
                    _received.Add(Encoding.UTF8.GetString(buffer, 0, length));
                }
            }
            catch (Exception e) when (e is IOException or HttpRequestException or ObjectDisposedException or OperationCanceledException)
            {
                // Ended by an error.
            }
        }
    }
}
