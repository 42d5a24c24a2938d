using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;
using static Broadcast.Ingest.Tests.Hostile.ExpectedRejection;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Rows H39 to H57 of the hostile inputs: AMF and commands.</summary>
public sealed class CommandTests
{
    private static readonly byte[] Connected = [.. Wire.Handshake(), .. Wire.Connect()];

    public static TheoryData<string, byte[]> Nested => new()
    {
        { "objects", Times(70_000, [3, 0, 1, (byte)'a']) },
        { "typed objects", Times(70_000, [16, 0, 0, 0, 1, (byte)'a']) },
        { "ECMA arrays", Times(70_000, [8, 0, 0, 0, 1, 0, 1, (byte)'a']) },
        { "strict arrays", Times(70_000, [10, 0, 0, 0, 1]) },
    };

    [Theory]
    [MemberData(nameof(Nested))]
    public void H39_seventy_thousand_nested_containers_are_rejected_without_recursion(string what, byte[] bytes)
    {
        Broken("H39", bytes, what);
        Of("H39", [.. Connected, .. Call([2, 0, 1, (byte)'x', .. bytes[..10_000]])]).ShouldBe(IngestRejectionReason.InvalidAmf);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(8)]
    public void H40_count_of_four_billion_allocates_nothing(byte marker)
    {
        byte[] bytes = [marker, 0xFF, 0xFF, 0xFF, 0xFF, 5, 5, 5, 5];
        Allocated(() => Should.Throw<RtmpProtocolException>(() => new AmfReader(bytes).Read())).ShouldBeLessThan(64 * 1024);
        if (marker == 10)
        {
            Broken("H40", bytes);
        }
    }

    [Theory]
    [InlineData(new byte[] { 2, 0, 10, 1, 2 })]
    [InlineData(new byte[] { 12, 0, 0, 0, 10, 1, 2 })]
    [InlineData(new byte[] { 12, 0xFF, 0xFF, 0xFF, 0xFF, 1 })]
    [InlineData(new byte[] { 15, 0x7F, 0xFF, 0xFF, 0xFF, 1 })]
    [InlineData(new byte[] { 0, 1, 2, 3 })]
    public void H41_strings_and_numbers_that_extend_past_the_end_are_rejected(byte[] bytes) => Broken("H41", bytes);

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(9999u)]
    public void H42_count_of_an_ECMA_array_is_not_trusted(uint count)
    {
        byte[] bytes = [8, .. Wire.UInt32(count), 0, 1, (byte)'a', 5, 0, 1, (byte)'b', 5, 0, 0, 9];
        new AmfReader(bytes).Read().ShouldBeOfType<AmfValue.Map>().Properties.Keys.ShouldBe(["a", "b"]);
    }

    [Theory]
    [InlineData(new byte[] { 3, 0, 1, (byte)'a', 5 }, "H41")]
    [InlineData(new byte[] { 3, 0, 1, (byte)'a', 5, 0, 0 }, "H41")]
    [InlineData(new byte[] { 3, 0, 0, 5 }, "H43")]
    public void H43_object_without_its_end_marker_is_rejected(byte[] bytes, string rule) => Broken(rule, bytes);

    [Theory]
    [InlineData(new byte[] { 7, 0, 0 })]
    [InlineData(new byte[] { 3, 0, 1, (byte)'a', 7, 0, 0, 0, 0, 9 })]
    [InlineData(new byte[] { 10, 0, 0, 0, 1, 7, 0xFF, 0xFF })]
    public void H44_references_are_rejected(byte[] bytes) => Broken("H44", bytes);

    [Fact]
    public void H45_malformed_and_unusual_text_is_replaced_kept_out_of_the_log_and_bounded()
    {
        new AmfReader([2, 0, 3, 0xC3, 0x28, 0xFF]).Read().ShouldBeOfType<AmfValue.Text>().Value.ShouldBe("\uFFFD(\uFFFD");
        TextSanitizer.Sanitize("a\0b\u202Ec\r\nd\u2028e\u200Ff").ShouldBe("abcdef");
        TextSanitizer.Sanitize(new string('x', 5000)).Length.ShouldBe(128);
        Broken("H45", [3, 0xFF, 0xFF, .. new byte[65_535], 5, 0, 0, 9], "a name of 64 KiB");
        Broken("H45", [3, .. Enumerable.Range(0, 2000).SelectMany(i => (byte[])[0, 2, (byte)(i >> 8), (byte)i, 5]), 0, 0, 9],
            "2,000 properties");
        new AmfReader([3, 0, 1, (byte)'a', 1, 0, 0, 1, (byte)'a', 1, 1, 0, 0, 9]).Read()
            .ShouldBeOfType<AmfValue.Map>().Properties["a"].ShouldBe(new AmfValue.Boolean(true), "the last of two counts");
        var session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Wire.Command(0, amf =>
        {
            amf.Text("connect").Number(1);
            using (amf.Object())
            {
                amf.Name("app").Text("live").Name("flashVer").Text("Nice\nencoder\u202E\u0000<script>");
            }
        })]);
        session.Session.Commands.Encoder.ShouldBe("Niceencoder<script>");
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-0.0)]
    [InlineData(1e308)]
    [InlineData(-1)]
    [InlineData(4294967296.0)]
    public void H46_NaN_and_infinite_numbers_have_no_effect_anywhere(double number)
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Wire.Command(0, amf =>
        {
            amf.Text("connect").Number(number);
            using (amf.Object())
            {
                amf.Name("app").Text("live").Name("capabilities").Number(number);
            }
        })]);
        session.Feeds([.. Wire.CreateStream(number), .. Wire.Publish("good")]);
        session.Feeds(Wire.Command(0, amf => amf.Text("deleteStream").Number(number).Null().Number(number))).ShouldBe(RtmpAction.ReadOn);
        session.Feeds(Metadata(number));
        session.Feeds([.. Wire.VideoConfiguration(), .. Wire.AudioConfiguration(), .. Wire.Frame(0, true)]);
        session.Samples().ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(65_535, 0, 7)]
    [InlineData(65_535, 1e9, 2)]
    [InlineData(0, 0, 12)]
    public void H47_metadata_is_a_hint_and_the_codec_configuration_is_authoritative(double side, double rate, double codec)
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.Command(0, amf => amf.Text("_checkbw").Number(0)), Wire.Message(MessageType.Data, 1, 0, Amf(amf =>
        {
            amf.Text("@setDataFrame").Text("onMetaData");
            using (amf.EcmaArray(5))
            {
                amf.Name("width").Number(side).Name("height").Number(side).Name("framerate").Number(rate).Name("videocodecid").Number(codec)
                    .Name("audiocodecid").Number(codec);
            }
        })), Wire.VideoConfiguration(), Wire.AudioConfiguration(), Wire.Frame(0, true)));
        var track = session.Samples().ShouldHaveSingleItem().Track;
        ((CodecConfig.Avc)track.Config).Sequence.ShouldSatisfyAllConditions(s => s.Width.ShouldBe(320), s => s.Height.ShouldBe(180));
    }

    [Theory]
    [InlineData("../live")]
    [InlineData("live%2e%2e")]
    [InlineData("..\\live")]
    [InlineData("li\0ve")]
    [InlineData("📺")]
    [InlineData("")]
    [InlineData("LIVE")]
    public void H48_unknown_application_is_rejected(string app)
    {
        Of("H48", [.. Wire.Handshake(), .. Wire.Connect(app)]).ShouldBe(IngestRejectionReason.UnknownApplication);
        Of("H48", [.. Wire.Handshake(), .. Wire.Connect(new string('x', 10_240))]).ShouldBe(IngestRejectionReason.UnknownApplication);
        Of("H48", [.. Wire.Handshake(), .. Wire.Command(0, amf => amf.Text("connect").Number(1))])
            .ShouldBe(IngestRejectionReason.UnknownApplication);
    }

    [Theory]
    [InlineData("live?a=b", "KEY", "KEY")]
    [InlineData("live", "KEY?token=x&y=/../", "KEY")]
    [InlineData("live", "../../etc/passwd", null)]
    [InlineData("live", "a%2e%2e", null)]
    [InlineData("live", "a\\b", null)]
    [InlineData("live", "a\u0000b", null)]
    [InlineData("live", "ключ", null)]
    [InlineData("live", "🎬", null)]
    [InlineData("live", "", null)]
    public void H48_stream_key_with_unsupported_characters_or_length_is_ignored(string app, string name, string? key)
    {
        var session = new SessionHarness { Grants = false };
        session.Feeds([.. Wire.Handshake(), .. Wire.Connect(app), .. Wire.CreateStream(), .. Wire.Publish(name)])
            .ShouldBe(RtmpAction.Authorize);
        session.Session.Commands.StreamKey.ShouldBe(key);
        var long_ = new SessionHarness { Grants = false };
        long_.Feeds(Wire.Opening(new string('k', 10_240)));
        long_.Session.Commands.StreamKey.ShouldBeNull();
    }

    [Fact]
    public void H49_commands_out_of_order_are_rejected_or_answered_with_an_error()
    {
        Of("H49", [.. Connected, .. Wire.Connect()]).ShouldBe(IngestRejectionReason.InvalidCommand);
        Of("H49", [.. Wire.Handshake(), .. Wire.Publish("good")]).ShouldBe(IngestRejectionReason.InvalidCommand);
        Of("H49", [.. Connected, .. Wire.Publish("good", 77)]).ShouldBe(IngestRejectionReason.InvalidCommand);
        Of("H49", [.. Connected, .. Wire.Command(1, a => a.Text("play").Number(0).Null().Text("x"))])
            .ShouldBe(IngestRejectionReason.PlayRefused);
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        session.Answers();
        session.Feeds(Wire.Publish("good"));
        session.Answers().ShouldBe(["onStatus 0 NetStream.Publish.BadName"]);
    }

    [Fact]
    public void H50_eight_streams_are_created_and_no_more()
    {
        var session = new SessionHarness();
        session.Feeds(Connected);
        session.Answers();
        session.Feeds([.. Enumerable.Range(2, 40).SelectMany(i => Wire.CreateStream(i))]);
        var answers = session.Answers();
        answers.Take(8).ShouldAllBe(a => a.StartsWith("_result"));
        answers.Skip(8).ShouldAllBe(a => a.EndsWith("NetConnection.Call.Failed"));
        Should.Throw<RtmpProtocolException>(() => new SessionHarness().Feeds([.. Connected, .. Times(100_000, Wire.CreateStream())]))
            .Reason.ShouldBeOneOf(IngestRejectionReason.Flood, IngestRejectionReason.TooMuchBeforePublish);
    }

    [Fact]
    public void H51_calls_of_old_encoders_may_be_missing_or_malformed()
    {
        var session = new SessionHarness();
        session.Feeds([.. Connected, .. Wire.Command(0, a => a.Text("releaseStream").Number(2)),
            .. Wire.Command(0, a => a.Text("FCPublish").Number(3).Number(7)),
            .. Wire.Command(0, a => a.Text("FCPublish").Boolean(true)), .. Wire.CreateStream(), .. Wire.Publish("good")]);
        session.Feed.ShouldNotBeNull();
        var bare = new SessionHarness();
        bare.Feeds([.. Connected, .. Wire.Publish("good")]);
        bare.Feed.ShouldNotBeNull("without createStream, releaseStream and FCPublish");
    }

    [Theory]
    [InlineData("record")]
    [InlineData("append")]
    [InlineData("../../x")]
    public void H52_any_requested_publishing_type_is_live(string kind)
    {
        var session = new SessionHarness();
        session.Feeds([.. Connected, .. Wire.CreateStream(),
            .. Wire.Command(1, amf => amf.Text("publish").Number(5).Null().Text("good").Text(kind))]);
        session.Session.Phase.ShouldBe(RtmpPhase.Publishing);
    }

    [Fact]
    public void H56_last_metadata_of_a_flood_applies_and_an_endless_flood_ends_the_connection()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        for (var i = 0; i < 5000; i++)
        {
            session.Feeds(Metadata(i, encoder: $"number {i}"));
        }

        session.Now = session.Now.AddSeconds(2);
        session.Feeds([.. Wire.VideoConfiguration(), .. Wire.AudioConfiguration(), .. Wire.Frame(0, true)]);
        session.Feed!.Metadata!.Encoder.ShouldBe("number 4999");
        session.Samples().ShouldHaveSingleItem();
        Of("H56", session, Times(30_000, Metadata(1))).ShouldBe(IngestRejectionReason.Flood);
    }

    [Fact]
    public void H57_unknown_calls_are_answered_with_an_error_and_have_no_effect()
    {
        var session = new SessionHarness();
        session.Feeds(Connected);
        session.Answers();
        session.Feeds([.. Wire.Command(0, a => a.Text("System.Diagnostics.Process.Start").Number(7).Null().Text("rm")),
            .. Wire.Command(0, a => a.Text("ToString").Number(0))]);
        session.Answers().ShouldBe(["_error 7 NetConnection.Call.Failed"]);
        Of("H45", [.. Connected, .. Wire.Command(0, amf =>
        {
            amf.Text("call").Number(1);
            for (var i = 0; i < 2000; i++)
            {
                amf.Null();
            }
        })]).ShouldBe(IngestRejectionReason.InvalidAmf, "2,000 arguments");
    }

    [Fact]
    public void H76_metadata_text_beyond_its_budget_is_ignored()
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration()));
        var (read, last) = (0, "");
        for (var i = 0; i < 600; i++)
        {
            session.Now = session.Now.AddMilliseconds(5);
            session.Feeds(Metadata(i, encoder: $"{i} <script>" + new string('x', 15_000)));
            var encoder = session.Feed!.Metadata?.Encoder ?? "";
            read += encoder == last ? 0 : 1;
            last = encoder;
        }

        // 9 MB in three seconds, of which at most half a megabyte plus 64 KiB per second are read, and at most 128 characters kept.
        read.ShouldBeInRange(30, 60);
        last.Length.ShouldBeLessThanOrEqualTo(128);
    }

    private static void Broken(string rule, byte[] bytes, string what = "")
    {
        var refusal = Should.Throw<RtmpProtocolException>(() => new AmfReader(bytes).Read(), what);
        (refusal.Reason, refusal.Rule).ShouldBe((IngestRejectionReason.InvalidAmf, rule), what);
    }

    private static byte[] Amf(Action<AmfWriter> write)
    {
        var amf = new AmfWriter();
        write(amf);
        return amf.Written.ToArray();
    }

    private static byte[] Call(byte[] body) => Wire.Message(MessageType.Command, 0, 0, body);

    private static byte[] Metadata(double number, string encoder = "x") => Wire.Message(MessageType.Data, 1, 0, Amf(amf =>
    {
        amf.Text("@setDataFrame").Text("onMetaData");
        using (amf.EcmaArray(4))
        {
            amf.Name("width").Number(number).Name("height").Number(number).Name("framerate").Number(number).Name("encoder").Text(encoder);
        }
    }));
}
