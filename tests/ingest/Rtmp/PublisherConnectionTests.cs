using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Broadcast.Ingest.Rtmp.Transport;
using Broadcast.Ingest.Tests.Hostile;
using Broadcast.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>Connections on the side of Kestrel: their buffers, and their acceptance.</summary>
public sealed class PublisherConnectionTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private readonly ReadLoops _loops = new(TimeSpan.Zero);
    private readonly Socket _port = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public PublisherConnectionTests() => _port.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    [Fact]
    public async Task Data_before_publish_is_in_a_small_buffer_and_publisher_frames_in_a_large_one()
    {
        await using var connection = await ConnectAsync();
        await _peer.SendAsync(new byte[700]);
        (await HeldAsync(connection, 700)).ShouldBeLessThanOrEqualTo(2048);
        await _peer.SendAsync(new byte[837]);
        (await HeldAsync(connection, 1537)).ShouldBeLessThanOrEqualTo(2048, "a whole block of the handshake fits");

        connection.Transport.Input.AdvanceTo((await connection.Transport.Input.ReadAsync()).Buffer.End);
        connection.Features.Get<IPublisherTransportFeature>()!.StartMedia(lowLatency: true);
        await _peer.SendAsync(new byte[17_000]);
        (await HeldAsync(connection, 17_000)).ShouldBe(32 * 1024);
    }

    [Fact]
    public async Task Descriptor_shortage_is_logged_once_a_minute_and_counted_and_waiting_publishers_connect_later()
    {
        var (time, log) = (new ManualTimeProvider(), new CapturingLogger());
        using var counted = new MetricCounts();
        using var logging = LoggerFactory.Create(builder => builder.AddProvider(log));
        var (asked, allowed) = (0, false);
        var listener = new PublisherListener(_port, _loops, new ShortageLog(time, logging.CreateLogger<ShortageLog>()), async stop =>
        {
            Interlocked.Increment(ref asked);
            return Volatile.Read(ref allowed) ? await _port.AcceptAsync(stop)
                : throw new SocketException((int)SocketError.TooManyOpenSockets);
        });
        await _peer.ConnectAsync(listener.EndPoint);
        var accepting = listener.AcceptAsync().AsTask();
        for (var tries = 2; tries <= 11; tries++)
        {
            await PauseIsOverAsync(time, ShortageLog.Pause);
            await Poll.UntilAsync(() => Volatile.Read(ref asked) == tries);
        }

        log.Entries.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            line => line.Level.ShouldBe(LogLevel.Warning), line => line.Text.ShouldContain("LimitNOFILE="),
            line => line.Text.ShouldContain("(1 pauses"));
        counted["broadcast_ingest_accept_pauses"].ShouldBeGreaterThanOrEqualTo(11);

        // A minute in steps: after a single advance the clock would wake the loop for each elapsed tenth of a second.
        for (var tries = 12; log.Entries.Count == 1; tries++)
        {
            await PauseIsOverAsync(time, ShortageLog.Pause);
            await Poll.UntilAsync(() => Volatile.Read(ref asked) == tries);
        }

        log.Entries.Last().Text.ShouldContain("(600 pauses");

        Volatile.Write(ref allowed, true);
        await PauseIsOverAsync(time, ShortageLog.Pause);
        await using var connection = (await accepting.WaitAsync(Timeout)).ShouldNotBeNull();
        connection.RemoteEndPoint.ShouldBe(_peer.LocalEndPoint);
    }

    public void Dispose()
    {
        _peer.Dispose();
        _port.Dispose();
        _loops.Dispose();
    }

    private static async Task PauseIsOverAsync(ManualTimeProvider time, TimeSpan after)
    {
        await Poll.UntilAsync(() => time.ArmedTimers == 1);
        time.Advance(after);
    }

    /// <summary>Bytes buffered for unread input.</summary>
    private static async Task<int> HeldAsync(ConnectionContext connection, int unread)
    {
        var input = connection.Transport.Input;
        while (true)
        {
            var read = await input.ReadAsync().AsTask().WaitAsync(Timeout);
            var held = 0;
            foreach (var piece in read.Buffer)
            {
                MemoryMarshal.TryGetArray(piece, out var array).ShouldBeTrue();
                held += array.Array!.Length;
            }

            var all = read.Buffer.Length >= unread;
            input.AdvanceTo(read.Buffer.Start, all ? read.Buffer.Start : read.Buffer.End);
            if (all)
            {
                return held;
            }
        }
    }

    private async Task<PublisherConnection> ConnectAsync()
    {
        _port.Listen();
        await _peer.ConnectAsync(_port.LocalEndPoint!);
        return new PublisherConnection(await _port.AcceptAsync(), _loops);
    }
}
