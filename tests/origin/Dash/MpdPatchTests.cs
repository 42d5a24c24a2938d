using System.Globalization;
using System.Net;
using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Dash;

public class MpdPatchTests
{
    private static readonly LatencyProfile Long = LatencyProfile.Standard with { Window = TimeSpan.FromMinutes(5) };

    [Fact]
    public void Patch_contains_removed_and_added_segments()
    {
        var broadcaster = new FakePackager(latency: Long).Video().Segment(2.0333).Segments(3);
        var time = new ManualTimeProvider(FakePackager.Start.AddSeconds(10));
        var session = broadcaster.Listen(time);
        var older = session.Manifests.SessionMpd().Text();
        older.ShouldContain("<MPD id=\"01JN8E0000000000000000000A\" ");
        older.ShouldContain("<PatchLocation ttl=\"60\">manifest-1772366410000.mpp</PatchLocation>");

        time.AdvanceTo(FakePackager.Start.AddSeconds(12));
        broadcaster.Segment().Segment(2.5).Window(2).NotifyTo(session);
        var patch = session.Manifests.MpdPatch(1772366410000).Text();
        const string timeline = "/MPD/Period[@id='0']/AdaptationSet[@id='1']/Representation[@id='source']/SegmentTemplate[1]";
        patch.ShouldBe($"""
            <?xml version="1.0" encoding="utf-8"?>
            <Patch mpdId="01JN8E0000000000000000000A" originalPublishTime="2026-03-01T12:00:10.000Z" publishTime="2026-03-01T12:00:12.000Z" xmlns="urn:mpeg:dash:schema:mpd-patch:2020">
            <replace sel="/MPD/@publishTime">2026-03-01T12:00:12.000Z</replace>
            <replace sel="/MPD/PatchLocation[1]"><PatchLocation ttl="60" xmlns="urn:mpeg:dash:schema:mpd:2011">manifest-1772366412000.mpp</PatchLocation></replace>
            <replace sel="{timeline}/@startNumber">2</replace>
            <remove sel="{timeline}/SegmentTimeline[1]/S[1]" />
            <replace sel="{timeline}/SegmentTimeline[1]/S[1]"><S t="182996" d="180000" r="3" xmlns="urn:mpeg:dash:schema:mpd:2011" /></replace>
            <add sel="{timeline}/SegmentTimeline[1]"><S d="225000" xmlns="urn:mpeg:dash:schema:mpd:2011" /></add>
            </Patch>

            """.ReplaceLineEndings("\n").Replace(">\n<re", "><re", StringComparison.Ordinal).Replace(">\n<add", "><add", StringComparison.Ordinal).Replace(">\n</Patch", "></Patch", StringComparison.Ordinal).Replace("utf-8\"?><", "utf-8\"?>\n<", StringComparison.Ordinal));
        patch.Length.ShouldBeLessThan(older.Length);
    }

    [Theory]
    [InlineData("standard")]
    [InlineData("low")]
    public void Older_MPD_plus_patch_equals_the_newer_MPD(string profile)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            var broadcaster = new FakePackager(latency: LatencyProfile.Find(profile)! with { Window = TimeSpan.FromMinutes(5) }).Video()
                .Audio(language: "en").Segment(bytes: 10_000);
            var time = new ManualTimeProvider(FakePackager.Start.AddSeconds(2));
            var session = broadcaster.Listen(time);
            var versions = new List<(long Published, XElement Mpd)>();
            var (last, first, end) = (1L, 1L, 2d);
            for (var step = 0; step < 40; step++)
            {
                var published = session.Manifests.SessionMpd().Text();
                var mpd = XElement.Parse(published);
                versions.Add(
                    (MpdHistory.NumberOf(DateTimeOffset.Parse((string)mpd.Attribute("publishTime")!, CultureInfo.InvariantCulture)), mpd));
                foreach (var (from, older) in versions.TakeLast(3))
                {
                    var patch = XElement.Parse(session.Manifests.MpdPatch(from).Text());
                    ((string)patch.Attribute("originalPublishTime")!).ShouldBe((string)older.Attribute("publishTime")!);
                    var copy = new XElement(older);
                    Apply(patch, copy);
                    Canonical(copy).ShouldBe(Canonical(mpd), $"seed {seed}, step {step}, patch {patch}");
                }

                var length = random.Next(4) == 0 ? Math.Round(2 + random.NextDouble(), 3) : 2;
                switch (random.Next(12))
                {
                    case 0:
                        broadcaster.Discontinuity();
                        break;
                    case 1:
                        broadcaster.Discontinuity().Change("source", format => format with { Width = format.Width - 2 });
                        break;
                    case 2:
                        broadcaster.Sheet(end);
                        break;
                    case 3 when step < 30:
                        broadcaster.Open("source", length).Close("source").Gap("audio", length);
                        last++;
                        end += length;
                        break;
                    case 4 when last - first > 3:
                        broadcaster.Window(first += random.Next(1, 4));
                        break;
                }

                broadcaster.Segment(length, bytes: random.Next(10, 30) * 1000);
                end += length;
                last++;
                time.AdvanceTo(FakePackager.Start.AddSeconds(end));
                broadcaster.NotifyTo(session);
            }

            broadcaster.End().NotifyTo(session);
            var over = XElement.Parse(session.Manifests.SessionMpd().Text());
            var before = new XElement(versions[^1].Mpd);
            Apply(XElement.Parse(session.Manifests.MpdPatch(versions[^1].Published).Text()), before);
            Canonical(before).ShouldBe(Canonical(over));
        }
    }

    [Theory]
    [InlineData("standard", false)]
    [InlineData("low", true)]
    public void Captions_detected_late_change_the_MPD_and_patches_add_them_once(string profile, bool isLowLatency)
    {
        var live = new LiveSessionHarness(new FakePackager(latency: LatencyProfile.Find(profile)!
            with { Window = TimeSpan.FromMinutes(5) }).Video().Audio(language: "en")).Segments(4);
        live.Mpd().Contains("low-latency-live", StringComparison.Ordinal).ShouldBe(isLowLatency);
        List<XElement> versions = [XElement.Parse(live.Mpd())];
        foreach (var captions in (string[])["CC1", "CC1 CC3", "CC1 CC3 SERVICE1"])
        {
            live.Source.Caption("source", captions);
            live.Hear();
            var newest = XElement.Parse(live.Mpd());
            newest.Descendants().Count(element => element.Name.LocalName == "Accessibility")
                .ShouldBe(captions.Contains("SERVICE", StringComparison.Ordinal) ? 2 : 1);
            PublishTime(newest).ShouldBeGreaterThan(PublishTime(versions[^1]), captions);
            versions.Add(newest);
            foreach (var older in versions)
            {
                var (copy, patch) =
                    (new XElement(older), XElement.Parse(live.Session.Manifests.MpdPatch(MpdHistory.NumberOf(PublishTime(older))).Text()));
                Apply(patch, copy);
                Canonical(copy).ShouldBe(Canonical(newest), $"{captions}, patch {patch}");
            }
        }

        // An update without content changes nothing.
        live.Source.Caption("source", "CC1");
        live.Hear();
        PublishTime(XElement.Parse(live.Mpd())).ShouldBe(PublishTime(versions[^1]));

        static DateTimeOffset PublishTime(XElement mpd) =>
            DateTimeOffset.Parse((string)mpd.Attribute("publishTime")!, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Patch_for_a_forgotten_MPD_version_matches_only_the_newest_version()
    {
        var time = new ManualTimeProvider(FakePackager.Start.AddSeconds(10));
        var broadcaster = new FakePackager(latency: Long).Video().Segment();
        var session = broadcaster.Listen(time);
        for (var i = 0; i <= MpdHistory.MaxVersions; i++)
        {
            session.Manifests.SessionMpd().ShouldNotBeNull();
            time.Advance(TimeSpan.FromSeconds(2));
            broadcaster.Segment(bytes: 1000).NotifyTo(session);
        }

        var newest = (string)XElement.Parse(session.Manifests.SessionMpd().Text()).Attribute("publishTime")!;
        var patch = XElement.Parse(session.Manifests.MpdPatch(MpdHistory.NumberOf(FakePackager.Start.AddSeconds(10))).Text());
        patch.HasElements.ShouldBeFalse();
        ((string)patch.Attribute("originalPublishTime")!).ShouldBe(newest);
        session.Manifests.MpdPatch(MpdHistory.NumberOf(FakePackager.Start.AddSeconds(14))).Text()
            .ShouldNotContain("originalPublishTime=\"" + newest);
        session.Manifests.MpdPatch(MpdHistory.NumberOf(time.GetUtcNow()) + 1).ShouldBeNull();
    }

    [Fact]
    public void Short_windows_and_low_latency_have_no_patches()
    {
        new FakePackager().Video().Segments(3).Listen().Manifests.SessionMpd().Text().ShouldNotContain("PatchLocation");
        new FakePackager(latency: LatencyProfile.Low with { Window = TimeSpan.FromMinutes(5) }).Video().Segments(3)
            .Listen().Manifests.SessionMpd()
            .Text().ShouldNotContain("PatchLocation");
        new FakePackager(latency: Long).Video().Segments(3).Listen().Manifests.ChannelMpd().Text()
            .ShouldNotContain("PatchLocation", customMessage: "the session's address says it");
    }

    [Fact]
    public async Task MPD_with_a_patch_location_is_schema_valid() =>
        (await Schema.ValidateAsync(new FakePackager(latency: LatencyProfile.Safe).Video().Audio().Segments(4, 6.02)
            .Listen().Manifests.SessionMpd()
            .Text())).ShouldBeEmpty();

    [Fact]
    public async Task Patch_is_served_at_its_announced_location_and_is_the_same_for_all_viewers()
    {
        await using var server = await OriginServer.StartAsync();
        var broadcaster = new FakePackager(latency: LatencyProfile.Safe).Video().Segment(6);
        server.Hear(broadcaster);
        var folder = $"/live/demo/{FakePackager.First}/";
        var location = (string)XElement.Parse(await server.Client.GetStringAsync(folder + "manifest.mpd")).Elements()
            .Single(element => element.Name.LocalName == "PatchLocation");
        server.Time.Advance(TimeSpan.FromSeconds(6));
        server.Hear(broadcaster.Segment(6));

        using var answer = await server.SendAsync(folder + location);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/dash-patch+xml");
        answer.Headers.CacheControl!.ToString().ShouldBe("public, max-age=5");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("r=\"1\"");
        using var never = await server.SendAsync(folder + "manifest-99999999999999.mpp");
        never.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var odd = await server.SendAsync(folder + "manifest-x.mpp");
        odd.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>The subset of RFC 5261 that MPD patches use.</summary>
    private static void Apply(XElement patch, XElement mpd)
    {
        foreach (var operation in patch.Elements())
        {
            var selector = (string)operation.Attribute("sel")!;
            var (path, attribute) = selector.LastIndexOf("/@", StringComparison.Ordinal) is var at and > 0
                ? (selector[..at], selector[(at + 2)..]) : (selector, null);
            var target = Select(mpd, path);
            switch (operation.Name.LocalName)
            {
                case "remove" when attribute is not null:
                    target.Attribute(attribute).ShouldNotBeNull().Remove();
                    break;
                case "remove":
                    target.Remove();
                    break;
                case "replace" when attribute is not null:
                    target.Attribute(attribute).ShouldNotBeNull().Value = operation.Value;
                    break;
                case "replace":
                    target.ReplaceWith(new XElement(operation.Elements().ShouldHaveSingleItem()));
                    break;
                case "add" when (string?)operation.Attribute("type") is { } name:
                    target.Attribute(name[1..]).ShouldBeNull();
                    target.SetAttributeValue(name[1..], operation.Value);
                    break;
                case "add":
                    var content = operation.Elements().Select(element => new XElement(element)).ToList();
                    switch ((string?)operation.Attribute("pos"))
                    {
                        case "after":
                            target.AddAfterSelf(content);
                            break;
                        case "prepend":
                            target.AddFirst(content);
                            break;
                        default:
                            target.Add(content);
                            break;
                    }

                    break;
                default:
                    throw new InvalidOperationException(operation.ToString());
            }
        }
    }

    private static XElement Select(XElement mpd, string path)
    {
        var steps = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        steps[0].ShouldBe("MPD");
        var element = mpd;
        foreach (var step in steps.Skip(1))
        {
            var bracket = step.IndexOf('[', StringComparison.Ordinal);
            var condition = step[(bracket + 1)..^1];
            var named = element.Elements(mpd.Name.Namespace + step[..bracket]).ToList();
            element = condition.StartsWith("@id='", StringComparison.Ordinal)
                ? named.Where(each => (string?)each.Attribute("id") == condition[5..^1]).ShouldHaveSingleItem()
                : named[int.Parse(condition, CultureInfo.InvariantCulture) - 1];
        }

        return element;
    }

    /// <summary>Canonical text: attributes have no order and are sorted.</summary>
    private static string Canonical(XElement element)
    {
        var copy = new XElement(element);
        foreach (var each in copy.DescendantsAndSelf())
        {
            each.ReplaceAttributes(each.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration)
                .OrderBy(attribute => attribute.Name.LocalName, StringComparer.Ordinal).ToList());
        }

        return copy.ToString();
    }
}
