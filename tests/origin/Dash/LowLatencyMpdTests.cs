using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Live;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Dash;

public class LowLatencyMpdTests
{
    private static readonly XNamespace Ns = "urn:mpeg:dash:schema:mpd:2011";

    [Fact]
    public void Low_latency_MPD_of_a_live_session() =>
        Low().Video().Audio(language: "en").Segments(3).Listen().Manifests.SessionMpd().Text().ShouldBe("""
            <?xml version="1.0" encoding="utf-8"?>
            <MPD profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019,http://www.dashif.org/guidelines/low-latency-live-v5" type="dynamic" availabilityStartTime="2026-03-01T11:59:50.000Z" publishTime="2026-03-01T12:00:10.000Z" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT60S" minBufferTime="PT2S" maxSegmentDuration="PT2S" xmlns="urn:mpeg:dash:schema:mpd:2011">
              <ServiceDescription id="0">
                <Latency referenceId="101" target="2000" max="30000" min="1000" />
                <PlaybackRate max="1.04" min="0.96" />
              </ServiceDescription>
              <Period id="0" start="PT10S">
                <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true">
                  <ProducerReferenceTime id="101" type="encoder" wallClockTime="2026-03-01T12:00:00.000Z" presentationTime="0">
                    <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time" />
                  </ProducerReferenceTime>
                  <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />
                  <Representation id="source" codecs="avc1.64001f" bandwidth="4000000" width="1920" height="1080" frameRate="30" startWithSAP="1">
                    <SegmentTemplate timescale="90000" presentationTimeOffset="0" initialization="$RepresentationID$/init-1.mp4" media="$RepresentationID$/i1-$Number$.m4s" startNumber="1" duration="180000" availabilityTimeOffset="1.65" availabilityTimeComplete="false" />
                  </Representation>
                </AdaptationSet>
                <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true">
                  <ProducerReferenceTime id="102" type="encoder" wallClockTime="2026-03-01T12:00:00.000Z" presentationTime="0">
                    <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time" />
                  </ProducerReferenceTime>
                  <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />
                  <Representation id="audio" codecs="mp4a.40.2" bandwidth="160000" audioSamplingRate="48000" startWithSAP="1">
                    <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2" />
                    <SegmentTemplate timescale="48000" presentationTimeOffset="0" initialization="$RepresentationID$/init-1.mp4" media="$RepresentationID$/i1-$Number$.m4s" startNumber="1" duration="96000" availabilityTimeOffset="1.65" availabilityTimeComplete="false" />
                  </Representation>
                </AdaptationSet>
              </Period>
              <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time" />
            </MPD>

            """);

    // Players add this value to their latency: dash.js stayed 0.3 s later for a first frame that came 0.3 s late.
    [Theory]
    [InlineData(0, 5)]
    [InlineData(0.3, 5)]
    [InlineData(-0.9, 5)]
    [InlineData(1.5, 6.5)]
    [InlineData(-30, -25)]
    public void Reference_time_corrects_the_capture_time_of_a_slightly_offset_first_frame(double late, double captured) =>
        LivePresentation.CapturedAt(
            new MpdPeriod("0", 1, new(5000, 1000), []) { ReferenceTime = new(450_000, 90_000),
                ReferenceClock = FakePackager.Start + TimeSpan.FromSeconds(5 + late) }, FakePackager.Start)
            .ShouldBe(FakePackager.Start + TimeSpan.FromSeconds(captured));

    [Fact]
    public void MPD_changes_only_when_its_content_changes()
    {
        var live = new LiveSessionHarness(Low().Video().Audio());
        live.Segments(2);
        var first = live.Mpd();
        live.Segments(40);
        live.Mpd().ShouldBe(first);

        live.Source.Window(20);
        live.Segments(1);
        live.Mpd().ShouldBe(first, "the window is counted by the clock");
        live.Source.Discontinuity();
        live.Segments(1);
        live.Mpd().ShouldNotBe(first);
    }

    [Theory]
    [InlineData("standard")]
    [InlineData("safe")]
    public void Other_latency_profiles_list_their_segments(string profile)
    {
        var text = new FakePackager(latency: LatencyProfile.Find(profile)).Video().Segments(3).Listen().Manifests.SessionMpd().Text();

        text.ShouldContain("<SegmentTimeline>");
        text.ShouldNotContain("availabilityTime");
        text.ShouldNotContain("ProducerReferenceTime");
        text.ShouldNotContain("low-latency-live");
        text.ShouldContain("suggestedPresentationDelay");
    }

    [Fact]
    public void Configuration_change_starts_a_period_with_continuous_timing()
    {
        var live = new LiveSessionHarness(Low().Video().Audio());
        live.Segments(5);
        live.Source.Discontinuity().Change("source", format => format with { Width = 1280, Height = 720, Codecs = "avc1.4d401f" });
        live.Segments(2);
        var periods = Periods(live.Mpd());

        periods.Select(Id).ShouldBe(["0", "1"]);
        (Start(periods[1]) - Start(periods[0])).ShouldBe(TimeSpan.FromSeconds(10));
        Template(periods[0], "source").Attribute("endNumber")!.Value.ShouldBe("5");
        Template(periods[1], "source").Attribute("endNumber").ShouldBeNull();
        Template(periods[1], "source").Attribute("startNumber")!.Value.ShouldBe("6");
        Template(periods[1], "source").Attribute("presentationTimeOffset")!.Value.ShouldBe("900000");
        Template(periods[1], "audio").Attribute("presentationTimeOffset")!.Value.ShouldBe("480000");
        Template(periods[1], "source").Attribute("initialization")!.Value.ShouldContain("init-2.mp4");
        Template(periods[0], "source").Attribute("media")!.Value.ShouldBe("$RepresentationID$/i1-$Number$.m4s");
        Template(periods[1], "source").Attribute("media")!.Value.ShouldBe("$RepresentationID$/i2-$Number$.m4s",
            "or a player with the old MPD would decode new frames with the old configuration");
    }

    [Fact]
    public void Gap_in_one_rendition_starts_a_period_without_it_and_its_return_another()
    {
        var live = new LiveSessionHarness(Low().Video().Audio());
        live.Segments(3);
        live.Source.Open("source").Close("source").Gap("audio");
        live.Time += TimeSpan.FromSeconds(2);
        live.Hear();
        live.Segments(2);
        var periods = Periods(live.Mpd());

        periods.Select(Id).ShouldBe(["0", "0-4", "0-5"]);
        periods.Select(period => period.Descendants(Ns + "Representation").Count()).ShouldBe([2, 1, 2]);
        Template(periods[0], "audio").Attribute("endNumber")!.Value.ShouldBe("3");
        Template(periods[2], "audio").Attribute("startNumber")!.Value.ShouldBe("5");
    }

    [Theory]
    [InlineData("low")]
    [InlineData("standard")]
    public void Segment_that_was_cut_off_before_its_audio_is_no_period(string profile)
    {
        var live = new LiveSessionHarness(new FakePackager(latency: LatencyProfile.Find(profile)).Video().Audio());
        live.Segments(3);
        live.Source.Part("source").Close("source").Gap("audio", 1 / 3.0);
        live.Time += TimeSpan.FromSeconds(8);
        live.Source.Silence(8 - (1 / 3.0)).Discontinuity();
        live.Hear();
        live.Segments(2);
        var periods = Periods(live.Mpd());

        periods.Select(Id).ShouldBe(["0", "1"]);
        periods.Select(period => period.Descendants(Ns + "Representation").Count()).ShouldBe([2, 2]);
        Template(periods[1], "source").Attribute("startNumber")!.Value.ShouldBe("5");
    }

    [Fact]
    public void Irregular_segments_are_listed_at_standard_latency_until_their_duration_is_regular()
    {
        var live = new LiveSessionHarness(Low().Video());
        foreach (var seconds in new[] { 2, 3, 2.1, 2.9, 2, 2.7, 2.2, 3, 2.4 })
        {
            live.Segment(seconds);
        }

        var text = live.Mpd();
        text.ShouldContain("<Latency target=\"9000\"");
        text.ShouldContain("suggestedPresentationDelay=\"PT9S\"");
        text.ShouldNotContain("low-latency-live");
        Template(Periods(text)[^1], "source").Attribute("availabilityTimeOffset").ShouldBeNull();
        Template(Periods(text)[^1], "source").Elements(Ns + "SegmentTimeline").ShouldHaveSingleItem();

        live.Segments(8);
        Template(Periods(live.Mpd())[^1], "source").Attribute("duration").ShouldNotBeNull();
        var references = Periods(live.Mpd()).SelectMany(period => period.Descendants(Ns + "ProducerReferenceTime")).Select(Id).ToList();
        references.Count.ShouldBeGreaterThan(1);
        references.ShouldBeUnique("ISO/IEC 23009-1, 5.12");
        live.Mpd().ShouldContain($"<Latency referenceId=\"{references[^1]}\" target=\"2000\"");
    }

    [Fact]
    public void Lagging_rung_lowers_the_availability_offset_of_all_renditions()
    {
        var live = new LiveSessionHarness(Low().Video().Video("360p", 640, 360));
        live.Segments(1);
        Template(Periods(live.Mpd())[0], "360p").Attribute("availabilityTimeOffset")!.Value.ShouldBe("1.65");

        live.Lag = TimeSpan.FromSeconds(1.1);
        live.Segments(2);
        var periods = Periods(live.Mpd());
        periods.Select(Id).ShouldBe(["0", "0-3"]);
        periods[1].Descendants(Ns + "SegmentTemplate").Select(template => template.Attribute("availabilityTimeOffset")!.Value)
            .ShouldBe(["0.5", "0.5"]);
    }

    [Fact]
    public void Input_loss_announces_no_end_and_late_media_continues_in_the_same_period()
    {
        var live = new LiveSessionHarness(Low().Video().Audio());
        live.Segments(5);
        live.Mpd().ShouldNotContain("endNumber");

        // dash.js takes the end of the last period as the end of the presentation, and does not play later media.
        live.Time += TimeSpan.FromSeconds(4.1);
        var over = Periods(live.Mpd()).ShouldHaveSingleItem();
        over.Attribute("duration").ShouldBeNull();
        live.Mpd().ShouldNotContain("endNumber");
        live.Mpd().ShouldContain("type=\"dynamic\"");

        // Buffered media arrive in a burst: late, but less and less.
        live.NotBefore = live.Time;
        live.Segments(4);
        Periods(live.Mpd()).Select(Id).ShouldBe(["0"]);
    }

    [Fact]
    public void Media_that_stays_late_after_an_input_loss_starts_a_period_with_listed_segments()
    {
        var live = new LiveSessionHarness(Low().Video().Audio());
        live.Segments(5);
        live.Lag = TimeSpan.FromSeconds(4.1);
        live.Segments(3);
        var periods = Periods(live.Mpd());
        periods.Select(Id).ShouldBe(["0", "0-7"], "it takes four parts to tell");
        Template(periods[0], "source").Attribute("endNumber")!.Value.ShouldBe("6", "the next one says where it ends");
        periods[1].Descendants(Ns + "S").ShouldNotBeEmpty();
    }

    [Fact]
    public void Media_after_a_time_gap_starts_a_period()
    {
        var live = new LiveSessionHarness(Low().Video().Audio());
        live.Segments(5);
        live.Source.Silence(3.1);
        live.Time += TimeSpan.FromSeconds(3.1);
        live.Segments(1);
        var periods = Periods(live.Mpd());
        periods.Select(Id).ShouldBe(["0", "0-6"]);
        periods[0].Attribute("duration")!.Value.ShouldBe("PT13.1S", "the next one says where it ends");
        Template(periods[0], "source").Attribute("endNumber")!.Value.ShouldBe("5");
    }

    [Fact]
    public void Ended_MPD_is_static_and_spans_from_the_remaining_window_to_the_end()
    {
        var live = new LiveSessionHarness(Low().Video().Audio());
        live.Segments(40);
        live.Source.Window(11).End();
        live.Hear();
        var text = live.Mpd();
        var period = Periods(text).ShouldHaveSingleItem();

        text.ShouldContain("type=\"static\"");
        text.ShouldContain("mediaPresentationDuration=\"PT90S\"");
        text.ShouldNotContain("availabilityTimeOffset");
        text.ShouldNotContain("ServiceDescription");
        Start(period).ShouldBe(TimeSpan.FromSeconds(30));
        period.Attribute("duration")!.Value.ShouldBe("PT60S");
        Template(period, "source").Attribute("startNumber")!.Value.ShouldBe("11");
        Template(period, "source").Attribute("endNumber")!.Value.ShouldBe("40");
        Template(period, "source").Attribute("presentationTimeOffset")!.Value.ShouldBe("1800000");
    }

    [Fact]
    public void Restart_lists_the_rest_of_a_period_and_uses_durations_again_after_the_reconnect()
    {
        var broadcaster = Low().Video().Segments(20).Window(15);
        var timeline = new SessionTimeline(broadcaster.Session);
        broadcaster.Events.ForEach(@event => timeline.Apply(@event));
        var time = new ManualTimeProvider(FakePackager.Start.AddSeconds(60));
        var restarted = new LiveSession(broadcaster.Session, time);
        restarted.Append(timeline.Checkpoint(), error => throw new InvalidOperationException(error));

        restarted.Manifests.SessionMpd().Text().ShouldContain("<S t=\"2520000\" d=\"180000\" r=\"5\" />");
        broadcaster.Unsent.Clear();
        broadcaster.Silence(20).Discontinuity().Segment().NotifyTo(restarted);
        var periods = Periods(restarted.Manifests.SessionMpd().Text());
        periods.Select(Id).ShouldBe(["0", "1"]);
        Template(periods[1], "source").Attribute("duration")!.Value.ShouldBe("180000");
    }

    [Fact]
    public void Thumbnails_have_the_availability_offset_that_Shaka_requires_for_low_latency() =>
        Low().Video().Segments(6).Sheet(0).Listen().Manifests.SessionMpd().Text()
        .ShouldContain("media=\"thumbnails/$Time$.jpg\" availabilityTimeOffset=\"1.65\"");

    /// <summary>
    /// Low-latency promise: at the availability time of the MPD, the first bytes of a segment are available within half a segment, in every
    /// rendition.
    /// </summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.3, 0)]
    [InlineData(0.9, 0)]
    [InlineData(0.3, 0.2)]
    [InlineData(0.2, 1)]
    public void Segments_are_available_soon_after_the_promised_time_and_published_values_never_change(double lag, double spread)
    {
        var random = new Random(7);
        var live = new LiveSessionHarness(Low().Video().Video("360p", 640, 360).Audio()) { Lag = TimeSpan.FromSeconds(lag) };
        var said = new Dictionary<string, string>();
        (XElement Template, TimeSpan Start)? promise = null;
        for (var number = 1L; number <= 120; number++)
        {
            if (promise is { } open)
            {
                // Time of the request for this segment, as players computed it from the MPD before the segment began.
                var each = Ticks(open.Template, "duration") / (double)Ticks(open.Template, "timescale");
                var early = double.Parse(open.Template.Attribute("availabilityTimeOffset")!.Value, CultureInfo.InvariantCulture);
                var asked = FakePackager.Start + open.Start - LivePresentation.SessionStart
                    + TimeSpan.FromSeconds(((number - Ticks(open.Template, "startNumber") + 1) * each) - early);
                var answered = live.Time + TimeSpan.FromSeconds(lag) + LatencyProfile.Low.PartTarget;
                (answered - asked).TotalSeconds.ShouldBeLessThanOrEqualTo(each / 2, $"segment {number}");
            }

            live.Segment(Math.Round(2 + (spread * random.NextDouble()), 3));
            var periods = Periods(live.Mpd());
            promise = Template(periods[^1], "source") is var last
                && last.Attribute("duration") is not null ? (last, Start(periods[^1])) : null;
            foreach (var period in periods)
            {
                // Only the end is added, and timelines grow.
                var fixedly =
                    $"{period.Attribute("start")} {string.Join(' ', period.Descendants(Ns + "SegmentTemplate").SelectMany(template => template.Attributes()).Where(attribute => attribute.Name != "endNumber"))}";
                (said.TryAdd(Id(period), fixedly) || said[Id(period)]
                    == fixedly).ShouldBeTrue($"period {Id(period)} was {said[Id(period)]} and is {fixedly}");
            }
        }
    }

    private static readonly Dictionary<string, Func<LiveSessionHarness>> Shows = new()
    {
        ["video and audio"] = () => new LiveSessionHarness(Low().Video().Audio(language: "en")).Segments(3),
        ["audio only"] = () => new LiveSessionHarness(Low().Audio()).Segments(3),
        ["names, captions and colors"] = () => new LiveSessionHarness(Low().Video()
            .Change("source", format => format with { Captions = "CC1 SERVICE1", Color = new ColorDescription(5, 6, 5, false) }).Audio()
            .Change("audio", format => format with { Name = "<Halle> & 'Tor'" })).Segments(3),
        ["without a rhythm"] = () => new LiveSessionHarness(Low().Video().Audio()).Lengths(2, 3, 2.1, 2.9, 2, 2.7, 2.2, 3, 2.4),
        ["thumbnails"] = () => new LiveSessionHarness(Low().Video().Sheet(0).Sheet(10)).Segments(12),
        ["silent"] = () => new LiveSessionHarness(Low().Video().Audio()).Segments(4).Wait(5),
        ["silent and back"] = () => new LiveSessionHarness(Low().Video().Audio()).Segments(4).Wait(5).Segments(2),
        ["ended"] = () => new LiveSessionHarness(Low().Video().Audio()).Segments(4).End(),
        ["ended after another rhythm"] = () => new LiveSessionHarness(Low().Video().Audio()).Segments(30).Lengths(3, 3, 3, 3).End(),
    };

    public static TheoryData<string> Names => [.. Shows.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task Low_latency_MPD_is_schema_valid(string show)
    {
        var live = Shows[show]();

        (await Schema.ValidateAsync(live.Mpd())).ShouldBeEmpty();
        (await Schema.ValidateAsync(live.Session.Manifests.ChannelMpd().Text())).ShouldBeEmpty();
    }

    private static FakePackager Low() => new(latency: LatencyProfile.Low);

    private static List<XElement> Periods(string text) => [.. XDocument.Parse(text).Root!.Elements(Ns + "Period")];

    private static string Id(XElement period) => period.Attribute("id")!.Value;

    private static TimeSpan Start(XElement period) => XmlConvert.ToTimeSpan(period.Attribute("start")!.Value);

    private static XElement Template(XElement period, string representation) =>
        period.Descendants(Ns + "Representation").Single(element => (string?)element.Attribute("id") == representation)
        .Element(Ns + "SegmentTemplate")!;

    private static long Ticks(XElement template, string attribute) => (long)template.Attribute(attribute)!;
}
