using System.Net;
using System.Xml.Linq;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Tests.Conformance;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Vod;

/// <summary>
/// Sessions that ended with the loss of their encoder: a recording ends where the encoder did, and contains the slate only where an encoder
/// returned after it.
/// </summary>
public class SlateVodTests
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";

    /// <summary>A minute of an encoder followed by the slate, in segments of two seconds, with a sprite sheet every ten seconds.</summary>
    private static FakePackager Lost(int slate = 10)
    {
        var story = new FakePackager(recorded: true).Video().Audio().Segments(30, bytes: 1000).Discontinuity(slate: true)
            .Segments(slate, bytes: 1000);
        for (var sheet = 0; sheet < (60 + (2 * slate)) / 10; sheet++)
        {
            story.Sheet(sheet * 10, 50);
        }

        return story;
    }

    private static async Task<(OriginServer Server, FakeRecordingCatalog Catalog)> ServerAsync(FakePackager story, bool isLive)
    {
        var catalog = new FakeRecordingCatalog();
        var server = await OriginServer.StartAsync(null, catalog);
        server.Time.AdvanceTo(FakePackager.Start.AddSeconds(301));
        _ = isLive ? server.Hear(story) : server.Find(story);
        return (server, catalog);
    }

    private static List<string> Segments(string playlist) =>
        [.. playlist.Split('\n').Where(line => line.EndsWith(".m4s", StringComparison.Ordinal))];

    private static string Address(RecordingRange recording, string file) => $"/vod/{recording.Id}/{file}";

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task Recording_ends_with_the_last_segment_of_the_encoder(bool isLive, bool hasLeftTheWindow)
    {
        var story = Lost(slate: 30);
        if (hasLeftTheWindow)
        {
            story.IndexBlock(11).IndexBlock(41);
        }

        story.End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive);
        await using var _ = server;
        var recording = catalog.Add(story.Session);
        foreach (var rendition in new[] { "source", "audio" })
        {
            var playlist = await server.Client.GetStringAsync(Address(recording, rendition + ".m3u8"));
            HlsRules.Media.Broken(new HlsPlaylist(playlist)).ShouldBeEmpty(playlist);
            Segments(playlist)
                .ShouldBe(Enumerable.Range(1, 30).Select(number => $"../../live/demo/{FakePackager.First}/{rendition}/{number}.m4s"));
            playlist.ShouldNotContain("#EXT-X-DISCONTINUITY\n");
            playlist.ShouldEndWith("/30.m4s\n#EXT-X-ENDLIST\n");
        }

        var text = await server.Client.GetStringAsync(Address(recording, "manifest.mpd"));
        MpdRules.Alone.Broken(new MpdVersion(text)).ShouldBeEmpty(text);
        var mpd = XElement.Parse(text);
        (mpd.Attribute("type")!.Value, mpd.Attribute("mediaPresentationDuration")!.Value,
            mpd.Elements(Mpd + "Period").Count()).ShouldBe(("static", "PT60S", 1));

        var cues = await server.Client.GetStringAsync(Address(recording, "thumbnails.vtt"));
        cues.ShouldContain("/thumbnails/50000.jpg#");
        cues.ShouldNotContain("/thumbnails/60000.jpg");
        if (isLive && !hasLeftTheWindow)
        {
            (await server.Client.GetStringAsync($"/live/demo/{FakePackager.First}/source.m3u8")).ShouldContain("/60.m4s\n", Case.Sensitive,
                "what was live is what it was");
        }
    }

    [Fact]
    public async Task Recording_excludes_the_current_slate_and_includes_it_once_an_encoder_follows()
    {
        var story = Lost();
        var (server, catalog) = await ServerAsync(story, isLive: true);
        await using var _ = server;
        var recording = catalog.Add(story.Session);
        var waiting = await server.Client.GetStringAsync(Address(recording, "source.m3u8"));
        Segments(waiting).Count.ShouldBe(30);
        waiting.ShouldNotContain("ENDLIST");
        var mpd = await server.Client.GetStringAsync(Address(recording, "manifest.mpd"));
        MpdRules.Alone.Broken(new MpdVersion(mpd)).ShouldBeEmpty(mpd);

        server.Time.Advance(TimeSpan.FromSeconds(10));
        server.Hear(story.Discontinuity().Segments(5, bytes: 1000));
        var more = await server.Client.GetStringAsync(Address(recording, "source.m3u8"));
        more.ShouldStartWith(waiting);
        Segments(more).Count.ShouldBe(45);
        HlsChangeRules.Changes.Broken(new HlsChange(new HlsPlaylist(waiting), new HlsPlaylist(more))).ShouldBeEmpty(more);
        var next = await server.Client.GetStringAsync(Address(recording, "manifest.mpd"));
        MpdRules.Changes.Broken(new MpdChange(new(mpd), new(next))).ShouldBeEmpty($"{mpd}\nthen\n{next}");
        XElement.Parse(next).Elements(Mpd + "Period").Count().ShouldBe(3, "encoder, slate, encoder");

        server.Hear(story.End());
        (await server.Client.GetStringAsync(Address(recording, "source.m3u8"))).ShouldBe(more + "#EXT-X-ENDLIST\n");
    }

    [Fact]
    public async Task Clip_and_trim_that_reach_into_the_slate_end_before_it()
    {
        var story = Lost();
        var (server, catalog) = await ServerAsync(story, isLive: true);
        await using var _ = server;
        var over = catalog.Clip(story.Session, 40, 53);
        (await server.Client.GetStringAsync(Address(over, "source.m3u8"))).ShouldEndWith("/27.m4s\n#EXT-X-ENDLIST\n");
        var open = catalog.Clip(story.Session, 55, 70);
        var growing = await server.Client.GetStringAsync(Address(open, "source.m3u8"));
        growing.ShouldEndWith("/30.m4s\n", Case.Sensitive, "an encoder may come back, and then the slate is in it");
        server.Hear(story.End());
        (await server.Client.GetStringAsync(Address(open, "source.m3u8"))).ShouldBe(growing + "#EXT-X-ENDLIST\n");
        Segments(await server.Client
            .GetStringAsync(Address(catalog.Add(story.Session, end: FakePackager.Start.AddSeconds(70)), "audio.m3u8"))).Count.ShouldBe(30);
        using var nothing = await server.SendAsync(Address(catalog.Clip(story.Session, 62, 70), "source.m3u8"));
        nothing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Recording_of_a_process_killed_during_the_slate_excludes_the_slate()
    {
        var (server, catalog) = await ServerAsync(Lost().Journal(end: JournalEnd.Open), isLive: false);
        await using var _ = server;
        server.Time.AdvanceTo(FakePackager.Start.AddMinutes(10));
        var recording = catalog.Add(new FakePackager(recorded: true).Session);
        (await server.Client.GetStringAsync(Address(recording, "source.m3u8"))).ShouldEndWith("/30.m4s\n#EXT-X-ENDLIST\n");
    }

    [Fact]
    public async Task Recording_of_an_older_journal_without_slate_information_is_unchanged()
    {
        var story = new FakePackager(recorded: true).Video().Audio().Segments(30, bytes: 1000).Discontinuity().Segments(10, bytes: 1000)
            .End().Journal();
        var (server, catalog) = await ServerAsync(story, isLive: false);
        await using var _ = server;
        (await server.Client.GetStringAsync(Address(catalog.Add(story.Session), "source.m3u8"))).ShouldEndWith("/40.m4s\n#EXT-X-ENDLIST\n");
    }
}
