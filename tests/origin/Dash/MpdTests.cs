using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Live;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Dash;

public class MpdTests
{
    private static readonly XNamespace Ns = "urn:mpeg:dash:schema:mpd:2011";

    [Fact]
    public void A_live_session_with_video_and_audio() =>
        new FakePackager().Video().Audio(language: "en").Segments(2).Segment(2.0333).Listen().Manifests.SessionMpd().Text().ShouldBe("""
            <?xml version="1.0" encoding="utf-8"?>
            <MPD profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" availabilityStartTime="2026-03-01T11:59:50.000Z" publishTime="2026-03-01T12:00:10.000Z" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT60S" suggestedPresentationDelay="PT9S" minBufferTime="PT2S" maxSegmentDuration="PT3S" xmlns="urn:mpeg:dash:schema:mpd:2011">
              <ServiceDescription id="0">
                <Latency target="9000" max="30000" min="6000" />
                <PlaybackRate max="1.04" min="0.96" />
              </ServiceDescription>
              <Period id="0" start="PT10S">
                <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true">
                  <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />
                  <Representation id="source" codecs="avc1.64001f" bandwidth="4000000" width="1920" height="1080" frameRate="30" startWithSAP="1">
                    <SegmentTemplate timescale="90000" presentationTimeOffset="0" initialization="$RepresentationID$/init-1.mp4" media="$RepresentationID$/$Number$.m4s" startNumber="1">
                      <SegmentTimeline>
                        <S t="0" d="180000" r="1" />
                        <S d="182996" />
                      </SegmentTimeline>
                    </SegmentTemplate>
                  </Representation>
                </AdaptationSet>
                <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true">
                  <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />
                  <Representation id="audio" codecs="mp4a.40.2" bandwidth="160000" audioSamplingRate="48000" startWithSAP="1">
                    <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2" />
                    <SegmentTemplate timescale="48000" presentationTimeOffset="0" initialization="$RepresentationID$/init-1.mp4" media="$RepresentationID$/$Number$.m4s" startNumber="1">
                      <SegmentTimeline>
                        <S t="0" d="96000" r="1" />
                        <S d="97598" />
                      </SegmentTimeline>
                    </SegmentTemplate>
                  </Representation>
                </AdaptationSet>
              </Period>
              <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time" />
            </MPD>

            """);

    [Fact]
    public void An_ended_session_with_a_discontinuity_and_a_moved_window() =>
        new FakePackager().Video().Segments(2).Discontinuity()
        .Change("source", format => format with { Width = 640, Height = 360, FrameRate = 30000 / 1001d })
            .Silence(4.5).Segments(2).Window(2).End().Listen().Manifests.SessionMpd().Text().ShouldBe("""
            <?xml version="1.0" encoding="utf-8"?>
            <MPD profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="static" availabilityStartTime="2026-03-01T11:59:50.000Z" publishTime="2026-03-01T12:00:10.000Z" mediaPresentationDuration="PT22.5S" minBufferTime="PT2S" maxSegmentDuration="PT3S" xmlns="urn:mpeg:dash:schema:mpd:2011">
              <Period id="0" start="PT10S" duration="PT8.5S">
                <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true">
                  <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />
                  <Representation id="source" codecs="avc1.64001f" bandwidth="4000000" width="1920" height="1080" frameRate="30" startWithSAP="1">
                    <SegmentTemplate timescale="90000" presentationTimeOffset="0" initialization="$RepresentationID$/init-1.mp4" media="$RepresentationID$/$Number$.m4s" startNumber="2">
                      <SegmentTimeline>
                        <S t="180000" d="180000" />
                      </SegmentTimeline>
                    </SegmentTemplate>
                  </Representation>
                </AdaptationSet>
              </Period>
              <Period id="1" start="PT18.5S" duration="PT4S">
                <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true">
                  <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />
                  <Representation id="source" codecs="avc1.64001f" bandwidth="4000000" width="640" height="360" frameRate="30000/1001" startWithSAP="1">
                    <SegmentTemplate timescale="90000" presentationTimeOffset="765000" initialization="$RepresentationID$/init-2.mp4" media="$RepresentationID$/$Number$.m4s" startNumber="3">
                      <SegmentTimeline>
                        <S t="765000" d="180000" r="1" />
                      </SegmentTimeline>
                    </SegmentTemplate>
                  </Representation>
                </AdaptationSet>
              </Period>
              <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time" />
            </MPD>

            """);

    [Fact]
    public void Channel_MPD_names_the_sessions_MPD_and_media_location()
    {
        var session = new FakePackager().Video().Segment().Listen();

        session.Manifests.ChannelMpd().Text().ShouldContain("""
              <BaseURL>/live/demo/01JN8E0000000000000000000A/</BaseURL>
              <Location>01JN8E0000000000000000000A/manifest.mpd</Location>
              <ServiceDescription id="0">
            """);
    }

    [Fact]
    public void Gap_in_one_rendition_ends_its_timeline_and_its_return_starts_a_common_period()
    {
        var broadcaster = new FakePackager().Video().Audio().Segment();
        broadcaster.Open("source").Close("source").Gap("audio").Segments(2);
        var periods = Periods(broadcaster.Listen());

        periods.Select(period => (string)period.Attribute("id")!).ShouldBe(["0", "0-3"]);
        Numbers(periods[0], "source").ShouldBe([1, 2]);
        Numbers(periods[0], "audio").ShouldBe([1]);
        Numbers(periods[1], "source").ShouldBe([3, 4]);
        Numbers(periods[1], "audio").ShouldBe([3, 4]);
        ((string?)periods[1].Attribute("start")).ShouldBe("PT14S");
    }

    [Fact]
    public void Period_attributes_stay_when_the_window_moves_past_the_period_start()
    {
        var broadcaster = new FakePackager().Video().Audio().Segment().Discontinuity().Silence(1).Segments(3);
        var session = broadcaster.Listen();
        var before = Periods(session)[^1];
        broadcaster.Window(3).NotifyTo(session);
        var after = Periods(session).ShouldHaveSingleItem();

        after.Attribute("id")!.Value.ShouldBe(before.Attribute("id")!.Value);
        after.Attribute("start")!.Value.ShouldBe(before.Attribute("start")!.Value);
        Numbers(before, "source").ShouldBe([2, 3, 4]);
        Numbers(after, "source").ShouldBe([3, 4]);
        Template(after, "source").Attribute("presentationTimeOffset")!.Value
            .ShouldBe(Template(before, "source").Attribute("presentationTimeOffset")!.Value);
    }

    [Fact]
    public void End_keeps_period_starts_for_current_players_and_new_players_get_the_remaining_window()
    {
        var broadcaster = new FakePackager().Video().Audio().Segments(9).Sheet(0).Sheet(10).Window(6);
        var session = broadcaster.Listen();
        var before = Periods(session).ShouldHaveSingleItem();
        broadcaster.End().NotifyTo(session);
        foreach (var text in new[] { session.Manifests.SessionMpd().Text(), session.Manifests.ChannelMpd(isProtected: true).Text() })
        {
            var stayed = XDocument.Parse(text).Root!.Elements(Ns + "Period").ShouldHaveSingleItem();
            (stayed.Attribute("id")!.Value, stayed.Attribute("start")!.Value,
                stayed.Attribute("duration")!.Value).ShouldBe((before.Attribute("id")!.Value, before.Attribute("start")!.Value, "PT18S"));
            stayed.Descendants(Ns + "SegmentTemplate").Attributes("presentationTimeOffset").ShouldAllBe(offset => offset.Value == "0");
        }

        var late = XDocument.Parse(session.Manifests.ChannelMpd().Text()).Root!.Elements(Ns + "Period").ShouldHaveSingleItem();
        (late.Attribute("start")!.Value, late.Attribute("duration")!.Value).ShouldBe(("PT20S", "PT8S"));
        (Template(late, "source").Attribute("presentationTimeOffset")!.Value,
            Template(late, "audio").Attribute("presentationTimeOffset")!.Value).ShouldBe(("900000", "480000"));
        Template(late, "thumbnails").Attribute("presentationTimeOffset")!.Value.ShouldBe("10000");
        Template(late, "thumbnails").Descendants(Ns + "S").ShouldHaveSingleItem().Attribute("t")!.Value.ShouldBe("10000");
        Numbers(late, "source").ShouldBe([6, 7, 8, 9]);
    }

    [Fact]
    public void Restart_from_a_checkpoint_keeps_the_period_ids()
    {
        var broadcaster = new FakePackager().Video().Segment().Discontinuity().Segments(2).Discontinuity().Segments(2).Window(3);
        var timeline = new SessionTimeline(broadcaster.Session);
        broadcaster.Events.ForEach(@event => timeline.Apply(@event));
        var restarted = new LiveSession(broadcaster.Session, new ManualTimeProvider(FakePackager.Start));
        restarted.Append(timeline.Checkpoint(), error => throw new InvalidOperationException(error));

        Periods(restarted).Select(period => (string)period.Attribute("id")!).ShouldBe(["1", "2"]);
        Periods(broadcaster.Listen()).Select(period => (string)period.Attribute("id")!).ShouldBe(["1", "2"]);
    }

    [Fact]
    public void Segment_is_listed_when_all_renditions_have_it_or_one_is_far_ahead()
    {
        var broadcaster = new FakePackager().Video().Audio().Segment().Open("source").Close("source");
        var session = broadcaster.Listen();
        Numbers(Periods(session)[0], "source").ShouldBe([1]);

        broadcaster.Open("source").Close("source").Open("source").Close("source").NotifyTo(session);
        Numbers(Periods(session)[0], "source").ShouldBe([1, 2]);
        Numbers(Periods(session)[0], "audio").ShouldBe([1]);
    }

    [Fact]
    public void Publish_time_changes_only_with_the_content()
    {
        var time = new ManualTimeProvider(FakePackager.Start.AddSeconds(3));
        var broadcaster = new FakePackager().Video().Segment();
        var session = broadcaster.Listen(time);
        var first = session.Manifests.SessionMpd();

        time.AdvanceTo(FakePackager.Start.AddSeconds(4));
        broadcaster.Open("source").NotifyTo(session);
        session.Manifests.SessionMpd().Text().ShouldBe(first.Text());

        broadcaster.Close("source").NotifyTo(session);
        session.Manifests.SessionMpd().Text().ShouldContain("publishTime=\"2026-03-01T12:00:04.000Z\"");
    }

    [Fact]
    public void Negative_times_are_clamped_to_zero()
    {
        var broadcaster = new FakePackager().Video();
        var name = ObjectName.Parse("live/demo/x/source/1.m4s");
        var session = broadcaster.Listen();
        session.Append(
        [
            new TimelineEvent.PartReady("source", 1, 0, 1, new MediaTime(-1000, 90_000), new MediaTime(181_000, 90_000), true,
                FakePackager.Start, name, 0, 1000),
            new TimelineEvent.SegmentClosed("source", 1),
        ], error => throw new InvalidOperationException(error));

        session.Manifests.SessionMpd().Text().ShouldContain("<S t=\"0\" d=\"180000\" />");
    }

    [Fact]
    public void Each_audio_rendition_is_an_adaptation_set_and_sizes_of_one_codec_share_one()
    {
        var period = Periods(Broadcasts["ladder, languages and codecs"]().Listen())[0];

        period.Elements(Ns + "AdaptationSet").Select(set => (
            (string?)set.Attribute("lang"),
            (string)set.Element(Ns + "Role")!.Attribute("value")!,
            string.Join(' ', set.Elements(Ns + "Representation").Select(representation => (string)representation.Attribute("id")!))))
            .ShouldBe(
        [
            (null, "main", "source 180p"), (null, "main", "1080p"), ("en", "main", "audio"), ("en", "alternate", "audio-2"),
            ("de", "alternate", "audio-3"),
        ]);
        period.Descendants(Ns + "AudioChannelConfiguration").Select(element => (string)element.Attribute("value")!)
            .ShouldBe(["2", "2", "12"]);
    }

    [Fact]
    public void HDR_is_a_separate_adaptation_set_with_essential_color_properties()
    {
        var sets = Periods(Broadcasts["names and high dynamic range"]().Listen())[0].Elements(Ns + "AdaptationSet").ToList();

        sets.Count.ShouldBe(4);
        sets.Select(set => string.Join(' ', set.Elements()
            .Where(element => element.Name.LocalName.EndsWith("Property", StringComparison.Ordinal))
            .Select(element =>
                $"{element.Name.LocalName[0]} {((string)element.Attribute("schemeIdUri")!).Split(':')[^1]} {(string)element.Attribute("value")!}"))).ShouldBe(
        [
            "",
            "E ColourPrimaries 9 E TransferCharacteristics 16 E MatrixCoefficients 9",
            "E ColourPrimaries 9 E MatrixCoefficients 9 S TransferCharacteristics 18",
            "",
        ]);
    }

    [Fact]
    public void Audio_is_labelled_with_the_name_from_the_encoder() =>
        Periods(Broadcasts["names and high dynamic range"]().Listen())[0].Descendants(Ns + "Label").ShouldHaveSingleItem()
        .Value.ShouldBe("<Halle> & 'Tor'");

    [Fact]
    public void Default_BT709_is_not_signalled_and_other_SDR_colors_are_supplemental_properties()
    {
        foreach (var (color, properties) in new[] { (new ColorDescription(1, 1, 1, false), 0), (new ColorDescription(2, 2, 2, true), 0),
            (new ColorDescription(5, 6, 5, false), 3) })
        {
            var set = Periods(new FakePackager().Video().Change("source", format => format with { Color = color }).Segments(2).Listen())[0]
                .Element(Ns + "AdaptationSet")!;
            set.Elements(Ns + "SupplementalProperty").Count().ShouldBe(properties);
            set.Elements(Ns + "EssentialProperty").ShouldBeEmpty();
        }
    }

    [Fact]
    public void Embedded_captions_are_signalled_with_their_language()
    {
        var set = Periods(new FakePackager().Video().Change("source", format => format
            with { Captions = "CC1 CC3 SERVICE1 SERVICE2", Language = "en" }).Segments(2).Listen())[0].Element(Ns + "AdaptationSet")!;
        set.Elements(Ns + "Accessibility")
            .Select(element => ((string)element.Attribute("schemeIdUri")!, (string)element.Attribute("value")!)).ShouldBe(
        [
            ("urn:scte:dash:cc:cea-608:2015", "CC1=en;CC3=en"), ("urn:scte:dash:cc:cea-708:2015", "1=lang:en;2=lang:en"),
        ]);
    }

    private static RenditionFormat Hdr(byte transfer) =>
        new(TrackKind.Video, "hvc1.2.4.L120.B0", 90_000, 1920, 1080, 30, 0, 0,
            null) { Color = new ColorDescription(9, transfer, 9, FullRange: false) };

    public static TheoryData<string> Shapes => [.. Broadcasts.Keys];

    private static readonly Dictionary<string, Func<FakePackager>> Broadcasts = new()
    {
        ["video and audio"] = () => new FakePackager().Video().Audio(language: "en").Segments(3),
        ["audio only"] = () => new FakePackager().Audio().Segments(3),
        ["video only, rate unknown"] = () => new FakePackager().Video(frameRate: 0).Segments(3),
        ["fractional rates"] = () => new FakePackager().Video(frameRate: 23.976).Video("low", 640, 360, 12.34).Segments(3),
        ["discontinuity with another configuration"] = () => new FakePackager().Video().Audio().Segments(2).Discontinuity()
            .Change("source", format => format with { Width = 1280, Height = 720 }).Silence(7.3).Segments(2),
        ["ladder, languages and codecs"] = () => new FakePackager().Video().Video("180p", 320, 180)
            .Add("1080p", new RenditionFormat(TrackKind.Video, "hvc1.1.6.L123.B0", 90_000, 1920, 1080, 30, 0, 0, null))
            .Audio(language: "en").Audio("audio-2", "en")
            .Add("audio-3", new RenditionFormat(TrackKind.Audio, "opus", 48_000, 0, 0, 0, 48_000, 8, "de")).Segments(2),
        ["names and high dynamic range"] = () => new FakePackager().Video()
            .Add("pq", Hdr(16)).Add("hlg", Hdr(18)).Audio(language: "en")
            .Change("audio", format => format with { Name = "<Halle> & \"Tor\"" }).Segments(2),
        ["captions"] = () => new FakePackager().Video().Change("source", format => format with { Captions = "CC1 CC3 SERVICE1" }).Audio()
            .Segments(2),
        ["gap"] = () => new FakePackager().Video().Audio().Segment().Open("source").Close("source").Gap("audio").Segments(2),
        ["moved window"] = () => new FakePackager().Video().Audio().Segments(9).Window(5),
        ["not independent"] = () => new FakePackager().Video().Segment().Segment(independent: false),
        ["ended"] = () => new FakePackager(latency: LatencyProfile.Safe).Video().Audio().Segments(4, 6.04).End(),
        ["ended after discontinuities, window moved"] = () => new FakePackager().Video().Audio().Segments(2).Discontinuity().Segments(3)
            .Discontinuity().Segments(2).Window(4).End(),
    };

    [Theory, MemberData(nameof(Shapes))]
    public async Task MPD_is_schema_valid(string shape)
    {
        var session = Broadcasts[shape]().Listen();

        (await Schema.ValidateAsync(session.Manifests.SessionMpd().Text())).ShouldBeEmpty();
        (await Schema.ValidateAsync(session.Manifests.ChannelMpd().Text())).ShouldBeEmpty();
    }

    [Fact]
    public async Task Schema_rejects_an_invalid_MPD()
    {
        var text = new FakePackager().Video().Segment().Listen().Manifests.SessionMpd().Text();

        (await Schema.ValidateAsync(text.Replace("bandwidth=\"4000000\"", "", StringComparison.Ordinal))).ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData(25, "25")]
    [InlineData(29.97, "30000/1001")]
    [InlineData(59.9401, "60000/1001")]
    [InlineData(23.976, "24000/1001")]
    [InlineData(12.5, "12500/1000")]
    public void Frame_rates_are_integers_or_fractions(double rate, string text) => MpdText.FrameRate(rate).ShouldBe(text);

    private static List<XElement> Periods(LiveSession session) =>
        [.. XDocument.Parse(session.Manifests.SessionMpd().Text()).Root!.Elements(Ns + "Period")];

    private static XElement Template(XElement period, string representation) =>
        period.Descendants(Ns + "Representation").Single(element => (string?)element.Attribute("id") == representation)
        .Element(Ns + "SegmentTemplate")!;

    private static List<long> Numbers(XElement period, string representation)
    {
        var template = Template(period, representation);
        var count = template.Descendants(Ns + "S").Sum(element => 1 + ((int?)element.Attribute("r") ?? 0));
        var first = (long)template.Attribute("startNumber")!;
        return [.. Enumerable.Range(0, count).Select(index => first + index)];
    }
}
