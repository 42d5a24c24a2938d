using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Messages;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public sealed class RtmpStateMachineTests
{
    [Fact]
    public void Encoder_commands_get_the_expected_responses()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Wire.Connect()]);
        session.Answers().ShouldBe(["type 5", "type 6", "type 1", "_result 1 NetConnection.Connect.Success"]);
        session.Feeds([.. Call("releaseStream", 2, "good"), .. Call("FCPublish", 3, "good"), .. Wire.CreateStream(4)]);
        session.Answers().ShouldBe(["_result 2 -", "_result 3 -", "onFCPublish 0 NetStream.Publish.Start", "_result 4 1"]);
        session.Feeds(Call("_checkbw", 5, ""));
        session.Feeds(Call("getStreamLength", 6, "good"));
        session.Feeds(Call("somethingElse", 7, ""));
        session.Feeds(Call("somethingElse", 0, ""));
        session.Answers().ShouldBe(["_result 5 -", "_result 6 0", "_error 7 NetConnection.Call.Failed"]);
        session.Feeds(Wire.Publish("good"));
        session.Answers().ShouldBe(["type 4", "onStatus 0 NetStream.Publish.Start"]);
        session.Session.Commands.Encoder.ShouldBe("Test/1.0");
        session.Feeds(Wire.Publish("good"));
        session.Answers().ShouldBe(["onStatus 0 NetStream.Publish.BadName"]);
        session.Feeds(Wire.Command(0, amf => amf.Text("deleteStream").Number(8).Null().Number(7))).ShouldBe(RtmpAction.ReadOn);
        session.Feeds(Wire.Command(0, amf => amf.Text("deleteStream").Number(8).Null().Number(1))).ShouldBe(RtmpAction.Finished);
        session.Answers().ShouldBe(["onStatus 0 NetStream.Unpublish.Success"]);
    }

    [Theory]
    [InlineData("live", "KEY?user=x&y=z", "user=x&y=z")]
    [InlineData("live?a=b", "KEY", "a=b")]
    [InlineData("live?a=b", "KEY?c=d", "c=d")]
    [InlineData("live", "KEY", "")]
    [InlineData("live", "KEY?a\u0007b", "")]
    public void Query_string_of_stream_name_or_application_is_passed_on(string app, string name, string query)
    {
        var harness = new SessionHarness { Grants = false };
        harness.Feeds(Wire.Opening(name, app));
        (harness.Session.Commands.Target.Application, harness.Session.Commands.Target.Query).ShouldBe(("live", query));
    }

    [Fact]
    public void Query_string_that_is_too_long_is_dropped()
    {
        var harness = new SessionHarness { Grants = false };
        harness.Feeds(Wire.Opening("KEY?" + new string('a', 2049)));
        harness.Session.Commands.Target.Query.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("live", "KEY", "KEY")]
    [InlineData("live/", "KEY?user=x&y=z", "KEY")]
    [InlineData("live?a=b", "/KEY", "KEY")]
    [InlineData("live/KEY", "", "KEY")]
    [InlineData("/live/KEY/", "?x", "KEY")]
    [InlineData("live/other", "KEY", "KEY")]
    [InlineData("live", "", null)]
    [InlineData("live", "../../etc/passwd", null)]
    [InlineData("live", "a%2e", null)]
    [InlineData("live", "ключ", null)]
    [InlineData("live", "a\u0000b", null)]
    public void Stream_key_is_the_publish_name_or_the_end_of_the_application(string app, string name, string? key)
    {
        var session = new SessionHarness { Grants = false };
        session.Feeds([.. Wire.Handshake(), .. Wire.Connect(app), .. Wire.CreateStream(), .. Wire.Publish(name)])
            .ShouldBe(RtmpAction.Authorize);
        session.Session.Commands.StreamKey.ShouldBe(key);
    }

    [Fact]
    public void Stream_key_that_is_too_long_is_ignored()
    {
        var session = new SessionHarness { Grants = false };
        session.Feeds([.. Wire.Opening(new string('k', 129))]);
        session.Session.Commands.StreamKey.ShouldBeNull();
    }

    public static TheoryData<string, byte[], IngestRejectionReason> Refused => new()
    {
        { "publish first", [.. Wire.Handshake(), .. Wire.Publish("good")], IngestRejectionReason.InvalidCommand },
        { "connect twice", [.. Wire.Handshake(), .. Wire.Connect(), .. Wire.Connect()], IngestRejectionReason.InvalidCommand },
        { "another application", [.. Wire.Handshake(), .. Wire.Connect("vod")], IngestRejectionReason.UnknownApplication },
        { "play", [.. Wire.Handshake(), .. Wire.Connect(), .. Wire.Command(1, a => a.Text("play").Number(0).Null().Text("x"))],
            IngestRejectionReason.PlayRefused },
        { "publish on a stream never made", [.. Wire.Handshake(), .. Wire.Connect(), .. Wire.Publish("good", 77)],
            IngestRejectionReason.InvalidCommand },
        { "a command that is a number", [.. Wire.Handshake(), .. Wire.Command(0, a => a.Number(1))], IngestRejectionReason.InvalidCommand },
        { "a large message before publish", [.. Wire.Handshake(), .. Wire.Chunk(0, 3, 0, 16_385, 9, 1, [])],
            IngestRejectionReason.MessageTooLarge },
        { "much before publish", [.. Wire.Handshake(), .. Enumerable.Repeat(Wire.Message(MessageType.Video, 1, 0, Wire.Filler(16_000)), 5)
            .SelectMany(b => b)], IngestRejectionReason.TooMuchBeforePublish },
        { "nine chunk streams before publish", [.. Wire.Handshake(),
            .. Enumerable.Range(3, 9).SelectMany(i => Wire.Chunk(0, i, 0, 1, 9, 1, [0]))], IngestRejectionReason.TooManyChunkStreams },
        { "a flood of pings",
            [.. Wire.Opening(), .. Enumerable.Repeat(Wire.Message(MessageType.UserControl, 0, 0, [0, 6, 0, 0, 0, 1], 2), 600)
            .SelectMany(b => b)], IngestRejectionReason.Flood },
        { "half a ping", [.. Wire.Opening(), .. Wire.Message(MessageType.UserControl, 0, 0, [0, 6, 0], 2)],
            IngestRejectionReason.InvalidControl },
        { "half an event", [.. Wire.Opening(), .. Wire.Message(MessageType.UserControl, 0, 0, [0], 2)],
            IngestRejectionReason.InvalidControl },
        { "half a window", [.. Wire.Opening(), .. Wire.Message(MessageType.WindowAcknowledgementSize, 0, 0, [0, 1], 2)],
            IngestRejectionReason.InvalidControl },
        { "MP3", [.. Wire.Opening(), .. Wire.Message(MessageType.Audio, 1, 0, [0x2F, 1, 2])], IngestRejectionReason.UnsupportedCodec },
        { "empty messages without end",
            [.. Wire.Opening(), .. Enumerable.Repeat(Wire.Message(MessageType.Video, 1, 0, []), 1001).SelectMany(b => b)],
            IngestRejectionReason.TooMuchNonsense },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Invalid_commands_are_rejected_with_a_specific_reason(string what, byte[] bytes, IngestRejectionReason reason) =>
        Should.Throw<RtmpProtocolException>(() => new SessionHarness().Feeds(bytes), what).Reason.ShouldBe(reason);

    [Fact]
    public void Only_eight_streams_are_created()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Wire.Connect()]);
        session.Answers();
        session.Feeds([.. Enumerable.Range(2, 9).SelectMany(i => Wire.CreateStream(i))]);
        session.Answers()[^2..].ShouldBe(["_result 9 8", "_error 10 NetConnection.Call.Failed"]);
    }

    [Fact]
    public void Pings_are_answered_and_unknown_messages_are_ignored()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        session.Answers();
        session.Feeds([.. Wire.Message(MessageType.UserControl, 0, 0, [0, 6, 0, 0, 0, 1], 2),
            .. Wire.Message(MessageType.UserControl, 0, 0, [0, 99], 2),
            .. Wire.Message((MessageType)210, 0, 0, [1, 2, 3])]);
        session.Answers().ShouldBe(["type 4"]);
        session.Session.IgnoredMessages.ShouldBe(1);
    }

    [Fact]
    public void Session_split_at_any_byte_yields_the_same_samples()
    {
        byte[] bytes = [.. Wire.Opening(), .. Wire.Media(0.2).SelectMany(b => b)];
        var whole = new SessionHarness();
        whole.Feeds(bytes);
        var expected = whole.Samples();
        expected.Count.ShouldBe(5 + 10);
        foreach (var size in (int[])[1, 2, 3, 7, 100, 1000])
        {
            var cut = new SessionHarness();
            foreach (var piece in bytes.Chunk(size))
            {
                cut.Feeds(piece);
            }

            var samples = cut.Samples();
            samples.Select(s => (s.Track.Kind, s.Decode, s.Present, s.IsSync))
                .ShouldBe(expected.Select(s => (s.Track.Kind, s.Decode, s.Present, s.IsSync)));
            samples.Zip(expected).All(p => p.First.Payload.Span.SequenceEqual(p.Second.Payload.Span)).ShouldBeTrue();
        }
    }

    [Fact]
    public void Received_bytes_are_acknowledged_but_not_one_by_one()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Wire.Message(MessageType.WindowAcknowledgementSize, 0, 0, Wire.UInt32(1), 2),
            .. Wire.VideoConfiguration()]);
        session.Answers();
        for (uint i = 0; i < 100; i++)
        {
            session.Feeds(Wire.Frame(i * 40, true, 4000));
        }

        session.Answers().Count(a => a == "type 3").ShouldBe(5); // every 17 messages of about 4,040 bytes, just over 64 KiB
    }

    [Fact]
    public void Media_on_another_stream_is_ignored()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Wire.Message(MessageType.Video, 5, 0, Wire.VideoBody(true)),
            .. Wire.Message(MessageType.Video, 0, 0, Wire.VideoBody(true))]);
        session.Session.IgnoredMessages.ShouldBe(2);
    }

    [Fact]
    public void Constantly_changing_configuration_is_rejected()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Wire.VideoConfiguration(), .. Wire.AudioConfiguration()]);
        var e = Should.Throw<RtmpProtocolException>(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                byte[] record = [.. Wire.AvcRecord];
                record[^1] = (byte)i;
                session.Feeds([.. Wire.Message(MessageType.Video, 1, 0, [0x17, 0, 0, 0, 0, .. record]), .. Wire.Frame((uint)i * 40, true)]);
            }
        });
        e.Reason.ShouldBe(IngestRejectionReason.ConfigurationFlood);
    }

    [Fact]
    public void Mutated_sessions_raise_protocol_errors_and_nothing_else()
    {
        byte[] recorded = [.. Wire.Opening(), .. Wire.Media(0.4).SelectMany(b => b), .. Call("FCUnpublish", 6, "good")];
        var random = new Random(20260101);
        var refused = 0;
        for (var round = 0; round < 3000; round++)
        {
            var bytes = recorded.ToArray();
            for (var change = random.Next(1, 12); change > 0; change--)
            {
                // The handshake is random anyway, so most mutations follow it.
                var at = random.Next(20) == 0 ? random.Next(bytes.Length) : random.Next(3073, bytes.Length);
                switch (random.Next(4))
                {
                    case 0:
                        bytes[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        bytes[at] ^= (byte)(1 << random.Next(8));
                        break;
                    case 2:
                        bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 200))..]];
                        break;
                    default:
                        var piece = new byte[random.Next(1, 20)];
                        random.NextBytes(piece);
                        bytes = [.. bytes[..at], .. piece, .. bytes[at..]];
                        break;
                }

                if (bytes.Length <= 3073)
                {
                    break;
                }
            }

            var session = new SessionHarness();
            try
            {
                foreach (var piece in bytes.Chunk(random.Next(50, 5000)))
                {
                    session.Now = session.Now.AddMilliseconds(random.Next(100));
                    session.Feeds(piece);
                }
            }
            catch (RtmpProtocolException)
            {
                refused++;
            }

            var samples = session.Samples();
            foreach (var lane in samples.GroupBy(s => s.Track.Kind))
            {
                lane.Zip(lane.Skip(1)).ShouldAllBe(p => p.Second.Decode > p.First.Decode);
            }
        }

        refused.ShouldBeInRange(500, 2999);
    }

    private static byte[] Call(string name, double transaction, string argument) =>
        Wire.Command(0, (AmfWriter amf) => amf.Text(name).Number(transaction).Null().Text(argument));
}
