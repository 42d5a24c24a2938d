using System.Net;
using Broadcast.Media;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Origin.Vod;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.Vod;

/// <summary>Downloads are laid out from the sample metadata of segments.</summary>
public class DownloadMakerTests
{
    private readonly MemorySpool _spool = new();
    private readonly CmafSession _session = new();

    private DownloadBuilder Maker(long memory = 1 << 20)
    {
        foreach (var (name, bytes) in _session.Objects)
        {
            _spool.Objects[name] = bytes;
        }

        return new DownloadBuilder(_spool, Options.Create(new OriginOptions { DownloadCacheBytes = memory }),
            NullLogger<DownloadBuilder>.Instance);
    }

    /// <summary>Returns all payloads of a download from their positions in its tables.</summary>
    private byte[] Payloads(Download download)
    {
        using var bytes = new MemoryStream();
        for (var i = 0; i < download.Layout!.Count; i++)
        {
            var slice = download.Layout[i];
            bytes.Write(_session.Objects[download.ObjectOf(slice.Source).Value].AsSpan((int)slice.Offset, (int)slice.Length));
        }

        return bytes.ToArray();
    }

    [Theory]
    [InlineData(50, 1)] // small objects are read completely
    [InlineData(4000, 2)] // larger ones with one read per part
    public async Task Segments_of_all_renditions_are_interleaved_by_number_and_read_only_partially(int bytes, int readsOfImages)
    {
        var plan = CmafSession.Plan(_session.Add("source", TrackKind.Video, 40, bytes), _session.Add("audio", TrackKind.Audio, 40));
        var download = (await Maker().BuildAsync(plan, CancellationToken.None)).ShouldNotBeNull();
        byte[] expected = [.. Enumerable.Range(1, 40)
            .SelectMany(number => (IEnumerable<byte>)[.. _session.Payloads[("source", number)], .. _session.Payloads[("audio", number)]])];
        Payloads(download).ShouldBe(expected);
        download.Layout!.Length.ShouldBe(download.Layout.Head.Length + expected.Length);
        (download.Reason, download.ContentType).ShouldBe((null, "video/mp4"));
        _spool.Reads.ShouldBe((40 * (readsOfImages + 1)) + 2);
        download.Tag.ShouldBe((await Maker().BuildAsync(plan, CancellationToken.None))!.Tag);
    }

    [Fact]
    public async Task Lost_or_corrupt_segments_are_gaps_and_intact_parts_before_the_damage_are_included()
    {
        var plan = CmafSession.Plan(_session.Add("source", TrackKind.Video, 6), _session.Add("audio", TrackKind.Audio, 6));
        var maker = Maker();
        _spool.Objects.Remove(CmafSession.Path("source", "2.m4s"));
        _spool.Objects[CmafSession.Path("source", "3.m4s")].AsSpan(60).Fill(0xff);
        var whole = _session.Objects[CmafSession.Path("audio", "4.m4s")];
        _spool.Objects[CmafSession.Path("audio", "4.m4s")] = whole[..(whole.Length / 2)];
        var second = _session.Objects[CmafSession.Path("source", "5.m4s")];
        second.AsSpan(second.AsSpan(100).IndexOf("moof"u8) + 100, 4).Clear();

        var download = (await maker.BuildAsync(plan, CancellationToken.None)).ShouldNotBeNull();
        var sources = Enumerable.Range(0, download.Layout!.Count).GroupBy(i => download.ObjectOf(download.Layout[i].Source).Value)
            .ToDictionary(slices => slices.Key, slices => slices.Count());
        sources.ShouldNotContainKey(CmafSession.Path("source", "2.m4s"));
        sources.ShouldNotContainKey(CmafSession.Path("source", "3.m4s"));
        sources.ShouldNotContainKey(CmafSession.Path("audio", "4.m4s"), "half of it is there, but not what was announced");
        sources[CmafSession.Path("source", "5.m4s")].ShouldBe(1, "its first part");
        sources[CmafSession.Path("source", "6.m4s")].ShouldBe(2);
    }

    [Fact]
    public async Task Rendition_without_an_init_segment_is_omitted_and_an_empty_plan_has_no_download()
    {
        var plan = CmafSession.Plan(_session.Add("source", TrackKind.Video, 2), _session.Add("audio", TrackKind.Audio, 2));
        var maker = Maker();
        _spool.Objects[CmafSession.Path("source", "init-1.mp4")] = [1, 2, 3];
        var download = (await maker.BuildAsync(plan, CancellationToken.None)).ShouldNotBeNull();
        Payloads(download).ShouldBe([.. _session.Payloads[("audio", 1)], .. _session.Payloads[("audio", 2)]]);
        _spool.Objects.Clear();
        (await maker.BuildAsync(plan, CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task Recording_too_long_for_the_sample_tables_is_rejected_with_a_clipping_hint()
    {
        var plan = CmafSession.Plan(_session.Add("source", TrackKind.Video, 20));
        var download = (await Maker(memory: 4000).BuildAsync(plan, CancellationToken.None)).ShouldNotBeNull();
        (download.Layout, download.Reason!.Contains("clip", StringComparison.Ordinal)).ShouldBe((null, true));
    }

    [Fact]
    public async Task Store_failure_is_an_error_and_not_a_gap()
    {
        var plan = CmafSession.Plan(_session.Add("source", TrackKind.Video, 2));
        var maker = Maker();
        _spool.Failure = new IOException("store on fire");
        await maker.BuildAsync(plan, CancellationToken.None).ShouldThrowAsync<IOException>();
    }

    [Fact]
    public async Task Concurrent_requests_for_one_download_share_one_read_and_others_wait_for_a_slot()
    {
        var options = Options.Create(new OriginOptions { DownloadCacheBytes = 1 << 20, MaxConcurrentDownloadBuilds = 1 });
        var gate = new TaskCompletionSource();
        var plan = CmafSession.Plan(_session.Add("source", TrackKind.Video, 2));
        var maker = Maker();
        _spool.Gate = gate.Task;
        var shelf = new DownloadCache(maker, options);
        var key = new DownloadKey(plan.Session.Id, default, null, null);
        var asked = Enumerable.Range(0, 20).Select(_ => shelf.TryGet(key, 4, null, _ => Task.FromResult<DownloadPlan?>(plan),
            out var download, CancellationToken.None) ? download : throw new InvalidOperationException("busy")).ToList();
        shelf.TryGet(key with { Rendition = "audio" }, 4, null, _ => Task.FromResult<DownloadPlan?>(plan), out _, CancellationToken.None)
            .ShouldBeFalse();
        gate.SetResult();
        (await Task.WhenAll(asked)).Distinct().ShouldHaveSingleItem().ShouldNotBeNull();
        _spool.Reads.ShouldBe(3);
        shelf.Bytes.ShouldBeInRange(1000, 5000);
    }

    [Fact]
    public async Task Download_that_nobody_waits_for_stops_reading_and_one_client_leaves_slots_to_others()
    {
        var plan = CmafSession.Plan(_session.Add("source", TrackKind.Video, 3 * DownloadBuilder.MaxConcurrentReads));
        var maker = Maker();
        var gate = new TaskCompletionSource();
        _spool.Gate = gate.Task;
        var shelf = new DownloadCache(maker, Options.Create(new OriginOptions { MaxConcurrentDownloadBuilds = 4 }));
        var (one, key) = (IPAddress.Parse("192.0.2.1"), new DownloadKey(plan.Session.Id, default, null, null));
        using var cancel = new CancellationTokenSource();
        TryAsk("a", one, out var first).ShouldBeTrue();
        TryAsk("b", one, out var second).ShouldBeTrue();
        TryAsk("c", one, out _).ShouldBeFalse("the client has half of the slots");
        TryAsk("c", IPAddress.Parse("192.0.2.2"), out var other).ShouldBeTrue();
        await cancel.CancelAsync();
        foreach (var waiting in new[] { first, second, other })
        {
            await waiting.ShouldThrowAsync<OperationCanceledException>();
        }

        await Poll.UntilAsync(() => shelf.UsedSlots == 0);
        gate.SetResult();
        _spool.Reads.ShouldBe(0);

        bool TryAsk(string rendition, IPAddress client, out Task<Download?> download) => shelf.TryGet(key with { Rendition = rendition }, 4,
            client, _ => Task.FromResult<DownloadPlan?>(plan), out download, cancel.Token);
    }

    [Theory]
    [InlineData(null, "source/audio")]
    [InlineData("720p", "720p/audio")]
    [InlineData("audio", "audio")]
    [InlineData("commentary", "commentary")]
    [InlineData("1080p", null)]
    public void Video_is_downloaded_with_the_first_audio_rendition_and_audio_by_itself(string? wanted, string? expected)
    {
        var story = new FakePackager().Video().Video("720p", 1280, 720).Audio().Audio("commentary", "en").Segments(3);
        var plan = DownloadPlan.Of(SessionSnapshot.Of(story.Listen()), wanted);
        (plan is null ? null : string.Join('/', plan.Tracks.Select(track => track.Name))).ShouldBe(expected);
    }
}
