using System.Net;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Dvr;

public class TimeRangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 13, 0, 0, TimeSpan.Zero);

    private static string Source(string query) => $"/live/demo/{FakePackager.First}/source.m3u8{query}";

    /// <summary>Five minutes in segments of two seconds, from noon, half of it in index blocks.</summary>
    private static FakePackager FiveMinutes(TimeSpan? rewind = null) =>
        new FakePackager(rewind: rewind ?? TimeSpan.FromHours(1)).Video().Audio().Segments(30, bytes: 1000).Discontinuity()
        .Segments(30, bytes: 1000).IndexBlock(31).Segments(30, bytes: 1000).IndexBlock(91).Segments(60, bytes: 1000);

    private static async Task<OriginServer> ServerAsync(FakePackager story)
    {
        var server = (await OriginServer.StartAsync()).Hear(story);
        server.Time.Advance(TimeSpan.FromSeconds(291));
        return server;
    }

    [Theory]
    [InlineData("2026-03-01T12:00:00Z", "2026-03-01T12:10:00Z", "?start=2026-03-01T12:00:00Z&end=2026-03-01T12:10:00Z")]
    [InlineData("2026-03-01T12:00:00", null, "?start=2026-03-01T12:00:00Z")]
    [InlineData("2026-03-01T14:00:00 02:00", null, "?start=2026-03-01T12:00:00Z")]
    [InlineData("2026-03-01T12:00:00.75Z", "2026-03-01T12:00:01.25Z", "?start=2026-03-01T12:00:00Z&end=2026-03-01T12:00:02Z")]
    [InlineData("20260301T120000Z", null, "?start=2026-03-01T12:00:00Z")]
    [InlineData("1772366400", "1772366460", "?start=2026-03-01T12:00:00Z&end=2026-03-01T12:01:00Z")]
    [InlineData("-90", null, "?start=2026-03-01T12:58:30Z")]
    [InlineData("-PT1H30M", "-PT30M", "?start=2026-03-01T11:30:00Z&end=2026-03-01T12:30:00Z")]
    public void Times_are_parsed_in_several_formats_and_written_in_one(string start, string? end, string query)
    {
        var range = TimeRange.Parse(start, end, Now, out var error).ShouldNotBeNull(error);
        range.Query.ShouldBe(query);
        range.IsCanonical(TimeRange.Text(range.Start), range.End is { } to ? TimeRange.Text(to) : null).ShouldBeTrue();
        var again = TimeRange.Parse(TimeRange.Text(range.Start), range.End is { } until ? TimeRange.Text(until) : null,
            Now.AddDays(3), out _);
        again.ShouldBe(range);
    }

    [Theory]
    [InlineData(null, "2026-03-01T12:00:00Z")]
    [InlineData("", null)]
    [InlineData("yesterday", null)]
    [InlineData("-", null)]
    [InlineData("--5", null)]
    [InlineData("-P", null)]
    [InlineData("-PT-5S", null)]
    [InlineData("-P1000000Y", null)]
    [InlineData("99999999999999999999999", null)]
    [InlineData("253402300799", null)]
    [InlineData("0", null)]
    [InlineData("1e9", null)]
    [InlineData("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z")]
    [InlineData("2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z")]
    [InlineData("2026-13-01T12:00:00Z", null)]
    [InlineData("2026-03-01T12:00:00Z", "x")]
    public void Invalid_time_range_is_an_error(string? start, string? end)
    {
        TimeRange.Parse(start, end, Now, out var error).ShouldBeNull();
        error.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Non_canonical_time_range_redirects_to_the_canonical_URL()
    {
        await using var server = await ServerAsync(FiveMinutes());
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = server.Address };
        using var response = await client.GetAsync("/t/secret/live/demo/index.m3u8?end=1772366580&start=-PT5M1S&x=1");
        response.StatusCode.ShouldBe(HttpStatusCode.Found);
        response.Headers.Location!.OriginalString.ShouldBe("index.m3u8?start=2026-03-01T12:00:00Z&end=2026-03-01T12:03:00Z");
        response.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromSeconds(1));
        using var good = await client.GetAsync("/t/secret/live/demo/" + response.Headers.Location);
        good.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var encoded = await client.GetAsync("/live/demo/index.m3u8?start=2026-03-01T12%3A00%3A00Z");
        encoded.StatusCode.ShouldBe(HttpStatusCode.OK, "what a proxy spells otherwise is the same, and is not sent round in circles");
    }

    [Fact]
    public async Task Past_time_range_is_a_complete_playlist_of_exactly_its_segments()
    {
        await using var server = await ServerAsync(FiveMinutes());
        const string Query = "?start=2026-03-01T12:00:54Z&end=2026-03-01T12:01:30Z";
        var multivariant = await server.Client.GetStringAsync("/live/demo/index.m3u8" + Query);
        multivariant.ShouldContain($"{FakePackager.First}/source.m3u8{Query}\n");
        multivariant.ShouldContain($"URI=\"{FakePackager.First}/audio.m3u8{Query}\"");
        foreach (var rendition in new[] { "source", "audio" })
        {
            using var response = await server.SendAsync(Source(Query).Replace("source", rendition, StringComparison.Ordinal));
            response.Headers.CacheControl!.ToString().ShouldBe("public, max-age=60");
            var playlist = await response.Content.ReadAsStringAsync();
            playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:28\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n");
            playlist.ShouldEndWith("45.m4s\n#EXT-X-ENDLIST\n");
            playlist.Split('\n').Count(line => line.EndsWith(".m4s", StringComparison.Ordinal)).ShouldBe(18);
            playlist.ShouldContain(
                $"#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:01:00.000Z\n#EXTINF:2.000,\n{rendition}/31.m4s\n");
        }

        (await server.Client.GetStringAsync(Source("?start=2026-03-01T12:01:10Z&end=2026-03-01T12:04:30Z"))).ShouldContain(
            "#EXT-X-MEDIA-SEQUENCE:36\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
        (await server.Client.GetStringAsync(Source("?start=2026-03-01T12:04:10Z&end=2026-03-01T12:04:30Z"))).ShouldContain(
            "#EXT-X-MEDIA-SEQUENCE:126\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
    }

    [Fact]
    public async Task Open_ended_time_range_grows_with_the_broadcast()
    {
        var story = FiveMinutes();
        await using var server = await ServerAsync(story);
        using var response = await server.SendAsync(Source("?start=2026-03-01T12:00:30Z"));
        response.Headers.CacheControl!.ToString().ShouldBe("public, max-age=1");
        var playlist = await response.Content.ReadAsStringAsync();
        playlist.ShouldContain("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n");
        playlist.ShouldContain("#EXT-X-MEDIA-SEQUENCE:16\n");
        playlist.ShouldContain("source/150.m4s");
        playlist.ShouldNotContain("ENDLIST");
        server.Hear(story.Segment(bytes: 1000));
        (await server.Client.GetStringAsync(Source("?start=2026-03-01T12:00:30Z"))).ShouldContain("source/151.m4s");
        server.Hear(story.End());
        (await server.Client.GetStringAsync(Source("?start=2026-03-01T12:00:30Z"))).ShouldEndWith("source/151.m4s\n#EXT-X-ENDLIST\n");
    }

    [Fact]
    public async Task Time_range_with_a_future_end_grows_as_an_event_if_nothing_is_removed()
    {
        var story = FiveMinutes(Broadcast.Media.DvrWindow.All);
        await using var server = await ServerAsync(story);
        const string Query = "?start=2026-03-01T12:04:30Z&end=2026-03-01T12:05:10Z";
        var growing = await server.Client.GetStringAsync(Source(Query));
        growing.ShouldContain("#EXT-X-PLAYLIST-TYPE:EVENT\n");
        growing.ShouldEndWith("source/150.m4s\n");
        server.Hear(story.Segments(20, bytes: 1000));
        var whole = await server.Client.GetStringAsync(Source(Query));
        whole.ShouldStartWith(growing, Case.Sensitive, "only the end may change (RFC 8216bis, 6.2.1)");
        whole.ShouldEndWith("source/155.m4s\n#EXT-X-ENDLIST\n");
    }

    [Theory]
    [InlineData("?start=2026-03-01T12:04:30Z", true)]
    [InlineData("?start=2026-03-01T12:04:30Z", false)]
    [InlineData("?start=2026-03-01T12:04:30Z&end=2026-03-01T12:05:10Z", true)]
    [InlineData("?start=2026-03-01T12:04:30Z&end=2026-03-01T12:05:10Z", false)]
    public async Task Playlist_header_of_a_time_range_is_the_same_in_every_response(string query, bool all)
    {
        var story = FiveMinutes(all ? Broadcast.Media.DvrWindow.All : null);
        await using var server = await ServerAsync(story);
        var first = Head(await server.Client.GetStringAsync(Source(query)));
        first.Contains("#EXT-X-PLAYLIST-TYPE:EVENT", StringComparison.Ordinal).ShouldBe(all);
        server.Hear(story.Segments(20, bytes: 1000));
        Head(await server.Client.GetStringAsync(Source(query))).ShouldBe(first);
        server.Hear(story.End());
        Head(await server.Client.GetStringAsync(Source(query))).ShouldBe(first);

        static string Head(string playlist) => playlist[..playlist.IndexOf("#EXT-X-MAP", StringComparison.Ordinal)];
    }

    [Fact]
    public async Task Time_range_lists_the_renditions_that_have_segments_in_it()
    {
        var story = new FakePackager(rewind: TimeSpan.FromHours(1)).Video().Audio().Segments(60, bytes: 1000);
        story.IndexBlock(31).Add("late", new RenditionFormat(TrackKind.Video, "hvc1.1.6.L93.B0", 90_000, 640, 360, 30, 0, 0, null));
        for (var number = 61; number <= 90; number++)
        {
            story.Open("source").Close("source").Open("audio").Close("audio");
            story.Say(new TimelineEvent.PartReady(
                "late", number, 0, 1, new((number - 1) * 180_000, 90_000), new(180_000, 90_000), true,
                FakePackager.Start.AddSeconds((number - 1) * 2),
                ObjectName.Parse($"live/demo/{FakePackager.First}/late/{number}.m4s"), 0, 10));
            story.Say(new TimelineEvent.SegmentClosed("late", number));
        }

        await using var server = await ServerAsync(story);
        foreach (var (query, listed) in new[]
        {
            ("?start=2026-03-01T12:00:10Z&end=2026-03-01T12:01:50Z", new[] { "audio", "source" }),
            ("?start=2026-03-01T12:00:10Z&end=2026-03-01T12:02:10Z", ["audio", "late", "source"]),
            ("?start=2026-03-01T12:02:10Z", ["audio", "late", "source"]),
        })
        {
            var multivariant = await server.Client.GetStringAsync("/live/demo/index.m3u8" + query);
            var addresses = multivariant.Split('\n', '"').Where(text => text.EndsWith(query, StringComparison.Ordinal)).Distinct()
                .Order().ToList();
            addresses.ShouldBe(listed.Select(name => $"{FakePackager.First}/{name}.m3u8{query}"));
            multivariant.Contains("SCORE=", StringComparison.Ordinal).ShouldBe(listed.Length == 3, "one codec needs no ranks");
            foreach (var address in addresses)
            {
                using var response = await server.SendAsync("/live/demo/" + address);
                response.StatusCode.ShouldBe(HttpStatusCode.OK, address);
            }
        }
    }

    [Theory]
    [InlineData("?start=tomorrow", HttpStatusCode.BadRequest, "2026-03-01T12:00:00Z, seconds since 1970")]
    [InlineData("?end=2026-03-01T12:00:00Z", HttpStatusCode.BadRequest, "'start'")]
    [InlineData("?start=2026-03-01T12:01:00Z&end=2026-03-01T12:00:00Z", HttpStatusCode.BadRequest, "after 'start'")]
    [InlineData("?start=2026-03-01T13:00:00Z", HttpStatusCode.NotFound, "in the future")]
    [InlineData("?start=2026-03-01T11:00:00Z&end=2026-03-01T11:30:00Z", HttpStatusCode.NotFound, "starts at 2026-03-01T12:00:00Z")]
    public async Task Unavailable_time_range_is_rejected_with_a_reason(string query, HttpStatusCode status, string words)
    {
        await using var server = await ServerAsync(FiveMinutes());
        foreach (var address in new[] { "/live/demo/index.m3u8" + query, Source(query) })
        {
            using var response = await server.SendAsync(address);
            response.StatusCode.ShouldBe(status);
            (await response.Content.ReadAsStringAsync()).ShouldContain(words);
            response.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
        }
    }

    [Fact]
    public async Task Request_for_another_time_range_gets_503_while_all_rendering_slots_are_busy()
    {
        await using var server = await ServerAsync(FiveMinutes());
        var (gate, before) = (new TaskCompletionSource(), OverloadCounts.Of(OverloadReason.Ranges));
        var drawing = TakeAllSlots(server, gate.Task);
        const string Query = "?start=2026-03-01T12:00:55Z&end=2026-03-01T12:01:30Z";
        foreach (var address in new[] { Source(Query), "/live/demo/index.m3u8" + Query, "/live/demo/manifest.mpd" + Query })
        {
            using var response = await server.SendAsync(address);
            response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
            response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }

        server.Spool.Reads.ShouldBe(0);
        OverloadCounts.Of(OverloadReason.Ranges).ShouldBeGreaterThanOrEqualTo(before + 3);
        gate.SetResult();
        await drawing;
        using var again = await server.SendAsync(Source(Query));
        again.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Ended_time_range_is_rendered_once_and_a_growing_one_once_per_version()
    {
        const string Over = "?start=2026-03-01T12:00:55Z&end=2026-03-01T12:01:30Z";
        const string Growing = "?start=2026-03-01T12:04:30Z";
        var story = FiveMinutes();
        await using var server = await ServerAsync(story);
        var over = await server.Client.GetStringAsync(Source(Over));
        var growing = await server.Client.GetStringAsync(Source(Growing));

        // No rendering slot is free meanwhile, so a response comes from the cache.
        var gate = new TaskCompletionSource();
        var drawing = TakeAllSlots(server, gate.Task);
        (await server.Client.GetStringAsync(Source(Growing))).ShouldBe(growing);
        server.Hear(story.Segment(bytes: 1000));
        (await server.Client.GetStringAsync(Source(Over))).ShouldBe(over);
        using (var newer = await server.SendAsync(Source(Growing)))
        {
            newer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        }

        gate.SetResult();
        await drawing;
        (await server.Client.GetStringAsync(Source(Growing))).ShouldContain("source/151.m4s");
    }

    [Fact]
    public async Task Only_index_blocks_of_the_requested_and_the_reference_rendition_are_read()
    {
        // The first rendition in order leads while it is available, then the second.
        var story = new FakePackager(rewind: TimeSpan.FromHours(1)).Video("gone", 640, 360).Video().Audio().Audio("other", "fr")
            .Segments(30, bytes: 1000).Discontinuity();
        await using var server = await ServerAsync(story);
        for (var i = 0; i < 60; i++)
        {
            story.Open("source").Open("audio").Open("other").Close("source").Close("audio").Close("other");
        }

        server.Hear(story.IndexBlock(31).IndexBlock(61));
        var view = SessionSnapshot.Of(server.Directory.FindChannel(story.Session.Channel)!.Current!);
        foreach (var isLost in new[] { false, true })
        {
            if (isLost)
            {
                server.Spool.Objects.Remove($"live/demo/{FakePackager.First}/chapters/1-30.chapter").ShouldBeTrue();
            }

            var shelf = new IndexBlockCache(server.Spool, Microsoft.Extensions.Options.Options.Create(new OriginOptions()));
            foreach (var (range, leader) in new[]
            {
                (TimeRange.Everything, isLost ? null : "gone"),
                (new(FakePackager.Start, FakePackager.Start.AddSeconds(30)), isLost ? null : "gone"),
                (new(FakePackager.Start.AddSeconds(70), FakePackager.Start.AddSeconds(90)), "source"),
                (new(FakePackager.Start.AddSeconds(150), null), "source"),
            })
            {
                var all = await view.CutAsync(range, shelf);
                (all is null).ShouldBe(isLost && range.End == FakePackager.Start.AddSeconds(30));
                foreach (var rendition in all?.Renditions ?? [])
                {
                    var cut = (await view.CutAsync(range, shelf, rendition.Name)).ShouldNotBeNull();
                    if (leader is not null)
                    {
                        cut.Renditions.Select(other => other.Name).ShouldBe(new[] { leader, rendition.Name }.Distinct(), ignoreOrder: true);
                    }

                    var own = cut.Renditions.Single(other => other.Name == rendition.Name);
                    own.Segments.ShouldBe(rendition.Segments);
                    cut.DiscontinuitiesBefore(own.Segments[0].Number).ShouldBe(all!.DiscontinuitiesBefore(own.Segments[0].Number));
                }
            }
        }
    }

    [Fact]
    public async Task Time_range_before_the_DVR_window_starts_with_it_and_is_cached_briefly()
    {
        var story = FiveMinutes();
        await using var server = await ServerAsync(story);
        story.Say(new TimelineEvent.DvrWindowMoved(31));
        server.Hear(story);
        using var response = await server.SendAsync(Source("?start=2026-03-01T12:00:30Z&end=2026-03-01T12:01:10Z"));
        (await response.Content.ReadAsStringAsync()).ShouldContain("#EXT-X-MEDIA-SEQUENCE:31\n");
        response.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData("source.m3u8")]
    [InlineData("manifest.mpd")]
    public async Task Times_within_a_segment_redirect_to_the_URL_of_its_boundary_and_only_once(string file)
    {
        await using var server = await ServerAsync(FiveMinutes());
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = server.Address };
        foreach (var (query, canonical) in new[]
        {
            ("?start=2026-03-01T12:00:55Z&end=2026-03-01T12:01:31Z", "?start=2026-03-01T12:00:54Z&end=2026-03-01T12:01:32Z"),
            ("?start=2026-03-01T12:01:01Z", "?start=2026-03-01T12:01:00Z"),
            ("?start=2026-03-01T12:03:01Z", "?start=2026-03-01T12:03:00Z"),
            ("?start=2026-03-01T12:04:31Z&end=2027-01-01T00:00:00Z", "?start=2026-03-01T12:04:30Z&end=2027-01-01T00:00:00Z"),
            ("?start=2026-02-28T12:00:00Z", "?start=2026-03-01T12:00:00Z"),
            ("?start=-PT3M50S", "?start=2026-03-01T12:01:10Z"),
        })
        {
            using var response = await client.GetAsync(Source(query).Replace("source.m3u8", file, StringComparison.Ordinal));
            (response.StatusCode, response.Headers.Location?.OriginalString).ShouldBe((HttpStatusCode.Found, file + canonical));
            using var good = await client.GetAsync(Source(canonical).Replace("source.m3u8", file, StringComparison.Ordinal));
            good.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task End_after_the_end_of_the_session_redirects_to_the_open_ended_range()
    {
        var story = FiveMinutes();
        await using var server = await ServerAsync(story);
        server.Hear(story.End());
        using var response = await server.SendAsync(Source("?start=2026-03-01T12:01:10Z&end=2026-03-01T19:00:00Z"));
        response.RequestMessage!.RequestUri!.Query.ShouldBe("?start=2026-03-01T12:01:10Z");
        (await response.Content.ReadAsStringAsync()).ShouldEndWith("source/150.m4s\n#EXT-X-ENDLIST\n");
    }

    [Fact]
    public async Task Media_playlists_of_starts_that_have_left_the_DVR_window_share_one_rendering()
    {
        var story = FiveMinutes();
        await using var server = await ServerAsync(story);
        story.Say(new TimelineEvent.DvrWindowMoved(31));
        server.Hear(story);
        var first = await server.Client.GetStringAsync(Source("?start=2026-03-01T12:00:10Z"));
        var taken = new TaskCompletionSource();
        var drawing = TakeAllSlots(server, taken.Task);
        (await server.Client.GetStringAsync(Source("?start=2026-03-01T12:00:11Z"))).ShouldBe(first, "without a slot");
        taken.SetResult();
        await drawing;
    }

    [Fact]
    public async Task Viewer_who_hangs_up_frees_the_slot_of_the_rendering()
    {
        await using var server = await ServerAsync(FiveMinutes());
        var gate = new TaskCompletionSource();
        server.Spool.Gate = gate.Task;
        using var cancel = new CancellationTokenSource();
        var request = server.Client.GetAsync(Source("?start=2026-03-01T12:00:10Z"), cancel.Token);
        await Poll.UntilAsync(() => server.Get<TimeRangeCache>().UsedSlots == 1);
        await cancel.CancelAsync();
        await request.ShouldThrowAsync<OperationCanceledException>();
        await Poll.UntilAsync(() => server.Get<TimeRangeCache>().UsedSlots == 0);
        gate.SetResult();
    }

    private static Task TakeAllSlots(OriginServer server, Task until) => Task.WhenAll(Enumerable.Range(0, 2).Select(i =>
    {
        server.Get<TimeRangeCache>().TryGet(new RangeKey(FakePackager.First, $"long{i}", TimeRange.Everything), 1, long.MaxValue, default,
            async _ =>
            {
                await until;
                return null;
            }, out var drawing).ShouldBeTrue();
        return drawing;
    }).ToList());
}
