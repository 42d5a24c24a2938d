using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using System.Text;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Slates;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Limits of slate uploads: few at a time, one per caller, and none that arrives slowly.</summary>
public sealed class SlateUploadTests(PostgresFixture postgres)
{
    private const string Path = "/api/v1/channels/demo/slate";
    private static readonly byte[] Png = [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n', 1, 2, 3];

    [Fact]
    public async Task Further_uploads_are_rejected_before_their_body_is_read_while_others_are_checked()
    {
        using var validator = new WaitingValidator();
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, slates: validator);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var tokens = new List<string>();
        for (var i = 0; i < SlateUploads.MaxConcurrent + 1; i++)
        {
            tokens.Add(await server.TokenAsync(TokenRole.Producer));
        }

        var first = UploadAsync(server, tokens[0]);
        await validator.WaitAsync(1);
        var again = await BeginAsync(server, tokens[0]);
        again.ShouldStartWith("HTTP/1.1 429");
        again.ShouldContain("Retry-After: 3");
        again.ShouldContain("already uploading a slate");

        var others = tokens.Skip(1).SkipLast(1).Select(token => UploadAsync(server, token)).ToList();
        await validator.WaitAsync(SlateUploads.MaxConcurrent);
        var further = await BeginAsync(server, tokens[^1]);
        further.ShouldStartWith("HTTP/1.1 429");
        further.ShouldContain("Retry-After: 3");
        further.ShouldContain($"already checking {SlateUploads.MaxConcurrent} slates");

        validator.Finish();
        (await first).ShouldBe(204);
        (await Task.WhenAll(others)).ShouldAllBe(status => status == 204);
        (await UploadAsync(server, tokens[^1])).ShouldBe(204);
        validator.Started.ShouldBe(SlateUploads.MaxConcurrent + 1, "rejected uploads are not checked");
    }

    [Fact]
    public async Task Upload_that_arrives_too_slowly_ends_and_frees_its_place()
    {
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, mediaTime: clock);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var token = await server.TokenAsync(TokenRole.Producer);

        var slow = BeginAsync(server, token);
        await Poll.UntilAsync(() =>
        {
            clock.Advance(SlateUploads.BodyTimeout);
            return slow.IsCompleted;
        }, description: "the response");

        var response = await slow;
        response.ShouldStartWith("HTTP/1.1 408");
        response.ShouldContain("did not arrive within 60 s");
        (await UploadAsync(server, token)).ShouldBe(204);
    }

    [Fact]
    public async Task Rejected_uploads_are_counted_by_reason()
    {
        using var validator = new WaitingValidator();
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, slates: validator,
            mediaTime: clock);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var tokens = new List<string>();
        for (var i = 0; i < SlateUploads.MaxConcurrent + 1; i++)
        {
            tokens.Add(await server.TokenAsync(TokenRole.Producer));
        }

        // Other tests count in parallel, so each count is at least the expected one.
        var counts = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "broadcast_slate_upload_rejections_total")
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
            counts.AddOrUpdate($"{tags[0].Key}={tags[0].Value}", 1, (_, count) => count + 1));
        listener.Start();

        (await server.SendAsync("PUT", Path, tokens[0], new ByteArrayContent("GIF89a"u8.ToArray()))).Status.ShouldBe(400);
        (await BeginAsync(server, tokens[0], SlateMedia.MaxBytes + 1)).ShouldStartWith("HTTP/1.1 413");
        var slow = BeginAsync(server, tokens[0]);
        await Poll.UntilAsync(() =>
        {
            clock.Advance(SlateUploads.BodyTimeout);
            return slow.IsCompleted;
        }, description: "the response");
        var uploads = tokens.SkipLast(1).Select(token => UploadAsync(server, token)).ToList();
        await validator.WaitAsync(SlateUploads.MaxConcurrent);
        (await BeginAsync(server, tokens[0])).ShouldStartWith("HTTP/1.1 429");
        (await BeginAsync(server, tokens[^1])).ShouldStartWith("HTTP/1.1 429");
        validator.Finish();
        (await Task.WhenAll(uploads)).ShouldAllBe(status => status == 204);

        counts.Keys.Except(["reason=incomplete"]).Order(StringComparer.Ordinal).ShouldBe(
            ["reason=caller_busy", "reason=invalid", "reason=server_busy", "reason=too_large", "reason=too_slow"]);
    }

    private static async Task<int> UploadAsync(Server server, string token) =>
        (await server.SendAsync("PUT", Path, token, new ByteArrayContent(Png))).Status;

    /// <summary>Sends the header of an upload and the first byte of its body, and reads the response.</summary>
    private static async Task<string> BeginAsync(Server server, string token, long length = SlateMedia.MaxBytes)
    {
        var url = new Uri(server.Address);
        using var client = new TcpClient();
        await client.ConnectAsync(url.Host, url.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"PUT {Path} HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\nx"));
        var response = new StringBuilder();
        var buffer = new byte[4096];
        while (!response.ToString().Contains('}', StringComparison.Ordinal) && await stream.ReadAsync(buffer) is var count and > 0)
        {
            response.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return response.ToString();
    }

    /// <summary>A check that takes until <see cref="Finish"/>.</summary>
    private sealed class WaitingValidator : ISlateValidator, IDisposable
    {
        private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _started;

        public int Started => Volatile.Read(ref _started);

        public Task WaitAsync(int count) => Poll.UntilAsync(() => Started >= count, description: $"{count} checks");

        public void Finish() => _finish.TrySetResult();

        public async ValueTask<string?> ValidateAsync(ChannelSlate slate, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _started);
            await _finish.Task.WaitAsync(cancellationToken);
            return null;
        }

        public void Dispose() => _finish.TrySetCanceled();
    }
}
