using System.Net;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Viewers read from S3 without keeping its connections from the server's own work.</summary>
public sealed class S3ViewerReadTests : IDisposable
{
    private const int Length = 24 << 20;
    private static readonly ObjectName Name = ObjectName.Parse("live/demo/01/source/1.m4s");
    private readonly byte[] _object = new byte[Length];
    private readonly HttpListener _listener = new();
    private readonly S3ObjectStore _store;
    private int _openBodies;

    public S3ViewerReadTests()
    {
        new Random(1).NextBytes(_object);
        var prefix = Start(_listener);
        _store = new S3ObjectStore(new StorageOptions { Bucket = "media", Endpoint = prefix.TrimEnd('/'),
            AccessKey = "key", SecretKey = "secret" }, new ManualTimeProvider());
        _ = AnswerAsync();
    }

    public void Dispose()
    {
        _listener.Close();
        _store.Dispose();
    }

    [Fact]
    public async Task Slow_readers_hold_no_connection()
    {
        await using var bench = new SpoolHarness(_store, new ManualTimeProvider());
        var slow = new List<SpoolContent>();
        for (var i = 0; i < S3ObjectStore.MaxReadConnections + 5; i++)
        {
            slow.Add((await bench.Spool.ReadAsync(Name, 0, null, ReadPurpose.Download, default).AsTask()
                .WaitAsync(TimeSpan.FromSeconds(60)))!);
            await slow[^1].Stream!.ReadExactlyAsync(new byte[1]);
        }

        await Poll.UntilAsync(() => Volatile.Read(ref _openBodies) == 0);
        (await _store.FindAsync(Name, default))!.Length.ShouldBe(Length);
        foreach (var content in slow)
        {
            await content.DisposeAsync();
        }
    }

    [Fact]
    public async Task Content_read_range_by_range_is_that_of_the_object()
    {
        foreach (var (offset, length) in ((long, long?)[])[(0, null), (5, 10), (1_000_000, 9_000_001), (Length - 7, null), (Length, 5)])
        {
            await using var content = (await _store.OpenAsync(Name, offset, length, ReadPurpose.Media, default))!;
            var end = Math.Min(Length, offset + (length ?? Length));
            (content.Offset, content.Length, content.TotalLength).ShouldBe((offset, end - offset, Length));
            var read = new MemoryStream();
            await content.Stream.CopyToAsync(read);
            read.ToArray().AsSpan().SequenceEqual(_object.AsSpan((int)offset..(int)end)).ShouldBeTrue($"{offset}");
        }
    }

    [Fact]
    public async Task Viewer_beyond_the_limit_is_rejected_at_once_and_the_servers_own_reads_are_not()
    {
        var open = new List<ObjectContent>();
        for (var i = 0; i < S3ViewerReads.MaxBodies; i++)
        {
            open.Add((await _store.OpenAsync(Name, 0, null, ReadPurpose.CacheFill, default))!);
        }

        foreach (var purpose in (ReadPurpose[])[ReadPurpose.CacheFill, ReadPurpose.Media, ReadPurpose.Download])
        {
            (await Should.ThrowAsync<ObjectStoreException>(() => _store.OpenAsync(Name, 0, 10, purpose, default)))
                .Kind.ShouldBe(ObjectStoreErrorKind.TooManyReads);
        }

        var waiting = _store.OpenAsync(Name, 0, 10, ReadPurpose.StartedDownload, default);
        await (await _store.OpenAsync(Name, 0, 10, default))!.DisposeAsync();
        waiting.IsCompleted.ShouldBeFalse();
        await open[0].DisposeAsync();
        await (await waiting.WaitAsync(TimeSpan.FromSeconds(60)))!.DisposeAsync();
        foreach (var content in open)
        {
            await content.DisposeAsync();
        }
    }

    private async Task AnswerAsync()
    {
        while (_listener.IsListening)
        {
            var context = await _listener.GetContextAsync();
            _ = Task.Run(() => AnswerAsync(context));
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var response = context.Response;
        var (from, to) = (0, Length - 1);
        if (context.Request.Headers["Range"] is { } range)
        {
            var ends = range["bytes=".Length..].Split('-');
            (from, to) = (int.Parse(ends[0]), (int)Math.Min(long.Parse(ends[1]), Length - 1));
            response.StatusCode = 206;
            response.Headers["Content-Range"] = $"bytes {from}-{to}/{Length}";
        }

        response.ContentLength64 = to - from + 1;
        if (context.Request.HttpMethod == "GET")
        {
            Interlocked.Increment(ref _openBodies);
            try
            {
                await response.OutputStream.WriteAsync(_object.AsMemory(from, to - from + 1));
            }
            catch (HttpListenerException)
            {
                // The client closed the connection.
            }
            finally
            {
                Interlocked.Decrement(ref _openBodies);
            }
        }

        response.Close();
    }

    /// <summary>Starts a listener on a free port, and returns its prefix.</summary>
    private static string Start(HttpListener listener)
    {
        using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        var prefix = $"http://127.0.0.1:{((IPEndPoint)socket.LocalEndpoint).Port}/";
        socket.Stop();
        listener.Prefixes.Add(prefix);
        listener.Start();
        return prefix;
    }
}
