using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Broadcast.Ingest.Health;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Rtmp.Transport;
using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Media;
using Broadcast.Media.Connections;
using Broadcast.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>Streams whose data takes long to process, on a thread that they share with others.</summary>
public sealed class ProcessingTimeTests : IDisposable
{
    private const int Messages = 60;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan OneMessage = TimeSpan.FromMilliseconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly List<IDisposable> _opened = [];
    private readonly List<string> _order = [];
    private Func<bool> _hasArrived = () => true;

    [Fact]
    public async Task Stream_that_takes_long_proceeds_after_the_others_between_its_reads()
    {
        var (slow, quick) = await ConnectBothAsync();
        await RunAsync(slow, quick, async () =>
        {
            for (var i = 0; i < Messages; i++)
            {
                (await slow.Stream.ReadAsync(new byte[1]).ConfigureAwait(false)).ShouldBe(1);
                Process("slow");
            }
        });
        _order.IndexOf("quick").ShouldBeLessThanOrEqualTo(5, "five messages take the permitted 5 ms");
    }

    [Fact]
    public async Task Stream_that_takes_long_proceeds_after_the_others_between_messages_of_one_read()
    {
        var (slow, quick) = await ConnectBothAsync();
        await RunAsync(slow, quick, async () =>
        {
            (await slow.Stream.ReadAsync(new byte[Messages]).ConfigureAwait(false)).ShouldBe(Messages);
            for (var i = 0; i < Messages; i++)
            {
                Process("slow");
                if (slow.Stream.IsPassOver)
                {
                    await slow.Stream.YieldAsync().ConfigureAwait(false);
                }
            }
        });
        _order.IndexOf("quick").ShouldBeLessThanOrEqualTo(5);
    }

    [Fact]
    public async Task Streams_that_take_long_proceed_in_turn_even_if_one_receives_data_all_the_time()
    {
        var (busy, other) = await ConnectBothAsync();
        await RunAsync(busy, other,
            () => TakeTurnsAsync("busy", busy.Stream, () => busy.Peer.Send([1])),
            () => TakeTurnsAsync("other", other.Stream, () => { }));
        var turns = string.Concat(_order.Select(name => name[0]));
        turns.Split('o').ShouldAllBe(run => run.Length <= 2, turns);

        async Task TakeTurnsAsync(string name, PublisherStream stream, Action receiveMore)
        {
            await stream.ReadAsync(new byte[1]).ConfigureAwait(false);
            for (var i = 0; i < 40; i++)
            {
                Process(name);
                receiveMore();
                await stream.YieldAsync().ConfigureAwait(false);
            }
        }
    }

    [Fact]
    public void Session_yields_between_messages_and_then_continues_without_a_loss()
    {
        byte[] bytes = [.. Wire.Opening(), .. Wire.Media(2).SelectMany(message => message)];
        var (whole, yielding) = (new SessionHarness(), new SessionHarness(mustYield: () => true));
        whole.Feeds(bytes).ShouldBe(RtmpAction.ReadOn);
        var yields = 0;
        for (var step = yielding.Feeds(bytes); step == RtmpAction.Yield; step = yielding.Feeds())
        {
            yields++;
        }

        // Three commands, of which publish requires authorization instead, and all messages of media but the last.
        yields.ShouldBe(2 + Wire.Media(2).Count() - 1);
        yielding.Samples().Select(s => s.Decode).ShouldBe(whole.Samples().Select(s => s.Decode));
    }

    [Fact]
    public async Task Connection_yields_between_messages_when_its_transport_requires_it()
    {
        var (input, transport, sink) = (new Pipe(), new CountingTransport { IsPassOver = true }, new RememberingSink());
        var running = Serve(input, transport, sink);
        await input.Writer.WriteAsync(new ReadOnlyMemory<byte>([.. Wire.Opening(), .. Wire.Media(2).SelectMany(message => message)]));
        await input.Writer.CompleteAsync();
        await running.WaitAsync(Timeout);

        transport.Yields.ShouldBe(2 + Wire.Media(2).Count() - 1);
        sink.Single.Of(TrackKind.Video).Length.ShouldBe(50);
    }

    [Fact]
    public async Task Publisher_is_read_at_once_until_its_first_media()
    {
        var (input, transport, sink) = (new Pipe(), new CountingTransport(), new RememberingSink());
        var running = Serve(input, transport, sink);
        await input.Writer.WriteAsync(Wire.Opening());
        await input.Writer.CompleteAsync();
        await running.WaitAsync(Timeout);
        transport.MediaStarts.ShouldBe(0, "it would wait for the pause of a loop for media");

        (input, transport) = (new Pipe(), new CountingTransport());
        running = Serve(input, transport, sink);
        foreach (var message in (IEnumerable<byte[]>)[Wire.Opening(), .. Wire.Media(2)])
        {
            await input.Writer.WriteAsync(message);
        }

        await input.Writer.CompleteAsync();
        await running.WaitAsync(Timeout);
        transport.MediaStarts.ShouldBe(1);
    }

    [Fact]
    public async Task Publisher_that_sends_much_without_a_complete_message_counts_as_sending_media()
    {
        var (input, transport) = (new Pipe(), new CountingTransport());
        var running = Serve(input, transport, new RememberingSink());
        await input.Writer.WriteAsync(Wire.Opening());
        await input.Writer.WriteAsync(Wire.Message(MessageType.Video, 1, 0, new byte[40_000], 6).AsMemory(0, 30_000));
        await input.Writer.CompleteAsync();
        await running.WaitAsync(Timeout);
        transport.MediaStarts.ShouldBe(1);
    }

    public void Dispose() => _opened.ForEach(opened => opened.Dispose());

    private static async Task Serve(Pipe input, CountingTransport transport, RememberingSink sink)
    {
        var duplex = new Duplex(input.Reader, new Pipe().Writer);
        var connection = new DefaultConnectionContext("test", duplex, duplex);
        connection.Features.Set<IPublisherTransportFeature>(transport);
        var slot = new ConnectionLimiter(1, 1).TryEnter(null)!;
        var (time, rejections) = (TimeProvider.System, new RejectionLog(TimeProvider.System, NullLogger<RejectionLog>.Instance));
        using var publisher = new RtmpConnection(connection, slot, new RememberingAuthority(), sink, new SourceRegistry(time),
            new IngestOptions(), time, NullLogger.Instance, rejections);
        await publisher.RunAsync();
    }

    private void Process(string name)
    {
        _order.Add(name);
        _time.Advance(OneMessage);
    }

    private Task RunAsync(Connected first, Connected second, Func<Task> processFirst) => RunAsync(first, second, processFirst, async () =>
    {
        await second.Stream.ReadAsync(new byte[1]).ConfigureAwait(false);
        Process("quick");
    });

    /// <summary>Sends data to both streams so that one pass of the loop finds both, and waits for their processing.</summary>
    private async Task RunAsync(Connected first, Connected second, Func<Task> processFirst, Func<Task> processSecond)
    {
        _hasArrived = () => first.Stream.Socket.Available == Messages && second.Stream.Socket.Available == 1;
        var processing = Task.WhenAll(processFirst(), processSecond());
        await first.Peer.SendAsync(new byte[Messages]);
        await second.Peer.SendAsync(new byte[1]);
        await processing.WaitAsync(Timeout);
    }

    private async Task<(Connected First, Connected Second)> ConnectBothAsync()
    {
        var isFirst = true;
        var loop = new ReadLoop("under test", () =>
        {
            if (isFirst)
            {
                isFirst = false;
                SpinWait.SpinUntil(_hasArrived, Timeout);
            }

            return TimeSpan.FromMilliseconds(1);
        }, _time);
        _opened.Add(loop);
        var both = (await ConnectAsync(), await ConnectAsync());
        both.Item1.Stream.MoveTo(loop);
        both.Item2.Stream.MoveTo(loop);
        return both;
    }

    private async Task<Connected> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(listener.LocalEndPoint!);
        var stream = new PublisherStream(await listener.AcceptAsync());
        _opened.AddRange([stream, peer]);
        return new Connected(stream, peer);
    }

    private sealed record Connected(PublisherStream Stream, Socket Peer);

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Transport that counts calls.</summary>
    private sealed class CountingTransport : IPublisherTransportFeature
    {
        public int Yields { get; private set; }

        public int MediaStarts { get; private set; }

        public bool IsPassOver { get; init; }

        public void StartMedia(bool lowLatency) => MediaStarts++;

        public ValueTask YieldAsync()
        {
            Yields++;
            return ValueTask.CompletedTask;
        }
    }
}
