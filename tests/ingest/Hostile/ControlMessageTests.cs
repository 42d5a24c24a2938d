using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Shouldly;
using Xunit;
using static Broadcast.Ingest.Tests.Hostile.ExpectedRejection;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Rows H29 to H38 of the hostile inputs: control messages, unusual types and streams, aggregates.</summary>
public sealed class ControlMessageTests
{
    public static TheoryData<string, byte[]> Floods => new()
    {
        { "Abort", Wire.Message(MessageType.Abort, 0, 0, Wire.UInt32(6), 2) },
        { "Set Chunk Size", Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(128), 2) },
        { "pings", Wire.Message(MessageType.UserControl, 0, 0, [0, 6, 0, 0, 0, 1], 2) },
        { "acknowledgements", Wire.Message(MessageType.Acknowledgement, 0, 0, Wire.UInt32(1), 2) },
        { "windows", Wire.Message(MessageType.WindowAcknowledgementSize, 0, 0, Wire.UInt32(1000), 2) },
        { "calls", Wire.Command(0, a => a.Text("hello").Number(0).Null()) },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public void H29_flood_of_any_kind_of_control_message_ends_the_connection(string what, byte[] message)
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        Of("H29", session, Times(1000, message)).ShouldBe(IngestRejectionReason.Flood, what);

        // At an encoder's rate they are always accepted.
        var calm = new SessionHarness();
        calm.Feeds(Wire.Opening());
        for (var i = 0; i < 1000; i++)
        {
            calm.Now = calm.Now.AddSeconds(1);
            calm.Feeds(message);
        }
    }

    [Theory]
    [InlineData(0u, 0)]
    [InlineData(1u, 6)] // every 17 messages of about 4,040 bytes, just over 64 KiB
    [InlineData(uint.MaxValue, 0)]
    public void H30_zero_window_is_ignored_and_a_tiny_one_is_followed_only_roughly(uint window, int acknowledgements)
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.Message(MessageType.WindowAcknowledgementSize, 0, 0, Wire.UInt32(window), 2),
            Wire.Message(MessageType.SetPeerBandwidth, 0, 0, [0, 0, 16, 0, 99], 2),
            Wire.Message(MessageType.SetPeerBandwidth, 0, 0, [0, 0, 16, 0], 2),
            Wire.VideoConfiguration(), Wire.AudioConfiguration()));
        session.Answers();
        for (uint i = 0; i < 110; i++)
        {
            session.Feeds(Wire.Frame(i * 40, true, 4000));
        }

        session.Answers().Count(a => a == "type 3").ShouldBe(acknowledgements);
        Of("H30", Accepted(Wire.Message(MessageType.WindowAcknowledgementSize, 0, 0, [0, 1, 2], 2)))
            .ShouldBe(IngestRejectionReason.InvalidControl);
        Of("H30", Accepted(Wire.Message(MessageType.SetPeerBandwidth, 0, 0, [0, 1, 2], 2))).ShouldBe(IngestRejectionReason.InvalidControl);
    }

    [Fact]
    public void H31_acknowledgements_may_be_missing_wrong_or_decreasing()
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration()));
        for (uint i = 0; i < 100; i++)
        {
            session.Feeds(Wire.Frame(i * 40, i == 0, 60_000));
        }

        session.Feeds([.. Wire.Message(MessageType.Acknowledgement, 0, 0, Wire.UInt32(uint.MaxValue), 2),
            .. Wire.Message(MessageType.Acknowledgement, 0, 0, Wire.UInt32(5), 2),
            .. Wire.Message(MessageType.Acknowledgement, 0, 0, Wire.UInt32(0), 2), .. Wire.Frame(4000, true)]);
        session.Samples().Count.ShouldBe(101);
    }

    [Fact]
    public void H32_byte_count_wraps_at_32_bits_and_reception_continues()
    {
        var session = new SessionHarness(received: uint.MaxValue - 1_000_000);
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration()));
        session.Answers();
        for (uint i = 0; i < 800; i++)
        {
            session.Feeds(Wire.Frame(i * 40, true, 4000));
        }

        session.Samples().Count.ShouldBe(800);
        var counts = session.Acknowledged();
        counts.Count.ShouldBe(2);
        counts[0].ShouldBeLessThan(1_000_000u, "the count has begun again at zero");
        counts[1].ShouldBeGreaterThan(counts[0]);
    }

    [Fact]
    public void H33_unknown_user_control_events_are_ignored_and_truncated_ones_end_the_connection()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        session.Answers();
        session.Feeds([.. UserControl(0, 99), .. UserControl(0, 200, 1, 2, 3), .. UserControl(0, 3, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF),
            .. UserControl(0, 6, 0, 0, 0, 1)]);
        session.Answers().ShouldBe(["type 4"], "only the ping is answered");
        Of("H33", Accepted(UserControl(0))).ShouldBe(IngestRejectionReason.InvalidControl);
        Of("H33", Accepted(UserControl(0, 6, 0))).ShouldBe(IngestRejectionReason.InvalidControl);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(14)]
    [InlineData(21)]
    [InlineData(23)]
    [InlineData(210)]
    [InlineData(255)]
    public void H34_unknown_message_types_are_counted_and_only_a_flood_ends_the_connection(byte type)
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration()));
        for (var i = 0; i < 3000; i++)
        {
            session.Now = session.Now.AddSeconds(1);
            session.Feeds(Wire.Message((MessageType)type, 1, 0, [1, 2, 3]));
        }

        session.Session.IgnoredMessages.ShouldBe(3000);
        session.Feeds(Wire.Frame(0, true));
        session.Samples().ShouldHaveSingleItem();
        Should.Throw<Broadcast.Ingest.Rtmp.RtmpProtocolException>(() =>
            session.Feeds(Times(2000, Wire.Message((MessageType)type, 1, 0, [1, 2, 3]))))
            .Reason.ShouldBeOneOf(IngestRejectionReason.Flood, IngestRejectionReason.TooMuchNonsense);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(5u)]
    [InlineData(0xFFFFFFFFu)]
    public void H35_media_on_unknown_streams_is_counted_and_dropped_and_metadata_on_0_accepted(uint stream)
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration(),
            Times(50, Wire.Message(MessageType.Video, stream, 0, Wire.VideoBody(true)))));
        session.Session.IgnoredMessages.ShouldBe(50);
        session.Samples().ShouldBeEmpty();
        session.Feeds(Wire.Message(MessageType.Data, 0, 0, [2, 0, 10, .. "onMetaData"u8, 8, 0, 0, 0, 0, 0, 0, 9]));
        session.Session.IgnoredMessages.ShouldBe(50, "metadata on message stream 0 is metadata");
    }

    [Fact]
    public void H36_messages_with_interleaved_chunks_are_reassembled()
    {
        var (video, audio) = (Wire.VideoBody(true, 295), (byte[])[0xAF, 1, 0x21, .. Wire.Filler(197)]);
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.VideoConfiguration(), Wire.AudioConfiguration(),
            Wire.Chunk(0, 6, 0, video.Length, 9, 1, video[..128]), Wire.Chunk(0, 4, 0, audio.Length, 8, 1, audio[..128]),
            Wire.Chunk(3, 6, 0, 0, 0, 0, video[128..256]), Wire.Chunk(3, 4, 0, 0, 0, 0, audio[128..]),
            Wire.Chunk(3, 6, 0, 0, 0, 0, video[256..])));
        var samples = session.Samples();
        samples.Select(s => s.Track.Kind).ShouldBe([TrackKind.Audio, TrackKind.Video]);
        samples[0].Payload.ToArray().ShouldBe(audio[2..]);
        samples[1].Payload.ToArray().ShouldBe(video[5..]);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(19)]
    public void H38_shared_objects_are_ignored(byte type)
    {
        var session = new SessionHarness();
        session.Feeds(Accepted(Wire.Message((MessageType)type, 1, 0, Wire.Filler(100))));
        session.Session.IgnoredMessages.ShouldBe(1);
    }

    [Fact]
    public void H38_AMF3_commands_and_data_are_read_after_their_format_byte()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Handshake());
        var connect = new Broadcast.Ingest.Rtmp.Amf.AmfWriter().Text("connect").Number(1);
        using (connect.Object())
        {
            connect.Name("app").Text("live");
        }

        session.Feeds(Wire.Message(MessageType.CommandAmf3, 0, 0, [0, .. connect.Written]));
        session.Answers()[^1].ShouldBe("_result 1 NetConnection.Connect.Success");
        session.Feeds([.. Wire.CreateStream(), .. Wire.Publish("good")]);
        session.Feeds(Wire.Message(MessageType.DataAmf3, 1, 0, [0, 2, 0, 10, .. "onMetaData"u8, 8, 0, 0, 0, 0, 0, 0, 9]));
        session.Session.IgnoredMessages.ShouldBe(0);
    }

    private static byte[] UserControl(params byte[] body) => Wire.Message(MessageType.UserControl, 0, 0, body, 2);
}
