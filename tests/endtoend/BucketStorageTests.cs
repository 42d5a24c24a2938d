using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Media in a bucket of a real S3 service with errors and outages: the live edge never waits for it.</summary>
[LongRunning]
public sealed class BucketStorageTests(BucketStorageTests.Service service) : IClassFixture<BucketStorageTests.Service>
{
    private readonly CephServer _ceph = service.Ceph;

    [Fact]
    public async Task Media_is_uploaded_to_the_bucket_and_caught_up_after_an_outage()
    {
        var bucket = await _ceph.CreateBucketAsync();
        await using var server = await BroadcastServer.StartAsync(environment: Environment(bucket, _ceph.SecretKey));
        var channel = await server.AddChannelAsync("main");
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        var first = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
        await InBucketAsync(bucket, first);
        Directory.Exists(Path.Combine(server.Data, "objects")).ShouldBeFalse("the bucket is used instead of the disk");

        await _ceph.KillAsync();
        var without = await HlsView.WaitAsync(server, "main", v => v.Last >= first.Last + 3, "live delivery continues without the bucket");
        without.Segments.ShouldAllBe(s => !s.Gap && !s.Discontinuity);
        (await FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 2)).ShouldBeEmpty();
        await Poll.UntilAsync(() => server.Logged(6002).Count > 0);
        (await server.MetricAsync("broadcast_upload_queue_objects")).ShouldBeGreaterThan(0);

        await _ceph.StartGatewayAsync();
        await InBucketAsync(bucket, without);
        await Poll.UntilAsync(() => server.Logged(6003).Count > 0);
        server.Logged(6002).ShouldHaveSingleItem().ShouldContain("Storage:Endpoint");
        (await HlsView.ReadAsync(server, "main"))!.Segments.ShouldAllBe(s => !s.Gap && !s.Discontinuity);
        server.Process.Tail(20_000).ShouldNotContain(_ceph.SecretKey);
    }

    [Fact]
    public async Task Bucket_that_denies_access_is_logged_once_with_a_remedy_and_live_continues()
    {
        var bucket = await _ceph.CreateBucketAsync();
        await using var server = await BroadcastServer.StartAsync(
            environment: Environment(bucket, "0000000000000000000000000000000000000000"));
        var channel = await server.AddChannelAsync("main");
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        var view = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 3, "three segments");

        view.Segments.ShouldAllBe(s => !s.Gap && !s.Discontinuity);
        (await FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 2)).ShouldBeEmpty();
        await Poll.UntilAsync(async () => await server.MetricAsync("broadcast_upload_failures_total") >= 2);
        server.Logged(6002).ShouldHaveSingleItem().ShouldContain("Storage:SecretKey");
        (await server.CommandAsync("doctor", "--json")).Output.ShouldContain("Storage:SecretKey");
    }

    [Fact]
    public async Task Server_killed_during_a_bucket_outage_keeps_everything_it_announced()
    {
        var bucket = await _ceph.CreateBucketAsync();
        var environment = Environment(bucket, _ceph.SecretKey);

        // Its frames would follow while the encoder is absent after the restart.
        environment["BROADCAST__Slate__Enabled"] = "false";
        await using var server = await BroadcastServer.StartAsync(environment: environment);
        var channel = await server.AddChannelAsync("main");
        HlsView before;
        IReadOnlyDictionary<string, IReadOnlyList<string>> shown;
        await using (FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small))
        {
            var first = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 3, "three segments");
            await InBucketAsync(bucket, first);
            await _ceph.KillAsync();
            before = await HlsView.WaitAsync(server, "main", v => v.Last >= first.Last + 1, "one more without the bucket");
            shown = await DecodedFrames.ReadAsync(server, "main", before, Signals.Small.FrameRate);
            await server.Kill();
        }

        await server.RestartAsync();
        var recovered = (await HlsView.ReadAsync(server, "main")).ShouldNotBeNull("the stream continues without the bucket");
        (recovered.Session, recovered.Sequence, recovered.DiscontinuitySequence).ShouldBe(
            (before.Session, before.Sequence, before.DiscontinuitySequence));
        recovered.Segments.Zip(before.Segments).ShouldAllBe(pair => pair.First.WallClock == pair.Second.WallClock
            && pair.First.Address == pair.Second.Address);
        (await DecodedFrames.ReadAsync(server, "main", recovered, Signals.Small.FrameRate)).ShouldShowTheSameAs(shown, atLeast: 4);

        await using var again = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        var after = await HlsView.WaitAsync(server, "main", v => v.Last >= recovered.Last + 2, "two more segments");
        await _ceph.StartGatewayAsync();
        await InBucketAsync(bucket, after);
        (await DecodedFrames.ReadAsync(server, "main", after, Signals.Small.FrameRate)).ShouldShowTheSameAs(shown, atLeast: 4);
    }

    [Fact]
    public async Task Slow_and_failing_bucket_behind_TLS_does_not_affect_viewers()
    {
        await using var gateway = await SlowGateway.StartAsync(_ceph.Endpoint);
        var bucket = await _ceph.CreateBucketAsync();
        var environment = Environment(bucket, _ceph.SecretKey);
        environment["BROADCAST__Storage__Endpoint"] = gateway.Endpoint;
        await using var folder = TempFolder.Create();
        await File.WriteAllTextAsync(folder.Sub("authority.pem"), gateway.Certificate);
        environment["BROADCAST__Storage__AuthorityFile"] = folder.Sub("authority.pem");
        await using var server = await BroadcastServer.StartAsync(environment: environment);
        var channel = await server.AddChannelAsync("main");
        await using var encoder = FfmpegTool.Publish(server.PublishUrl(channel), Signals.Small);
        var before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
        var shown = await DecodedFrames.ReadAsync(server, "main", before, Signals.Small.FrameRate);

        (gateway.Delay, gateway.RefusesEvery) = (TimeSpan.FromSeconds(5), 3);
        var during = await HlsView.WaitAsync(server, "main", v => v.Last >= before.Last + 5 && gateway is { Delayed: > 4, Refused: > 0 },
            "live goes on");
        during.Segments.ShouldAllBe(s => !s.Gap && !s.Discontinuity);
        (during.Session, during.DiscontinuitySequence).ShouldBe((before.Session, 0));
        var frames = await DecodedFrames.ReadAsync(server, "main", during, Signals.Small.FrameRate);
        frames.ShouldShowTheSameAs(shown, atLeast: 2);
        frames.Count.ShouldBeGreaterThanOrEqualTo(7);

        (gateway.Delay, gateway.RefusesEvery) = (TimeSpan.Zero, 0);
        await InBucketAsync(bucket, during);
        server.Process.HasExited.ShouldBeFalse();

        // An untrusted certificate leads to a message with the remedy.
        environment["BROADCAST__Storage__AuthorityFile"] = null;
        await using var stranger = await BroadcastServer.StartAsync(environment: environment);
        (await stranger.CommandAsync("doctor", "--json")).Output.ShouldContain("Storage:AuthorityFile");
    }

    private Dictionary<string, string?> Environment(string bucket, string secret) => new()
    {
        ["BROADCAST__Storage__Bucket"] = bucket,
        ["BROADCAST__Storage__Endpoint"] = _ceph.Endpoint,
        ["BROADCAST__Storage__Region"] = _ceph.Region,
        ["BROADCAST__Storage__AccessKey"] = _ceph.AccessKey,
        ["BROADCAST__Storage__SecretKey"] = secret,
        ["BROADCAST__Storage__Prefix"] = "tests/live",
    };

    /// <summary>Waits until the bucket has all segments of a playlist.</summary>
    private Task InBucketAsync(string bucket, HlsView view) => Poll.UntilAsync(
        async () =>
        {
            foreach (var segment in view.Segments)
            {
                if (!await _ceph.HasAsync(bucket, $"tests/live/live/main/{view.Session}/{segment.Address}"))
                {
                    return false;
                }
            }

            return true;
        },
        TimeSpan.FromSeconds(40),
        "all segments are in the bucket");

    /// <summary>One S3 service for the class.</summary>
    public sealed class Service : IAsyncLifetime
    {
        public CephServer Ceph { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Ceph = await CephServer.StartAsync();

        public ValueTask DisposeAsync() => Ceph.DisposeAsync();
    }
}
