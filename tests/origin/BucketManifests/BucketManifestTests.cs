using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Tests.Conformance;
using Broadcast.Origin.Tests.Dash;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.BucketManifests;

/// <summary>Manifests beside the media in a bucket, for viewers without access to the server.</summary>
public class BucketManifestTests
{
    private const string Index = "live/demo/index.m3u8";
    private const string ChannelMpd = "live/demo/manifest.mpd";
    private static readonly XNamespace Ns = "urn:mpeg:dash:schema:mpd:2011";
    private static readonly string Folder = $"live/demo/{FakePackager.First}/";

    [Fact]
    public async Task Manifests_use_the_origins_paths_so_that_relative_URLs_resolve_to_the_media()
    {
        var bucket = await new Bucket().HearAsync(new FakePackager().Video().Audio().Segments(3));

        bucket.Store.Names.ShouldBe([Folder + "audio.m3u8", Folder + "manifest.mpd", Folder + "source.m3u8", Index, ChannelMpd],
            ignoreOrder: true);
        bucket.Store.Text(Index).ShouldContain($"\n{FakePackager.First}/source.m3u8\n");
        bucket.List().Segments.Select(segment => segment.Uri).ShouldBe(["source/1.m4s", "source/2.m4s", "source/3.m4s"]);
        bucket.List().Segments[0].Map.ShouldBe("source/init-1.mp4");
        var mpd = XDocument.Parse(bucket.Store.Text(ChannelMpd)).Root!;
        mpd.Element(Ns + "BaseURL")!.Value.ShouldBe($"{FakePackager.First}/");
        mpd.Element(Ns + "Location").ShouldBeNull();
        XDocument.Parse(bucket.Store.Text(Folder + "manifest.mpd")).Root!.Element(Ns + "BaseURL").ShouldBeNull();
    }

    [Fact]
    public async Task Announced_but_not_stored_segment_is_not_listed_in_any_rendition()
    {
        var show = new FakePackager().Video().Audio().Segments(5);
        var bucket = await new Bucket().Hold("audio/4.m4s").HearAsync(show);

        bucket.Numbers().ShouldBe([1, 2, 3]);
        bucket.Numbers("audio").ShouldBe([1, 2, 3]);
        (await bucket.Arrive().LookAsync()).Numbers().ShouldBe([1, 2, 3, 4, 5]);
        bucket.Numbers("audio").ShouldBe([1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task Hidden_session_has_no_manifests_and_lists_nothing_older_once_it_is_shown()
    {
        var audience = new StubSessionVisibility();
        var show = new FakePackager(hidden: true).Video().Audio().Segments(4);
        var bucket = await new Bucket(audience: audience).HearAsync(show);
        bucket.Store.Names.ShouldBeEmpty();

        audience.Show(FakePackager.First, 3);
        (await bucket.LookAsync()).Numbers().ShouldBe([3, 4]);
        bucket.List().Segments[0].Number.ShouldBe(3);
        bucket.Numbers("audio").ShouldBe([3, 4]);
        bucket.Store.Text(Index).ShouldContain($"{FakePackager.First}/source.m3u8");
        show.Segments(1);
        (await bucket.HearAsync(show)).Numbers().ShouldBe([3, 4, 5]);
    }

    [Fact]
    public async Task Missing_init_segment_holds_back_the_segments_that_need_it()
    {
        var show = new FakePackager().Video().Segments(2).Change("source", format => format with { Width = 640, Height = 360 }).Segments(2);
        var bucket = await new Bucket().Hold("source/init-2.mp4").HearAsync(show);
        bucket.Numbers().ShouldBe([1, 2]);
        (await bucket.Arrive().LookAsync()).Numbers().ShouldBe([1, 2, 3, 4]);
    }

    [Fact]
    public async Task Captions_detected_late_are_added_to_the_existing_manifests()
    {
        var show = new FakePackager().Video().Audio().Segments(3);
        var bucket = await new Bucket().HearAsync(show);
        var before = Published();
        bucket.Store.Text(Index).ShouldNotContain("CLOSED-CAPTIONS=\"cc\"");

        await bucket.HearAsync(show.Caption("source", "CC1"));
        bucket.Store.Text(Index).ShouldContain("CLOSED-CAPTIONS=\"cc\"");
        XDocument.Parse(bucket.Store.Text(ChannelMpd)).Descendants(Ns + "Accessibility").ShouldHaveSingleItem();
        Published().ShouldNotBe(before);
        bucket.Numbers().ShouldBe([1, 2, 3]);

        string Published() => XDocument.Parse(bucket.Store.Text(ChannelMpd)).Root!.Attribute("publishTime")!.Value;
    }

    [Fact]
    public async Task Nothing_is_listed_before_every_rendition_has_a_segment()
    {
        var bucket = await new Bucket().Hold("audio/1.m4s").HearAsync(new FakePackager().Video().Audio().Segments(1));
        bucket.Store.Names.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("low")]
    [InlineData("standard")]
    [InlineData("safe")]
    public async Task Bucket_manifests_have_no_feature_that_needs_a_responding_server(string profile)
    {
        var bucket = await new Bucket().HearAsync(new FakePackager(latency: LatencyProfile.Find(profile), rewind: TimeSpan.FromHours(1),
            recorded: true) { KeyLength = 100 }.Video().Audio().Segments(6).Sheet(0).Open("source"));

        foreach (var name in bucket.Store.Names.Where(name => name.EndsWith(".m3u8", StringComparison.Ordinal)))
        {
            var text = bucket.Store.Text(name);
            foreach (var tag in (string[])["EXT-X-PART", "EXT-X-SERVER-CONTROL", "EXT-X-PRELOAD-HINT", "EXT-X-RENDITION-REPORT",
                "EXT-X-SKIP", "I-FRAME", "IMAGE-STREAM", "?"])
            {
                text.ShouldNotContain(tag, Case.Sensitive, name);
            }

            (name == Index ? HlsRules.Multivariant : HlsRules.Media).Broken(new HlsPlaylist(text)).ShouldBeEmpty(text);
        }

        foreach (var name in (string[])[ChannelMpd, Folder + "manifest.mpd"])
        {
            var mpd = XDocument.Parse(bucket.Store.Text(name)).Root!;
            mpd.Descendants(Ns + "PatchLocation").ShouldBeEmpty();
            mpd.Descendants().Attributes("availabilityTimeOffset").ShouldBeEmpty();
            mpd.Descendants(Ns + "SegmentTimeline").Count().ShouldBe(2, "segments are listed, not counted");
            mpd.Attribute("suggestedPresentationDelay")!.Value.ShouldBe(profile == "safe" ? "PT40S" : "PT12S");
            mpd.Elements(Ns + "UTCTiming").Select(clock => (string?)clock.Attribute("schemeIdUri"))
                .ShouldBe(["urn:mpeg:dash:utc:http-head:2014", "urn:mpeg:dash:utc:direct:2014"]);
            (await Schema.ValidateAsync(bucket.Store.Text(name))).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Gap_that_left_the_live_window_is_skipped_and_its_discontinuities_are_counted()
    {
        var show = new FakePackager().Video().Segments(5);
        var bucket = await new Bucket().HearAsync(show);

        bucket.Hold([.. Enumerable.Range(6, 20).Select(number => $"source/{number}.m4s")]);
        await bucket.HearAsync(show.Segments(4).Discontinuity().Segments(4).Discontinuity().Segments(10));
        bucket.Numbers().ShouldBe([1, 2, 3, 4, 5], "all waits for the sixth");

        bucket.Arrive("22.m4s", "23.m4s");
        (await bucket.HearAsync(show.Window(15))).Numbers().ShouldBe([1, 2, 3, 4, 5], "too little to begin with");
        bucket.Arrive("18.m4s", "19.m4s", "20.m4s", "21.m4s");
        (await bucket.LookAsync()).Numbers().ShouldBe([18, 19, 20, 21, 22, 23]);
        bucket.List().Segments.ShouldAllBe(segment => segment.DiscontinuitySequence == 2);
        bucket.Arrive();
        (await bucket.HearAsync(show.Segments(1))).Numbers().ShouldBe([18, 19, 20, 21, 22, 23, 24]);
    }

    [Fact]
    public async Task Late_and_reordered_uploads_break_no_rule_of_playlist_updates()
    {
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            var show = new FakePackager().Video().Audio();
            var bucket = new Bucket();
            var (seen, newest) = (new Dictionary<string, HlsPlaylist>(), 0);
            for (var step = 0; step < 120; step++)
            {
                if (random.Next(12) == 0)
                {
                    show.Discontinuity();
                }

                newest++;
                bucket.Hold($"source/{newest}.m4s", $"audio/{newest}.m4s");
                show.Segment(1 + (random.NextDouble() * 2));
                show.Window(Math.Max(1, newest - 12));
                foreach (var waiting in bucket.Spool.Waiting.Where(_ => random.Next(4) != 0 && step % 40 < 25).ToList())
                {
                    bucket.Spool.Waiting.Remove(waiting);
                }

                if (random.Next(25) == 0)
                {
                    // Another process continues.
                    var left = bucket.Spool.Waiting.ToList();
                    bucket = new Bucket(bucket.Store);
                    bucket.Spool.Waiting.UnionWith(left);
                    show.Unsent.Clear();
                    show.Unsent.AddRange(show.Events);
                }

                await bucket.HearAsync(show);
                foreach (var name in bucket.Store.Names.Where(name => name.StartsWith(Folder, StringComparison.Ordinal)
                    && name.EndsWith(".m3u8", StringComparison.Ordinal)))
                {
                    var (now, why) = (new HlsPlaylist(bucket.Store.Text(name)), $"{name}, seed {seed}, step {step}");
                    HlsRules.Media.Broken(now).ShouldBeEmpty(why);
                    if (seen.TryGetValue(name, out var before))
                    {
                        HlsChangeRules.Changes.Broken(new HlsChange(before, now)).ShouldBeEmpty($"{why}\n{before.Text}\n{now.Text}");
                    }

                    now.Segments.ShouldAllBe(segment => !bucket.Spool.Waiting.Contains(Folder + segment.Uri), why);
                    seen[name] = now;
                }
            }

            seen.Count.ShouldBe(2);
        }
    }

    [Fact]
    public async Task End_is_written_once_everything_is_stored_and_caches_may_keep_it()
    {
        var show = new FakePackager().Video().Segments(3);
        var bucket = await new Bucket().Hold("source/3.m4s").HearAsync(show.End());
        bucket.List().IsEnded.ShouldBeFalse();
        XDocument.Parse(bucket.Store.Text(ChannelMpd)).Root!.Attribute("type")!.Value.ShouldBe("dynamic");

        await bucket.Arrive().LookAsync();
        bucket.List().IsEnded.ShouldBeTrue();
        bucket.Numbers().ShouldBe([1, 2, 3]);
        XDocument.Parse(bucket.Store.Text(ChannelMpd)).Root!.Attribute("type")!.Value.ShouldBe("static");
        (await Schema.ValidateAsync(bucket.Store.Text(ChannelMpd))).ShouldBeEmpty();
        bucket.Store.HeadersOf(Folder + "source.m3u8")
            .ShouldBe(new ObjectHeaders("application/vnd.apple.mpegurl", "public, max-age=60, stale-if-error=3"));
        bucket.Store.HeadersOf(ChannelMpd).ShouldBe(new ObjectHeaders("application/dash+xml", "public, max-age=1, stale-if-error=3"));
    }

    [Fact]
    public async Task Unchanged_manifests_are_not_written_again()
    {
        var bucket = await new Bucket().HearAsync(new FakePackager().Video().Segments(3));
        var puts = bucket.Store.Puts;
        await bucket.LookAsync();
        await bucket.LookAsync();
        bucket.Store.Puts.ShouldBe(puts);
    }

    [Fact]
    public async Task Next_session_takes_the_channels_manifests_once_it_is_playable_and_keeps_them()
    {
        var first = new FakePackager().Video().Segments(3);
        var bucket = await new Bucket().HearAsync(first);
        var second = new FakePackager(FakePackager.Second).Video();
        bucket.Store.Text((await bucket.HearAsync(second)).Store.Names.First(name => name == Index))
            .ShouldContain($"{FakePackager.First}/");

        await bucket.HearAsync(second.Segments(1));
        bucket.Store.Text(Index).ShouldContain($"{FakePackager.Second}/");
        await bucket.HearAsync(first.Segments(1).End());
        bucket.Store.Text(Index).ShouldContain($"{FakePackager.Second}/");
        bucket.Store.Text(ChannelMpd).ShouldContain($"{FakePackager.Second}/");
        bucket.List().IsEnded.ShouldBeTrue("its own addresses tell its viewers");
    }

    [Fact]
    public async Task Another_process_continues_where_a_killed_one_stopped()
    {
        var show = new FakePackager().Video().Segments(10);
        var bucket = await new Bucket().Hold("source/9.m4s", "source/10.m4s").HearAsync(show);
        bucket.Numbers().Last().ShouldBe(8);

        // It knows less at first, so the newer manifest remains.
        var next = new Bucket(bucket.Store).Hold("source/7.m4s", "source/8.m4s", "source/9.m4s", "source/10.m4s");
        show.Unsent.AddRange(show.Events);
        (await next.HearAsync(show)).Numbers().Last().ShouldBe(8);
        show.Say(new TimelineEvent.Started(show.Session with { Epoch = 2 }));
        (await next.Arrive().HearAsync(show.Discontinuity().Segments(1))).Numbers().ShouldBe([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        bucket.Store.RankOf(Index).ShouldBe(new ManifestRank(FakePackager.First, 2, 11, IsEnded: false));

        // The first one was only suspended.
        show.Say(new TimelineEvent.Ended("of the dead"));
        (await bucket.Arrive().HearAsync(show)).List().IsEnded.ShouldBeFalse();
        bucket.Numbers().Last().ShouldBe(11);
    }

    [Fact]
    public async Task Failed_writes_are_retried_and_the_newest_manifest_wins()
    {
        var show = new FakePackager().Video().Segments(3);
        var bucket = await new Bucket().HearAsync(show);
        bucket.Store.Failure = new ObjectStoreException(ObjectStoreErrorKind.Unreachable, "away");
        await bucket.HearAsync(show.Segments(1));
        await bucket.HearAsync(show.Segments(1));
        bucket.Writer.Age.ShouldBeGreaterThan(TimeSpan.FromSeconds(9));
        bucket.Numbers().ShouldBe([1, 2, 3]);

        bucket.Store.Failure = null;
        (await bucket.LookAsync()).Numbers().ShouldBe([1, 2, 3, 4, 5]);
        bucket.Writer.Age.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task Channel_that_becomes_non_public_loses_its_manifests_and_gets_no_new_ones()
    {
        var door = new StubViewerAuthorizer { Access = ViewerAccess.Public };
        var show = new FakePackager().Video().Segments(3);
        var bucket = await new Bucket(authority: door).HearAsync(show);
        bucket.Store.Names.ShouldNotBeEmpty();

        door.Access = ViewerAccess.Token;
        await bucket.HearAsync(show.Segments(1));
        bucket.Spool.Deleted.ShouldBe([Index, ChannelMpd, Folder + "manifest.mpd", Folder + "source.m3u8"], ignoreOrder: true);
        bucket.Numbers().ShouldBe([1, 2, 3]);
        bucket.Store.Names.ToList().ForEach(bucket.Store.Remove);

        door.Access = ViewerAccess.Public;
        (await bucket.LookAsync()).Numbers().ShouldBe([1, 2, 3, 4]);
        bucket.Store.Names.Count.ShouldBe(4);
    }

    [Theory]
    [InlineData(ViewerAccess.Webhook)]
    [InlineData(null)]
    public async Task Nothing_is_written_for_a_channel_with_unknown_access(ViewerAccess? access) =>
        (await new Bucket(authority: new StubViewerAuthorizer { Access = access }).HearAsync(new FakePackager().Video()
            .Segments(3))).Store.Names
        .ShouldBeEmpty();

    [Fact]
    public async Task Deleting_a_session_deletes_its_manifests_but_not_those_of_a_newer_session()
    {
        var (first, second) = (new FakePackager().Video().Segments(3), new FakePackager(FakePackager.Second).Video().Segments(1));
        var bucket = await new Bucket().HearAsync(first);
        await bucket.HearAsync(second);
        Forget(first);
        bucket.Spool.Deleted.ShouldBe([Folder + "manifest.mpd", Folder + "source.m3u8"], ignoreOrder: true);

        Forget(second);
        bucket.Spool.Deleted.ShouldContain(Index);
        bucket.Spool.Deleted.ShouldContain(ChannelMpd);

        void Forget(FakePackager broadcaster)
        {
            bucket.Directory.Forget(broadcaster.Session.Channel, broadcaster.Session.Id);
            bucket.Writer.Forget(broadcaster.Session.Channel, broadcaster.Session.Id);
        }
    }

    private sealed class StubViewerAuthorizer : IViewerAuthorizer
    {
        public ViewerAccess? Access { get; set; }

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) => Access;

        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
