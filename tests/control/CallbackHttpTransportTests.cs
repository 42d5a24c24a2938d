using System.Net;
using System.Net.Sockets;
using System.Text;
using Broadcast.Control.AuthCallbacks;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Connections to an endpoint that closes them at any time.</summary>
public sealed class CallbackHttpTransportTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CallbackHttpTransport _transport;
    private int _requests;

    public CallbackHttpTransportTests()
    {
        _listener.Start();
        _transport = new(Options.Create(new AuthorizationOptions()), TimeProvider.System);
    }

    public void Dispose()
    {
        _transport.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task Request_on_a_closed_keep_alive_connection_is_sent_once_more()
    {
        // The first connection is closed after its second request, without a response.
        var serving = ServeAsync(answersOfConnections: [1, 1]);
        (await AskAsync()).ShouldBe((null, 200, "yes"));
        (await AskAsync()).ShouldBe((null, 200, "yes"));
        await serving;
        _requests.ShouldBe(3);
    }

    [Fact]
    public async Task Request_without_a_response_is_not_sent_a_third_time()
    {
        var serving = ServeAsync(answersOfConnections: [0, 0]);
        (await AskAsync()).Fault.ShouldBe("unreachable");
        await serving;
        _requests.ShouldBe(2);
    }

    [Fact]
    public async Task Request_with_a_truncated_response_is_not_repeated()
    {
        var serving = Task.Run(async () =>
        {
            using var connection = await _listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            await ReadRequestAsync(connection.GetStream());
            await connection.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nye"u8.ToArray(),
                TestContext.Current.CancellationToken);
        });
        (await AskAsync()).Fault.ShouldBe("unreachable");
        await serving;
        _requests.ShouldBe(1);
    }

    private async Task<(string? Fault, int Status, string Body)> AskAsync()
    {
        var response = await _transport.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, $"http://{_listener.LocalEndpoint}/") { Content =
                new ByteArrayContent("who?"u8.ToArray()) }, _ => true, 100, CancellationToken.None);
        return (response.Error, response.Status, Encoding.UTF8.GetString(response.Body.Span));
    }

    /// <summary>
    /// Answers a number of requests per connection, one connection at a time; closes it after the next request, or when the client
    /// disconnects.
    /// </summary>
    private async Task ServeAsync(int[] answersOfConnections)
    {
        for (var i = 0; i < answersOfConnections.Length; i++)
        {
            using var connection = await _listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            for (var answered = 0; answered < answersOfConnections[i]; answered++)
            {
                await ReadRequestAsync(connection.GetStream());
                await connection.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"u8.ToArray(),
                    TestContext.Current.CancellationToken);
            }

            if (i < answersOfConnections.Length - 1 || answersOfConnections[i] == 0)
            {
                await ReadRequestAsync(connection.GetStream());
            }
        }
    }

    private async Task ReadRequestAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[1024];
        while (!text.ToString().EndsWith("who?", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
            read.ShouldBeGreaterThan(0);
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        _requests++;
    }
}
