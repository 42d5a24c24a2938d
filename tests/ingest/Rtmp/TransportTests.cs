using System.Net;
using System.Net.Sockets;
using Broadcast.Ingest.Rtmp.Transport;
using Microsoft.AspNetCore.Connections;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public sealed class TransportTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private readonly ReadLoop _loop = new("under test", () => TimeSpan.Zero);
    private readonly List<IDisposable> _opened = [];

    [Fact]
    public async Task Data_sent_before_or_after_the_read_starts_is_read()
    {
        var (stream, peer) = await ConnectAsync();
        await peer.SendAsync(new byte[] { 1, 2, 3 });
        (await ReadAsync(stream, 3)).ShouldBe([1, 2, 3]);

        var later = ReadAsync(stream, 2);
        await peer.SendAsync(new byte[] { 4, 5 });
        (await later).ShouldBe([4, 5]);
    }

    [Fact]
    public async Task Zero_byte_read_waits_for_data_and_consumes_none_of_it()
    {
        var (stream, peer) = await ConnectAsync();
        var waiting = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        waiting.IsCompleted.ShouldBeFalse();
        await peer.SendAsync(new byte[] { 7 });
        (await waiting.WaitAsync(Timeout)).ShouldBe(0);
        (await ReadAsync(stream, 1)).ShouldBe([7]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(3_000_000)]
    public async Task End_of_stream_follows_all_data_sent_before_it(int length)
    {
        var (stream, peer) = await ConnectAsync();
        var sent = new byte[length];
        Random.Shared.NextBytes(sent);
        var sending = Task.Run(async () =>
        {
            for (var rest = sent.AsMemory(); !rest.IsEmpty;)
            {
                rest = rest[await peer.SendAsync(rest)..];
            }

            peer.Shutdown(SocketShutdown.Send);
        });
        (await ReadAsync(stream, length)).ShouldBe(sent);
        (await stream.ReadAsync(new byte[16]).AsTask().WaitAsync(Timeout)).ShouldBe(0);
        await sending;
    }

    [Fact]
    public async Task Reset_by_the_peer_throws_ConnectionResetException()
    {
        var (stream, peer) = await ConnectAsync();
        var reading = stream.ReadAsync(new byte[16]).AsTask();
        peer.LingerState = new LingerOption(enable: true, 0);
        peer.Dispose();
        await Should.ThrowAsync<ConnectionResetException>(reading.WaitAsync(Timeout));
    }

    [Fact]
    public async Task Cancelled_read_loses_no_data()
    {
        var (stream, peer) = await ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var reading = stream.ReadAsync(new byte[16], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(reading.WaitAsync(Timeout));

        await peer.SendAsync(new byte[] { 1 });
        (await ReadAsync(stream, 1)).ShouldBe([1]);
    }

    [Fact]
    public async Task Pending_read_fails_when_the_connection_is_closed_locally()
    {
        var (stream, _) = await ConnectAsync();
        var reading = stream.ReadAsync(new byte[16]).AsTask();
        stream.Abort();
        (await Should.ThrowAsync<IOException>(reading.WaitAsync(Timeout))).Message.ShouldBe("The connection was closed locally.");
        _loop.Count.ShouldBe(0);
        await Should.ThrowAsync<IOException>(stream.ReadAsync(new byte[16]).AsTask());
    }

    [Fact]
    public async Task Write_larger_than_the_socket_buffer_completes_as_the_peer_reads()
    {
        var (stream, peer) = await ConnectAsync();
        var sent = new byte[20_000_000];
        Random.Shared.NextBytes(sent);
        var writing = stream.WriteAsync(sent).AsTask();
        writing.IsCompleted.ShouldBeFalse();
        var received = new byte[sent.Length];
        for (var at = 0; at < received.Length;)
        {
            at += await peer.ReceiveAsync(received.AsMemory(at)).AsTask().WaitAsync(Timeout);
        }

        await writing.WaitAsync(Timeout);
        received.ShouldBe(sent);
    }

    [Fact]
    public async Task Write_to_a_peer_that_does_not_read_can_be_cancelled()
    {
        var (stream, _) = await ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var writing = stream.WriteAsync(new byte[20_000_000], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(writing.WaitAsync(Timeout));
    }

    [Fact]
    public async Task Connection_keeps_its_data_when_it_moves_to_another_thread()
    {
        using var other = new ReadLoop("other", () => TimeSpan.FromMilliseconds(1));
        var (stream, peer) = await ConnectAsync();
        await peer.SendAsync(new byte[] { 1 });
        (await ReadAsync(stream, 1)).ShouldBe([1]);
        await peer.SendAsync(new byte[] { 2 });
        stream.MoveTo(other);
        (_loop.Count, other.Count).ShouldBe((0, 1));
        (await ReadAsync(stream, 1)).ShouldBe([2]);
        var later = ReadAsync(stream, 1);
        await peer.SendAsync(new byte[] { 3 });
        (await later).ShouldBe([3]);
    }

    [Fact]
    public async Task Flooding_connection_does_not_starve_others_on_its_thread()
    {
        var (busy, flood) = await ConnectAsync();
        var (quiet, peer) = await ConnectAsync();
        using var enough = new CancellationTokenSource();
        var flooding = Task.Run(async () =>
        {
            var block = new byte[1 << 20];
            while (!enough.IsCancellationRequested)
            {
                await flood.SendAsync(block);
            }

            flood.Dispose();
        });

        // Slower than the flood, so that input is always available; on the loop's thread, like a connection's work.
        var swallowed = 0L;
        var swallowing = Task.Run(async () =>
        {
            var block = new byte[4096];
            for (int count; (count = await busy.ReadAsync(block).ConfigureAwait(false)) > 0;)
            {
                Interlocked.Add(ref swallowed, count);
            }
        });

        for (var round = 0; round < 20 || Interlocked.Read(ref swallowed) < 32 << 20; round++)
        {
            var reading = ReadAsync(quiet, 1);
            await peer.SendAsync(new[] { (byte)round });
            (await reading).ShouldBe([(byte)round]);
        }

        await enough.CancelAsync();
        await flooding;
        await swallowing.WaitAsync(Timeout);
    }

    [Fact]
    public async Task Threads_grow_with_publishers_up_to_the_number_of_processors()
    {
        using var loops = new ReadLoops(TimeSpan.Zero);
        var used = new HashSet<ReadLoop>();
        for (var i = 0; i < 40; i++)
        {
            var (stream, _) = await ConnectAsync();
            var loop = loops.GetLoopForPublisher(lowLatency: false);
            loop.ShouldNotBe(loops.Prompt);
            stream.MoveTo(loop);
            used.Add(loop);
            if (i < 32)
            {
                used.Count.ShouldBe(1);
            }
        }

        used.Count.ShouldBe(Math.Min(2, Environment.ProcessorCount));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(10, 20)]
    [InlineData(20, 40)]
    [InlineData(5000, 40)]
    public void Pause_of_low_latency_is_short_for_one_publisher_and_grows_with_more_up_to_its_limit(int publishers, int milliseconds) =>
        ReadLoops.GetLowLatencyPause(publishers, TimeSpan.FromMilliseconds(100)).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));

    [Fact]
    public void Pause_of_low_latency_does_not_exceed_the_limit_of_all_publishers()
    {
        ReadLoops.GetLowLatencyPause(5000, TimeSpan.Zero).ShouldBe(TimeSpan.Zero);
        ReadLoops.GetLowLatencyPause(5000, TimeSpan.FromMilliseconds(10)).ShouldBe(TimeSpan.FromMilliseconds(10));
    }

    [Fact]
    public void Publishers_of_low_latency_channels_do_not_share_a_thread_with_others()
    {
        using var loops = new ReadLoops(TimeSpan.Zero);
        var low = loops.GetLoopForPublisher(lowLatency: true);
        loops.GetLoopForPublisher(lowLatency: false).ShouldNotBe(low);
        loops.GetLoopForPublisher(lowLatency: true).ShouldBe(low);
    }

    [Fact]
    public async Task Data_that_arrives_during_the_pause_is_read_with_the_data_before_it()
    {
        // Encoders write a frame's header and its payload separately. The loop asks for the pause between the first event and the read.
        Action sendRest = () => { };
        using var loop = new ReadLoop("pausing", () =>
        {
            Volatile.Read(ref sendRest)();
            return TimeSpan.FromMilliseconds(1);
        });
        var (stream, peer) = await ConnectAsync();
        stream.MoveTo(loop);
        Volatile.Write(ref sendRest, () =>
        {
            Volatile.Write(ref sendRest, () => { });
            peer.Send([2, 3]);
            SpinWait.SpinUntil(() => stream.Socket.Available == 3);
        });
        var bytes = new byte[16];
        var reading = stream.ReadAsync(bytes).AsTask();
        await peer.SendAsync(new byte[] { 1 });
        (await reading.WaitAsync(Timeout)).ShouldBe(3);
        bytes[..3].ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task Stream_in_the_middle_of_a_large_frame_is_polled_again_during_the_pause()
    {
        // After the first bytes, the loop pauses for longer than the test's timeout: only a second read within that pause can return the
        // rest.
        var begun = false;
        using var loop = new ReadLoop("resting", () => Volatile.Read(ref begun) ? 2 * Timeout : TimeSpan.Zero);
        var (stream, peer) = await ConnectAsync();
        stream.MoveTo(loop);
        var reading = ReadTwiceAsync();
        await peer.SendAsync(new byte[] { 1 });
        (await reading.WaitAsync(Timeout)).ShouldBe((1, 1));

        async Task<(int First, int Second)> ReadTwiceAsync()
        {
            var bytes = new byte[16];
            var first = await stream.ReadAsync(bytes).ConfigureAwait(false);

            // Runs on the loop's thread. The next byte arrives now, and is not signaled before the end of the pause.
            Volatile.Write(ref begun, true);
            peer.Send([2]);
            SpinWait.SpinUntil(() => stream.Socket.Available > 0);
            loop.MarkLarge(stream);
            return (first, await stream.ReadAsync(bytes).ConfigureAwait(false));
        }
    }

    public void Dispose()
    {
        _opened.ForEach(opened => opened.Dispose());
        _loop.Dispose();
    }

    private static async Task<byte[]> ReadAsync(PublisherStream stream, int length)
    {
        var bytes = new byte[length];
        for (var at = 0; at < length;)
        {
            var count = await stream.ReadAsync(bytes.AsMemory(at, Math.Min(64 * 1024, length - at))).AsTask().WaitAsync(Timeout);
            count.ShouldBeGreaterThan(0);
            at += count;
        }

        return bytes;
    }

    private async Task<(PublisherStream Stream, Socket Peer)> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(listener.LocalEndPoint!);
        var stream = new PublisherStream(await listener.AcceptAsync());
        stream.MoveTo(_loop);
        _opened.AddRange([stream, peer]);
        return (stream, peer);
    }
}
