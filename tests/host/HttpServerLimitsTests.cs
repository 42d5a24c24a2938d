using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Broadcast.Host.Listening;
using Broadcast.Host.Observability;
using Broadcast.Origin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

// Metrics of refused connections count for the whole process, so these tests run one at a time.
[Collection("connections of this process")]
public sealed class HttpServerLimitsTests
{
    [Fact]
    public async Task Viewer_that_reads_nothing_is_disconnected_and_counted_and_the_response_ends()
    {
        var counted = new TaskCompletionSource<OverloadReason>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var refused = new RejectedConnections(reason => counted.TrySetResult(reason));
        await refused.StartAsync(default);
        var ended = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel =>
        {
            HttpServerLimits.Apply(kestrel);
            kestrel.Limits.MinResponseDataRate.ShouldNotBeNull().GracePeriod.ShouldBe(HttpServerLimits.Grace);

            // The same with a shorter timeout.
            kestrel.Limits.MinResponseDataRate = new MinDataRate(1_000_000_000, TimeSpan.FromSeconds(1.1));
        });
        await using var app = builder.Build();
        app.MapGet("/", async context =>
        {
            var written = 0L;
            try
            {
                for (; !context.RequestAborted.IsCancellationRequested; written += 65_536)
                {
                    await context.Response.Body.WriteAsync(new byte[65_536], context.RequestAborted);
                }
            }
            catch (OperationCanceledException)
            {
                // Disconnected while waiting.
            }

            ended.SetResult(written);
        });
        await app.StartAsync();
        using var viewer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await viewer.ConnectAsync(IPAddress.Loopback, new Uri(app.Urls.Single()).Port);
        await viewer.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());

        (await ended.Task.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBeLessThan(100_000_000, "what the sockets hold, and a little more");
        (await counted.Task.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe(OverloadReason.SlowReader);
    }

    [Fact]
    public async Task Client_may_open_32_streams_on_an_HTTP_2_connection()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            HttpServerLimits.Apply(kestrel);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using var app = builder.Build();
        await app.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(app.Urls.Single()).Port);
        var stream = client.GetStream();
        await stream.WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0]);

        // The first frame of the server is SETTINGS (RFC 9113, 3.4): a header of 9 bytes, then settings of 6 bytes each.
        var header = new byte[9];
        await stream.ReadExactlyAsync(header);
        header[3].ShouldBe((byte)4, "type SETTINGS");
        var settings = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await stream.ReadExactlyAsync(settings);
        settings.Chunk(6).ToDictionary(s => BinaryPrimitives.ReadUInt16BigEndian(s), s => BinaryPrimitives.ReadUInt32BigEndian(s.AsSpan(2)))
            .ShouldContainKeyAndValue((ushort)3, 32u, "SETTINGS_MAX_CONCURRENT_STREAMS");
    }
}
