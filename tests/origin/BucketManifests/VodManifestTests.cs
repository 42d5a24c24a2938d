using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Origin.BucketManifests;
using Broadcast.Origin.Tests.Conformance;
using Broadcast.Origin.Tests.Dash;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Origin.Tests.Vod;
using Broadcast.Origin.Vod;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.BucketManifests;

/// <summary>Manifests of recordings in a bucket, for viewers without access to the server.</summary>
public class VodManifestTests
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";
    private static readonly string Folder = $"vod/{FakePackager.First}/";

    /// <summary>A minute in segments of two seconds, a third of it in an index block.</summary>
    private static FakePackager Minute() => new FakePackager(recorded: true).Video().Audio().Segments(30, bytes: 1000).Sheet(0, 50)
        .IndexBlock(11);

    private static VodManifestPublisher Writer(OriginServer server, FakeRecordingCatalog catalog, ListStore store,
        IViewerAuthorizer? authority = null) => new(
        server.Get<RecordingTimelineCache>(), server.Directory, server.Get<VodPlaylists>(), server.Spool, store,
        Options.Create(new OriginOptions()), server.Time,
        NullLogger<VodManifestPublisher>.Instance, catalog, authority);

    private static async Task<(OriginServer Server, FakeRecordingCatalog Catalog)> ServerAsync()
    {
        var catalog = new FakeRecordingCatalog();
        var server = await OriginServer.StartAsync(null, catalog);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(301));
        return (server, catalog);
    }

    /// <summary>Runs the writer after a pause longer than its minimum interval.</summary>
    private static async Task LookAsync(OriginServer server, VodManifestPublisher writer, int seconds = 60)
    {
        server.Time.Advance(TimeSpan.FromSeconds(seconds));
        await writer.CheckAsync(CancellationToken.None);
    }

    private static List<long> Numbers(ListStore store, string rendition = "source") =>
        [.. new HlsPlaylist(store.Text($"{Folder}{rendition}.m3u8")).Segments.Select(segment => segment.Number)];

    [Fact]
    public async Task Recording_manifests_resolve_to_the_media_at_its_original_location()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Minute().End().Journal();
        server.Find(story);
        var store = new ListStore();
        catalog.Add(story.Session);
        await LookAsync(server, Writer(server, catalog, store));

        store.Names.ShouldBe([Folder + "audio.m3u8", Folder + "index.m3u8", Folder + "manifest.mpd", Folder + "source.m3u8"]);
        HlsRules.Multivariant.Broken(new HlsPlaylist(store.Text(Folder + "index.m3u8"))).ShouldBeEmpty();
        foreach (var rendition in (string[])["source", "audio"])
        {
            var playlist = new HlsPlaylist(store.Text($"{Folder}{rendition}.m3u8"));
            HlsRules.Media.Broken(playlist).ShouldBeEmpty(playlist.Text);
            (playlist.IsEnded, playlist.Segments.Count).ShouldBe((true, 30));
            foreach (var address in playlist.Segments.SelectMany(segment => new[] { segment.Uri, segment.Map }))
            {
                // For any combination of bucket prefix and CDN path.
                var path = new Uri(new Uri($"https://cdn.example.org/video/{Folder}{rendition}.m3u8"), address).AbsolutePath;
                path.ShouldStartWith("/video/");
                story.Objects.Keys.ShouldContain(path["/video/".Length..]);
            }
        }

        var text = store.Text(Folder + "manifest.mpd");
        var mpd = XElement.Parse(text);
        (mpd.Attribute("type")!.Value, mpd.Element(Mpd + "BaseURL")!.Value).ShouldBe(("static", $"../../live/demo/{FakePackager.First}/"));
        mpd.Elements(Mpd + "UTCTiming").ShouldBeEmpty("no server of ours answers");
        (await Schema.ValidateAsync(text)).ShouldBeEmpty();
        store.HeadersOf(Folder + "source.m3u8")
            .ShouldBe(new ObjectHeaders("application/vnd.apple.mpegurl", "public, max-age=60, stale-if-error=3"));
    }

    [Fact]
    public async Task Unchanged_manifests_are_not_written_again_even_by_the_next_process()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Minute().End().Journal();
        server.Find(story);
        var store = new ListStore();
        var writer = Writer(server, catalog, store);
        catalog.Add(story.Session);
        await LookAsync(server, writer);
        store.Puts.ShouldBe(4);
        await LookAsync(server, writer, 3600);
        await LookAsync(server, Writer(server, catalog, store));
        store.Puts.ShouldBe(4);
    }

    [Fact]
    public async Task Trim_replaces_manifests_and_hiding_or_deleting_removes_them_even_without_a_running_process()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Minute().End().Journal();
        server.Find(story);
        var store = new ListStore();
        var writer = Writer(server, catalog, store);
        catalog.Add(story.Session);
        var clip = catalog.Clip(story.Session, 10, 20);
        await LookAsync(server, writer);
        Numbers(store).ShouldBe(Enumerable.Range(1, 30).Select(number => (long)number));
        store.Text($"vod/{clip.Id}/source.m3u8").ShouldEndWith("/10.m4s\n#EXT-X-ENDLIST\n");

        var trimmed = catalog.Add(story.Session, start: FakePackager.Start.AddSeconds(20), end: FakePackager.Start.AddSeconds(40));
        await LookAsync(server, writer);
        Numbers(store).ShouldBe(Enumerable.Range(11, 10).Select(number => (long)number));
        Numbers(store, "audio").ShouldBe(Enumerable.Range(11, 10).Select(number => (long)number));

        // The clock is set back, and the trim is reverted.
        server.Time.Step(-TimeSpan.FromHours(1));
        catalog.Add(story.Session);
        var next = Writer(server, catalog, store);
        await LookAsync(server, next);
        Numbers(store).Count.ShouldBe(30);

        catalog.Remove(clip);
        await LookAsync(server, next);
        store.Names.ShouldAllBe(name => name.StartsWith(Folder, StringComparison.Ordinal));
        store.Names.Count.ShouldBe(4);
        catalog.Remove(trimmed);
        await LookAsync(server, Writer(server, catalog, store));
        store.Names.ShouldBeEmpty();
    }

    [Fact]
    public async Task Manifests_are_written_once_the_session_has_ended_and_is_fully_stored()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Minute();
        server.Hear(story);
        var store = new ListStore();
        var writer = Writer(server, catalog, store);
        catalog.Add(story.Session);
        await LookAsync(server, writer);
        store.Names.ShouldBeEmpty("it goes on");

        server.Spool.Waiting.Add($"live/demo/{FakePackager.First}/audio/30.m4s");
        server.Hear(story.End());
        writer.Append(story.Session.Channel, story.Session.Id, [new TimelineEvent.Ended("over")]);
        await LookAsync(server, writer);
        store.Names.ShouldBeEmpty("a segment is on its way");

        server.Spool.Waiting.Clear();
        await LookAsync(server, writer);
        store.Names.Count.ShouldBe(4);
    }

    [Fact]
    public async Task Only_public_channels_have_recording_manifests()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Minute().End().Journal();
        server.Find(story);
        var (store, door) = (new ListStore(), new StubViewerAuthorizer { Access = ViewerAccess.Token });
        var writer = Writer(server, catalog, store, door);
        catalog.Add(story.Session);
        await LookAsync(server, writer);
        store.Names.ShouldBeEmpty();

        door.Access = ViewerAccess.Public;
        await LookAsync(server, writer);
        store.Names.Count.ShouldBe(4);
        door.Access = null;
        await LookAsync(server, writer);
        store.Names.Count.ShouldBe(4, "it is not known now");
        door.Access = ViewerAccess.Webhook;
        await LookAsync(server, writer);
        store.Names.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(ViewerAccess.Public, ViewerAccess.Token, false)]
    [InlineData(ViewerAccess.Token, ViewerAccess.Public, true)]
    public async Task Recording_with_its_own_access_overrides_the_access_of_its_channel(ViewerAccess channel, ViewerAccess recording,
        bool isListed)
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = new FakePackager(recorded: true, access: recording).Video().Segments(3).End().Journal();
        server.Find(story);
        var store = new ListStore();
        var writer = Writer(server, catalog, store, new StubViewerAuthorizer { Access = channel });
        catalog.Add(story.Session);
        await LookAsync(server, writer);
        (store.Names.Count > 0).ShouldBe(isListed);
    }

    [Fact]
    public async Task Store_failures_and_control_outages_lose_nothing_and_are_retried()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Minute().End().Journal();
        server.Find(story);
        var store = new ListStore { Failure = new ObjectStoreException(ObjectStoreErrorKind.Unreachable, "away") };
        var writer = Writer(server, catalog, store);
        catalog.Add(story.Session);
        await LookAsync(server, writer);
        store.Failure = null;
        await LookAsync(server, writer);
        store.Names.Count.ShouldBe(4);

        catalog.IsAway = true;
        await LookAsync(server, writer, 3600);
        store.Names.Count.ShouldBe(4);
        catalog.IsAway = false;
        catalog.Add(story.Session, start: FakePackager.Start.AddSeconds(20));
        store.Failure = new ObjectStoreException(ObjectStoreErrorKind.Busy, "busy");
        await LookAsync(server, writer);
        Numbers(store).Count.ShouldBe(30);
        store.Failure = null;
        await LookAsync(server, writer);
        Numbers(store).Count.ShouldBe(20);
    }

    [Fact]
    public async Task Recordings_that_always_fail_do_not_keep_the_others_from_being_listed()
    {
        var (server, catalog) = await ServerAsync();
        await using var _ = server;
        var story = Minute().End().Journal();
        server.Find(story);
        var clips = Enumerable.Range(0, 12).Select(i => catalog.Clip(story.Session, i, 40 + i)).ToList();
        var denied = clips.Where((_, i) => i % 2 == 0).Select(clip => clip.Id.Value).ToList();
        var store = new ListStore { IsDenied = name => denied.Exists(id => name.Contains(id, StringComparison.Ordinal)) };
        var writer = Writer(server, catalog, store);
        for (var pass = 0; pass < 6; pass++)
        {
            await LookAsync(server, writer);
        }

        store.Names.Select(name => name.Split('/')[1]).Distinct().Order()
            .ShouldBe(clips.Select(clip => clip.Id.Value).Except(denied).Order());
        store.IsDenied = _ => false;
        await LookAsync(server, writer);
        store.Names.Select(name => name.Split('/')[1]).Distinct().Count().ShouldBe(12);
    }

    private sealed class StubViewerAuthorizer : IViewerAuthorizer
    {
        public ViewerAccess? Access { get; set; }

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) => Access;

        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
