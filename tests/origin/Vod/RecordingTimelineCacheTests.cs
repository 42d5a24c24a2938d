using System.Net;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Origin.Vod;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Vod;

public class RecordingTimelineCacheTests
{
    private static FakePackager Story(SessionId? id = null) => new FakePackager(id, recorded: true).Video().Audio()
        .Segments(20, bytes: 1000).IndexBlock(11);

    private static async Task<(OriginServer Server, FakeRecordingCatalog Catalog)> ServerAsync(params (string, string)[] settings)
    {
        var catalog = new FakeRecordingCatalog();
        var server = await OriginServer.StartAsync(null, catalog, settings);
        server.Time.AdvanceTo(FakePackager.Start.AddMinutes(30));
        return (server, catalog);
    }

    /// <summary>Adds sessions with unreadable journals, whose loads read the spool.</summary>
    private static List<SessionId> AddUnreadable(OriginServer server, int count)
    {
        var ids = Enumerable.Range(2, count).Select(hour => SessionId.New(FakePackager.Start.AddHours(hour))).ToList();
        ids.ForEach(id => server.Spool.Objects[$"journal/demo/{id}/1-00000001.jsonl"] = [1, 2, 3]);
        return ids;
    }

    [Fact]
    public async Task Journal_is_read_once_for_concurrent_requests_and_then_cached()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Story().End().Journal();
        server.Find(story);
        var recording = catalog.Add(story.Session);
        await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(i => server.Client.GetStringAsync($"/vod/{recording.Id}/{(i % 2 == 0 ? "source" : "audio")}.m3u8")));
        server.Spool.Reads.ShouldBe(2, "the journal and a chapter");
        server.Get<RecordingTimelineCache>().Bytes.ShouldBe(story.Objects[$"journal/demo/{FakePackager.First}/1-00000001.jsonl"].Length);
    }

    [Fact]
    public async Task Index_blocks_that_the_journal_lists_in_an_object_are_played_and_count_toward_the_limit()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Story().End().Journal(listsIndexBlocks: true);
        server.Find(story);
        var recording = catalog.Add(story.Session);
        var playlist = await server.Client.GetStringAsync($"/vod/{recording.Id}/source.m3u8");
        playlist.ShouldContain("/1.m4s\n");
        playlist.ShouldEndWith("/20.m4s\n#EXT-X-ENDLIST\n");
        server.Spool.Reads.ShouldBe(3, "the journal, the list and an index block");
        server.Get<RecordingTimelineCache>().Bytes.ShouldBe(story.Objects.Where(one => one.Key.EndsWith(".jsonl", StringComparison.Ordinal)
            || one.Key.EndsWith(".chapters", StringComparison.Ordinal)).Sum(one => one.Value.Length));
    }

    [Fact]
    public async Task Session_cache_is_bounded_and_evicted_sessions_are_read_again()
    {
        var (server, catalog) = await ServerAsync(("Origin:RecordingCacheBytes", "1048576"));
        await using var _ = server;
        var recordings = new List<RecordingRange>();
        for (var i = 0; i < 20; i++)
        {
            var story = new FakePackager(SessionId.New(FakePackager.Start.AddHours(i)), recorded: true).Video().Segments(400, bytes: 10)
                .End().Journal();
            server.Find(story);
            recordings.Add(catalog.Add(story.Session));
        }

        foreach (var recording in recordings.Concat(recordings))
        {
            (await server.Client.GetStringAsync($"/vod/{recording.Id}/source.m3u8")).ShouldEndWith("#EXT-X-ENDLIST\n");
            server.Get<RecordingTimelineCache>().Bytes.ShouldBeInRange(100_000, 1_048_576);
        }
    }

    [Fact]
    public async Task Corrupt_journal_falls_back_to_the_previous_one_and_a_missing_journal_is_404()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Story().End().Journal(7);
        server.Find(story);
        server.Spool.Objects[$"journal/demo/{FakePackager.First}/1-00000008.jsonl"] = [1, 2, 3];
        var recording = catalog.Add(story.Session);
        (await server.Client.GetStringAsync($"/vod/{recording.Id}/source.m3u8")).ShouldEndWith("/20.m4s\n#EXT-X-ENDLIST\n");

        server.Get<RecordingTimelineCache>().Forget(story.Session.Channel, story.Session.Id);
        server.Get<RecordingTimelineCache>().Bytes.ShouldBe(0);
        server.Spool.Objects.Remove($"journal/demo/{FakePackager.First}/1-00000007.jsonl");
        using var gone = await server.SendAsync($"/vod/{recording.Id}/audio.m3u8");
        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Session_of_a_killed_process_is_complete_to_its_last_part_and_eventually_ends()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Story().Open("source", bytes: 1000).Journal(end: JournalEnd.Open);
        server.Find(story);
        var recording = catalog.Add(story.Session);
        server.Time.Step(FakePackager.Start.AddSeconds(60) - server.Time.GetUtcNow());
        var open = await server.Client.GetStringAsync($"/vod/{recording.Id}/source.m3u8");
        open.ShouldEndWith("/21.m4s\n", Case.Sensitive, "it may go on");
        (await server.Client.GetStringAsync($"/vod/{recording.Id}/audio.m3u8")).ShouldContain("#EXT-X-GAP\n");

        server.Find(story.Close("source").Segment(bytes: 1000).Journal(2, JournalEnd.Open));
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(70));
        (await server.Client.GetStringAsync($"/vod/{recording.Id}/source.m3u8")).ShouldEndWith("/22.m4s\n", Case.Sensitive, "and does");
        server.Time.AdvanceTo(FakePackager.Start.AddMinutes(10));
        (await server.Client.GetStringAsync($"/vod/{recording.Id}/source.m3u8")).ShouldEndWith("/22.m4s\n#EXT-X-ENDLIST\n");
    }

    [Fact]
    public async Task Requests_beyond_the_limit_of_loads_get_503_and_those_of_a_cached_session_do_not()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var (cached, other) = (Story().End().Journal(), Story(FakePackager.Second).End().Journal());
        server.Find(cached);
        server.Find(other);
        var (first, second) = (catalog.Add(cached.Session), catalog.Add(other.Session));
        (await server.SendAsync($"/vod/{first.Id}/poster.jpg")).Dispose();
        var ids = AddUnreadable(server, RecordingTimelineCache.MaxLoads);
        var gate = new TaskCompletionSource();
        server.Spool.Gate = gate.Task;
        var loading = new List<Task>();
        for (var i = 0; i < ids.Count; i++)
        {
            server.Get<RecordingTimelineCache>().TryOpen(cached.Session.Channel, ids[i], IPAddress.Parse($"198.51.100.{i / 32}"),
                out var opening, default).ShouldBeTrue();
            loading.Add(opening);
        }

        using (var known = await server.SendAsync($"/vod/{first.Id}/poster.jpg"))
        {
            known.StatusCode.ShouldBe(HttpStatusCode.NotFound, "it has no poster");
        }

        var before = OverloadCounts.Of(OverloadReason.Timelines);
        foreach (var address in new[] { $"/vod/{second.Id}/source.m3u8", $"/live/demo/{FakePackager.Second}/source/1.m4s" })
        {
            using var refused = await server.SendAsync(address);
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, address);
            refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
            refused.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }

        OverloadCounts.Of(OverloadReason.Timelines).ShouldBeGreaterThanOrEqualTo(before + 2);
        gate.SetResult();
        await Task.WhenAll(loading);
        using var again = await server.SendAsync($"/vod/{second.Id}/source.m3u8");
        again.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Client_has_at_most_half_of_the_loads_and_an_abandoned_load_ends()
    {
        var (server, _) = await ServerAsync();
        await using var s = server;
        var ids = new Queue<SessionId>(AddUnreadable(server, 1000));
        server.Spool.Gate = new TaskCompletionSource().Task;
        var timelines = server.Get<RecordingTimelineCache>();
        using var leave = new CancellationTokenSource();
        bool TryOpen(string client, out Task opening)
        {
            var isAvailable = timelines.TryOpen(ChannelName.Parse("demo"), ids.Dequeue(), IPAddress.Parse(client), out var session,
                leave.Token);
            opening = session;
            return isAvailable;
        }

        var loading = new List<Task>();
        for (var i = 0; i < RecordingTimelineCache.MaxLoads / 2; i++)
        {
            TryOpen("198.51.100.1", out var opening).ShouldBeTrue();
            loading.Add(opening);
        }

        TryOpen("198.51.100.1", out _).ShouldBeFalse();
        TryOpen("198.51.100.2", out var last).ShouldBeTrue();
        loading.Add(last);
        await leave.CancelAsync();
        foreach (var opening in loading)
        {
            await Should.ThrowAsync<OperationCanceledException>(opening);
        }

        await Poll.UntilAsync(() => TryOpen("198.51.100.1", out _));
    }

    [Fact]
    public async Task Store_failure_gets_503_and_the_next_request_reads_again()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Story().End().Journal();
        server.Find(story);
        var recording = catalog.Add(story.Session);
        string[] addresses = [$"/vod/{recording.Id}/source.m3u8", $"/vod/{recording.Id}/manifest.mpd",
            $"/live/demo/{FakePackager.First}/source/1.m4s"];
        server.Spool.Failure = new IOException("the test's store fails");
        foreach (var address in addresses)
        {
            using var refused = await server.SendAsync(address);
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, address);
            refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        }

        server.Spool.Failure = null;
        foreach (var address in addresses)
        {
            using var good = await server.SendAsync(address);
            good.StatusCode.ShouldBe(HttpStatusCode.OK, address);
        }
    }

    [Fact]
    public async Task Catalog_outage_gets_503_with_Retry_After()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Story().End().Journal();
        server.Find(story);
        catalog.Add(story.Session);
        catalog.IsAway = true;
        foreach (var address in new[] { $"/vod/{FakePackager.First}/index.m3u8", $"/auth/vod/{FakePackager.First}/index.m3u8",
            $"/live/demo/{FakePackager.First}/source/1.m4s" })
        {
            using var away = await server.SendAsync(address);
            away.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, address);
            away.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
            away.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Media_of_an_ended_session_is_served_only_while_it_has_a_recording()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Story().End().Journal();
        server.Find(story);
        var folder = $"/live/demo/{FakePackager.First}/";
        using (var unrecorded = await server.SendAsync(folder + "source/1.m4s"))
        {
            unrecorded.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        server.Time.Advance(TimeSpan.FromSeconds(6));
        var recording = catalog.Add(story.Session);
        var asked = catalog.Asked;
        for (var number = 1; number <= 20; number++)
        {
            using var segment = await server.SendAsync($"{folder}source/{number}.m4s");
            segment.StatusCode.ShouldBe(HttpStatusCode.OK);
            segment.Headers.ETag.ShouldNotBeNull();
        }

        (catalog.Asked - asked).ShouldBe(1, "not every segment asks");
        foreach (var other in new[] { "source.m3u8", "manifest.mpd", "source/21.m4s", "source/1.0.m4s", "other/1.m4s", "thumbnails.vtt" })
        {
            using var nothing = await server.SendAsync(folder + other);
            nothing.StatusCode.ShouldBe(HttpStatusCode.NotFound, other);
        }

        catalog.Remove(recording);
        server.Time.Advance(TimeSpan.FromSeconds(6));
        using var gone = await server.SendAsync(folder + "source/1.m4s");
        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Recording_is_not_affected_by_another_session_of_the_channel()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Story().End().Journal();
        server.Hear(story);
        var recording = catalog.Add(story.Session);
        var before = await server.Client.GetStringAsync($"/vod/{recording.Id}/manifest.mpd");
        server.Hear(Story(FakePackager.Second));
        server.Directory.Forget(story.Session.Channel, story.Session.Id);
        server.Get<RecordingTimelineCache>().Forget(story.Session.Channel, story.Session.Id);
        (await server.Client.GetStringAsync($"/vod/{recording.Id}/manifest.mpd")).ShouldBe(before);
        using var segment = await server.SendAsync($"/live/demo/{FakePackager.First}/source/1.m4s");
        segment.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
