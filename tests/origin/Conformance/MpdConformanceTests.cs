using Broadcast.Media;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Conformance;

/// <summary>MPDs of random broadcasts comply with every rule, and each rule finds its violations.</summary>
public class MpdConformanceTests
{
    private static readonly (string Says, string From, string To)[] BrokenAlone =
    [
        ("profiles, a buffer time and a type", "minBufferTime=\"PT2S\" ", ""),
        ("a dynamic one says when it was published, when it begins to be available, and how often to ask",
            "minimumUpdatePeriod=\"PT2S\" ", ""),
        ("a static one says how long it is, and nothing of updates", "type=\"dynamic\"", "type=\"static\""),
        ("no segment is longer than the longest", "duration=\"180000\"", "duration=\"380000\""),
        ("periods have names, no two the same", "Period id=\"1\"", "Period id=\"0\""),
        ("periods begin one after the other, where the one before ends", "start=\"PT14S\"", "start=\"PT15S\""),
        ("sets are named, no two of a period the same, and say what they are", "AdaptationSet id=\"2\"", "AdaptationSet id=\"1\""),
        ("representations are named, no two of a period the same", "Representation id=\"audio\"", "Representation id=\"source\""),
        ("a representation has a bandwidth", " bandwidth=\"160000\"", ""),
        ("media say their codecs", " codecs=\"mp4a.40.2\"", ""),
        ("addresses have the known words only, and either a number or a time", "$Number$.m4s", "$Segment$.m4s"),
        ("segments are either counted or listed", " duration=\"180000\"", ""),
        ("in the live profile segments are at templates", "SegmentTemplate", "SegmentList"),
        ("a dynamic one says what its clock is", "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"/time\" />\n</MPD>",
            "</MPD>"),
        ("who offers patches is named", "<ServiceDescription", "<PatchLocation ttl=\"60\">x</PatchLocation><ServiceDescription"),
        ("the latency aimed at lies between the least and the most", "target=\"2000\"", "target=\"200\""),
        ("the rates lie on both sides of one", "max=\"1.04\"", "max=\"1\""),
        ("low latency says so in its profiles, and only low latency", ",http://www.dashif.org/guidelines/low-latency-live-v5", ""),
        ("the latency aimed at is said", " target=\"2000\"", ""),
        ("every set has its reference time, by the clock of the MPD", "presentationTime=\"360000\"", "presentationTime=\"-1\""),
        ("the reference that latency is counted from exists", "referenceId=\"", "referenceId=\"7"),
        ("reference times are named, no two the same", "ProducerReferenceTime id=\"102\"", "ProducerReferenceTime id=\"101\""),
        ("segments that come early are not whole, and come less than their length early", "availabilityTimeOffset=\"1.65\"",
            "availabilityTimeOffset=\"2.25\""),
        ("segments that come early are not whole, and come less than their length early", " availabilityTimeComplete=\"false\"", ""),
        ("thumbnails say how a sheet is divided", "value=\"5x1\"", "value=\"5\""),
    ];

    private static readonly (string Says, string From, string To)[] BrokenLists =
    [
        ("a static one ends where its last period does", "mediaPresentationDuration=\"PT18S\"", "mediaPresentationDuration=\"PT19S\""),
        ("what is listed has a length, and does not overlap", "d=\"180000\"", "d=\"0\""),
        ("what is listed has a length, and does not overlap", "<S t=\"0\" d=\"180000\" r=\"1\" />",
            "<S t=\"0\" d=\"180000\" /><S t=\"179999\" d=\"180000\" />"),
        ("no segment is listed that has nothing in its period", "<S t=\"0\" d=\"180000\" r=\"1\" />", "<S t=\"0\" d=\"180000\" r=\"2\" />"),
        ("segments of a set are aligned where that is said",
            "height=\"360\" frameRate=\"30\" startWithSAP=\"1\">\n        <SegmentTemplate timescale=\"90000\" presentationTimeOffset=\"0\"",
            "height=\"360\"><SegmentTemplate timescale=\"90000\" presentationTimeOffset=\"18000\""),
    ];

    private static readonly (string Says, string From, string To)[] BrokenChanges =
    [
        ("what has changed has another publish time, and a later one", "publishTime=\"2026-03-01T12:00:30.000Z\"",
            "publishTime=\"2026-03-01T12:00:10.000Z\""),
        ("time zero and the name stay", "availabilityStartTime=\"2026-03-01T11:59:50.000Z\"",
            "availabilityStartTime=\"2026-03-01T11:59:51.000Z\""),
        ("a period stays where it begins", "start=\"PT10S\"", "start=\"PT11S\""),
        ("periods leave at the front and come at the end", "Period id=\"0\"", "Period id=\"2\""),
        ("a representation stays what it is", "frameRate=\"30\"", "frameRate=\"25\""),
        ("a segment stays where it is in time, by its number", "<S t=\"0\"", "<S t=\"1\""),
        ("segments leave at the front and come at the end", "d=\"180000\" r=\"1\" />", "d=\"180000\" />"),
    ];

    [Fact]
    public void Every_MPD_rule_detects_its_violation_and_accepts_valid_MPDs()
    {
        // Low latency, two periods, thumbnails; the same with explicit segment lists, with a ladder, and ended.
        var counted = Story(LatencyProfile.Low).Sheet(0).Listen().Manifests.SessionMpd().Text();
        var live = Story(LatencyProfile.Standard).Video("360p", 640, 360).Segments(2);
        var (story, clock) = (Story(LatencyProfile.Standard), new ManualTimeProvider(FakePackager.Start.AddSeconds(10)));
        var session = story.Listen(clock);
        var before = session.Manifests.SessionMpd().Text();
        clock.AdvanceTo(FakePackager.Start.AddSeconds(30));
        story.Segment().NotifyTo(session);
        var now = session.Manifests.SessionMpd().Text();
        var over = new FakePackager().Video().Video("360p", 640, 360).Audio().Segments(2).Discontinuity().Segments(2).End().Listen()
            .Manifests.SessionMpd().Text();

        foreach (var text in new[] { counted, before, now, over, live.Listen().Manifests.SessionMpd().Text() })
        {
            MpdRules.Alone.Broken(new MpdVersion(text)).ShouldBeEmpty(text);
        }

        MpdRules.Changes.Broken(new MpdChange(new(before), new(now))).ShouldBeEmpty(now);
        foreach (var (says, from, to) in BrokenAlone)
        {
            Finds(MpdRules.Alone.Broken(new MpdVersion(Replace(counted, from, to))), says);
        }

        foreach (var (says, from, to) in BrokenLists)
        {
            Finds(MpdRules.Alone.Broken(new MpdVersion(Replace(over, from, to))), says);
        }

        foreach (var (says, from, to) in BrokenChanges)
        {
            Finds(MpdRules.Changes.Broken(new MpdChange(new(before), new(Replace(now, from, to)))), says);
        }

        Finds(MpdRules.Changes.Broken(new MpdChange(new(over), new(now))), "what has become static stays so");
        var ended = counted.Replace("endNumber=\"2\"", "endNumber=\"3\"", StringComparison.Ordinal);
        Finds(MpdRules.Changes.Broken(new MpdChange(new(counted), new(ended))), "a last number, once said, stays");
        MpdRules.Alone.Select(rule => rule.Says).Except(BrokenAlone.Concat(BrokenLists).Select(broken => broken.Says))
            .ShouldBeEmpty("rules without an example that breaks them");
        MpdRules.Changes.Select(rule => rule.Says).Except(BrokenChanges.Select(broken => broken.Says))
            .ShouldBe(["what has become static stays so", "a last number, once said, stays"]);
    }

    [Theory]
    [InlineData("low")]
    [InlineData("standard")]
    [InlineData("safe")]
    public void Live_MPDs_break_no_rule(string profile)
    {
        for (var seed = 0; seed < 3; seed++)
        {
            var (random, latency) = (new Random(seed), LatencyProfile.Find(profile)!);
            var story = new FakePackager(latency: latency).Video().Video("360p", 640, 360).Audio(language: "en").Audio("audio-2", "de");
            var clock = new ManualTimeProvider(FakePackager.Start);
            var session = story.Listen(clock);
            var (lengths, sheet, first) = (new List<double>(), 0.0, 1L);
            MpdVersion? before = null;
            for (var step = 0; step < 30; step++)
            {
                var seconds = latency.SegmentMinimum.TotalSeconds
                    + (random.Next(4) == 0 ? random.NextDouble() * (latency.TargetDuration - latency.SegmentMinimum).TotalSeconds : 0);
                switch (random.Next(12))
                {
                    case 0:
                        story.Discontinuity();
                        break;
                    case 1:
                        story.Discontinuity().Change("source", format => format with { Width = format.Width - 2 });
                        break;
                    case 2 when lengths.Count > 0:
                        story.Silence(1.3);
                        clock.Advance(TimeSpan.FromSeconds(1.3));
                        break;
                    case 3 when lengths.Skip((int)first + 1).Sum() > latency.Window.TotalSeconds:
                        story.Window(first += 2);
                        break;
                }

                if (random.Next(10) == 0 && lengths.Count > 1)
                {
                    foreach (var name in new[] { "source", "360p", "audio" })
                    {
                        story.Open(name, seconds).Close(name);
                    }

                    story.Gap("audio-2", seconds);
                }
                else
                {
                    story.Segment(seconds, bytes: 1000);
                }

                lengths.Add(seconds);
                for (; sheet + 10 <= lengths.Sum(); sheet += 10)
                {
                    story.Sheet(sheet, 50);
                }

                clock.Advance(TimeSpan.FromSeconds(seconds));
                if (step == 29)
                {
                    story.End();
                }

                story.NotifyTo(session);
                before = Check($"{profile}, seed {seed}, step {step}", before, session.Manifests.SessionMpd().Text());
            }

            before.ShouldNotBeNull().IsStatic.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("?start=2026-03-01T12:00:20Z")]
    [InlineData("?start=2026-03-01T12:00:09Z&end=2026-03-01T12:00:50Z")]
    public async Task MPDs_with_a_DVR_window_break_no_rule(string query)
    {
        var story = new FakePackager(rewind: TimeSpan.FromHours(1)).Video().Video("360p", 640, 360).Audio().Segments(5, bytes: 1000)
            .Discontinuity().Segments(30, bytes: 1000);
        await using var server = await OriginServer.StartAsync();
        MpdVersion? before = null;
        for (var step = 0; step < 4; step++)
        {
            server.Time.AdvanceTo(FakePackager.Start.AddSeconds(100 + (10 * step)));
            server.Hear(story);
            before = Check($"{query}, step {step}", before,
                await server.Client.GetStringAsync($"/live/demo/{FakePackager.First}/manifest.mpd{query}"));
            story.IndexBlock(5 + (7 * step)).Silence(step == 2 ? 4 : 0).Segments(5, 2.1, 1000);
        }
    }

    private static FakePackager Story(LatencyProfile latency) => new FakePackager(latency: latency).Video().Audio(language: "en")
        .Segments(2).Discontinuity().Segments(2);

    private static MpdVersion Check(string what, MpdVersion? before, string text)
    {
        var now = new MpdVersion(text);
        MpdRules.Alone.Broken(now).ShouldBeEmpty($"{what}:\n{text}");
        if (before is not null)
        {
            MpdRules.Changes.Broken(new MpdChange(before, now)).ShouldBeEmpty($"{what}:\n{before.Text}\nthen\n{text}");
        }

        return now;
    }

    private static void Finds(IReadOnlyList<string> broken, string says) =>
        broken.ShouldContain(rule => rule.EndsWith(": " + says, StringComparison.Ordinal), says);

    private static string Replace(string text, string from, string to)
    {
        text.ShouldContain(from);
        return text.Replace(from, to, StringComparison.Ordinal);
    }
}
