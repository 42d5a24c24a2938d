using System.Net;
using System.Net.Sockets;
using System.Text;
using Broadcast.Control.Webhooks;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Webhook receivers whose responses never end or are no HTTP.</summary>
public sealed class WebhookReceiverTests(PostgresFixture postgres)
{
    private const string Head = "HTTP/1.1 200 OK\r\n";

    [Theory]
    [InlineData("", "\0")]
    [InlineData(Head + "X-Never-Ends: ", "\0")]
    [InlineData("", "HTTP/1.1 102 Processing\r\n\r\n")]
    [InlineData(Head + "\r\n", "\0")]
    [InlineData(Head + "Content-Length: 900\r\n\r\n", "\0")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n\0\r\n")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n1;extension=", "\0")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "Trailer: \0\r\n")]
    public async Task Response_that_never_ends_is_a_timeout_after_15_s(string beginning, string repeated)
    {
        await using var receiver = new RawReceiver(beginning, repeated);
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var webhook = (await bench.WebhookAsync(receiver.Address)).Info.Id;
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        using var courier = bench.Courier();

        var delivering = courier.DrainAsync(default);
        for (var second = 1; second <= WebhookSender.Timeout.TotalSeconds; second++)
        {
            receiver.Repeat();
            await Poll.UntilAsync(() => receiver.Sent == second);
            delivering.IsCompleted.ShouldBeFalse();
            bench.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await Poll.UntilAsync(() => delivering.IsCompleted);
        await delivering;

        var delivery = (await bench.Deliveries.ListAsync(webhook)).ShouldHaveSingleItem();
        (delivery.State, delivery.Attempts, delivery.Status, delivery.Error).ShouldBe(
            (DeliveryState.Waiting, 1, null, "No complete response within 15 s."));
        await Poll.UntilAsync(() => receiver.Closed == 1);
    }

    [Theory]
    [InlineData("\0\0\0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 \0\0\r\n\0: \0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\0\r\n")]
    public async Task Response_with_NUL_is_recorded_as_a_failed_attempt(string response)
    {
        await using var receiver = new RawReceiver(response, null);
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var webhook = (await bench.WebhookAsync(receiver.Address)).Info.Id;
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        using var courier = bench.Courier();

        await courier.DrainAsync(default);

        var delivery = (await bench.Deliveries.ListAsync(webhook)).ShouldHaveSingleItem();
        (delivery.State, delivery.Attempts, delivery.Error![.."Unreachable".Length]).ShouldBe((DeliveryState.Waiting, 1, "Unreachable"));
    }

    [Fact]
    public async Task Response_is_complete_once_its_excerpt_is_read()
    {
        await using var receiver = new RawReceiver(Head + "\r\n" + new string('x', WebhookSender.MaxExcerpt), "x");
        await using var bench = await WebhookHarness.OpenAsync(postgres);
        var webhook = (await bench.WebhookAsync(receiver.Address)).Info.Id;
        await bench.HappensAsync(WebhookEventTypes.EventLive);
        using var courier = bench.Courier();

        var delivering = courier.DrainAsync(default);
        await Poll.UntilAsync(() => delivering.IsCompleted);
        await delivering;

        var delivery = (await bench.Deliveries.ListAsync(webhook)).ShouldHaveSingleItem();
        (delivery.State, delivery.ResponseExcerpt!.Length).ShouldBe((DeliveryState.Delivered, WebhookSender.MaxExcerpt));
    }

    /// <summary>Answers each request with a text, then with repetitions of another, until the client disconnects.</summary>
    private sealed class RawReceiver : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly SemaphoreSlim _repetitions = new(0);
        private readonly Task _serving;
        private int _sent;
        private int _closed;

        public RawReceiver(string beginning, string? repeated)
        {
            _listener.Start();
            _serving = ServeAsync(Encoding.ASCII.GetBytes(beginning), repeated is null ? null : Encoding.ASCII.GetBytes(repeated));
        }

        public string Address => $"http://{_listener.LocalEndpoint}/";

        public int Sent => Volatile.Read(ref _sent);

        public int Closed => Volatile.Read(ref _closed);

        public void Repeat() => _repetitions.Release();

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Dispose();
            _repetitions.Dispose();
            _stop.Dispose();
        }

        private async Task ServeAsync(byte[] beginning, byte[]? repeated)
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                    await AnswerAsync(client.GetStream(), beginning, repeated);
                    Interlocked.Increment(ref _closed);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
            }
        }

        private async Task AnswerAsync(NetworkStream stream, byte[] beginning, byte[]? repeated)
        {
            try
            {
                _ = await stream.ReadAsync(new byte[16 * 1024], _stop.Token);
                await stream.WriteAsync(beginning, _stop.Token);
                var closing = repeated is null ? Task.CompletedTask : stream.ReadAsync(new byte[1], _stop.Token).AsTask();
                while (!closing.IsCompleted)
                {
                    var repetition = _repetitions.WaitAsync(_stop.Token);
                    if (await Task.WhenAny(closing, repetition) == repetition)
                    {
                        await repetition;
                        await stream.WriteAsync(repeated, _stop.Token);
                        Interlocked.Increment(ref _sent);
                    }
                }
            }
            catch (IOException)
            {
                // The client disconnected.
            }
        }
    }
}
