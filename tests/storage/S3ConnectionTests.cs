using System.Net;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Uploads to S3 have connections of their own.</summary>
public sealed class S3ConnectionTests : IDisposable
{
    private static readonly ObjectName Name = ObjectName.Parse("live/demo/1.m4s");
    private readonly HttpListener _listener = new();
    private readonly TaskCompletionSource _reads = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _puts = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualTimeProvider _time = new();
    private readonly S3ObjectStore _store;
    private int _reading;
    private int _putting;

    public S3ConnectionTests()
    {
        var prefix = Start(_listener);
        _store = new S3ObjectStore(new StorageOptions { Bucket = "media", Endpoint = prefix.TrimEnd('/'),
            AccessKey = "key", SecretKey = "secret" }, _time);
        _ = AnswerAsync();
    }

    [Fact]
    public async Task Upload_does_not_wait_for_any_number_of_reads()
    {
        _puts.SetResult();
        using var cancel = new CancellationTokenSource();
        var reads = Enumerable.Range(0, 2 * S3ObjectStore.MaxReadConnections).Select(_ => _store.OpenAsync(Name, 0, 10, cancel.Token))
            .ToList();
        await Poll.UntilAsync(() => Volatile.Read(ref _reading) == S3ObjectStore.MaxReadConnections);
        (await _store.PutAsync(Name, new byte[10], PutCondition.CreateOnly, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60)))
            .ShouldBeTrue();
        Volatile.Read(ref _reading).ShouldBe(S3ObjectStore.MaxReadConnections, "all reads still wait");
        await cancel.CancelAsync();
        await Task.WhenAll(reads).ShouldThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Deadline_of_an_upload_starts_when_it_is_sent()
    {
        var sent = Enumerable.Range(0, S3ObjectStore.MaxUploads).Select(_ => PutAsync()).ToList();
        await Poll.UntilAsync(() => Volatile.Read(ref _putting) == S3ObjectStore.MaxUploads);
        var queued = PutAsync();
        // Just enough for the sent ones: a deadline of the queued one, which starts meanwhile, is later.
        _time.Advance(TimeSpan.FromSeconds(16));
        foreach (var upload in sent)
        {
            (await upload.ShouldThrowAsync<ObjectStoreException>()).Kind.ShouldBe(ObjectStoreErrorKind.Unreachable);
        }

        _puts.SetResult();
        (await queued).ShouldBeTrue();

        Task<bool> PutAsync() => _store.PutAsync(Name, new byte[10], PutCondition.CreateOnly, CancellationToken.None);
    }

    public void Dispose()
    {
        _reads.TrySetResult();
        _puts.TrySetResult();
        _listener.Close();
        _store.Dispose();
    }

    private async Task AnswerAsync()
    {
        while (_listener.IsListening)
        {
            var context = await _listener.GetContextAsync();
            _ = HoldAsync(context);
        }
    }

    private async Task HoldAsync(HttpListenerContext context)
    {
        var isPut = context.Request.HttpMethod == "PUT";
        Interlocked.Increment(ref isPut ? ref _putting : ref _reading);
        await (isPut ? _puts : _reads).Task;
        context.Response.StatusCode = isPut ? 200 : 404;
        context.Response.Close();
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
