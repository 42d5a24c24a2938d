using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Publisher;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>Deviations of publishers from the plain protocol: capabilities, aggregates, cues, and unexpected messages.</summary>
public sealed class PublisherHabitsTests
{
    [Fact]
    public void Enhanced_RTMP_client_receives_the_capabilities_and_an_RTMP_1_0_client_does_not()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Wire.Connect()]);
        session.Answers();
        session.Commands.Single().Arguments[0].Find("fourCcList").ShouldBe(AmfValue.Null.Instance);
        session.Session.Commands.Client.ShouldBe(Capabilities.None);

        session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Connect(amf =>
        {
            amf.Name("capsEx").Number(0xF1).Name("videoFunction").Number(6).Name("fourCcList").Texts(["hvc1", "xyz1", "Opus", "\u0000"]);
            amf.Name("videoFourCcInfoMap");
            using (amf.Object())
            {
                amf.Name("av01").Number(4);
            }
        })]);
        session.Answers();
        var answer = session.Commands.Single().Arguments[0];
        ((AmfValue.StrictArray)answer.Find("fourCcList")).Items.Cast<AmfValue.Text>().Select(t => t.Value)
            .ShouldBe(["avc1", "hvc1", "av01", "vp09", "mp4a", "Opus", "fLaC", "ac-3", "ec-3"]);
        answer.Find("videoFourCcInfoMap").GetNumber("av01", 0, 7).ShouldBe(4);
        answer.Find("audioFourCcInfoMap").GetNumber("ec-3", 0, 7).ShouldBe(4);
        answer.GetNumber("capsEx", 0, 255).ShouldBe(15);
        var client = session.Session.Commands.Client;
        (client.CanReconnect, client.Extended, client.VideoFunction).ShouldBe((true, ExtendedCapabilities.Reconnect, 6));
        client.Codecs.ShouldBe(["hvc1", "av01", "Opus"]);
    }

    [Fact]
    public void Capabilities_of_the_wrong_type_are_ignored()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Connect(amf => amf.Name("capsEx").Number(double.NaN).Name("fourCcList").Text("*"))]);
        session.Session.Commands.Client.IsEnhanced.ShouldBeFalse();
        session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Connect(amf => amf.Name("fourCcList").Texts(["*"]))]);
        session.Session.Commands.Client.Codecs.Count.ShouldBe(9);
    }

    [Fact]
    public void Only_a_reconnect_capable_client_receives_a_reconnect_request()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        session.Session.Commands.TryRequestReconnect(null).ShouldBeFalse();
        session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Connect(amf => amf.Name("capsEx").Number(1)), .. Wire.CreateStream(),
            .. Wire.Publish("good")]);
        session.Answers();
        session.Session.Commands.TryRequestReconnect("rtmp://other/live").ShouldBeTrue();
        session.Answers().ShouldBe(["onStatus 0 NetConnection.Connect.ReconnectRequest"]);
        var information = session.Commands[^1].Arguments[1];
        (information.GetText("tcUrl"), information.GetText("level"),
            session.Commands[^1].Stream).ShouldBe(("rtmp://other/live", "status", 0u));
    }

    [Fact]
    public void H37_media_in_aggregates_equals_media_outside()
    {
        var plain = new SessionHarness();
        plain.Feeds([.. Wire.Opening(), .. Wire.Media(1).SelectMany(b => b)]);
        var packed = new SessionHarness();
        packed.Feeds(Wire.Opening());
        byte[] all = [.. FlvFileReader.Read(Broadcast.Ingest.Tests.EndToEnd.Recording.Flv(1)).Tags.Where(t => t.IsAudio || t.IsVideo)
            .SelectMany(t => Tag(t.Type, t.Timestamp, t.Body.ToArray()))];
        packed.Feeds(Wire.Message(MessageType.Aggregate, 1, 0, all));
        var (expected, samples) = (plain.Samples(), packed.Samples());
        samples.Select(s => (s.Track.Id, s.Decode, s.IsSync)).ShouldBe(expected.Select(s => (s.Track.Id, s.Decode, s.IsSync)));
        packed.Session.IgnoredMessages.ShouldBe(0);
    }

    public static TheoryData<string, byte[]> OddAggregates => new()
    {
        { "a part past the end", [9, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0, 1] },
        { "nothing in it", [9, 0] },
        { "an aggregate inside", Tag(22, 0, Tag(9, 0, [1])) },
        { "a wrong back pointer", [.. Tag(9, 0, Wire.VideoBody(true))[..^1], 99] },
        { "1,025 parts", [.. Enumerable.Repeat(Tag(9, 0, [0x17]), 1025).SelectMany(b => b)] },
    };

    [Theory]
    [MemberData(nameof(OddAggregates))]
    public void H37_malformed_aggregate_is_ignored_completely_and_counted(string what, byte[] body)
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Wire.VideoConfiguration(), .. Wire.Message(MessageType.Aggregate, 1, 0, body),
            .. Wire.Frame(0, true)]);
        session.Session.IgnoredMessages.ShouldBe(1, what);
        session.Feed!.Complete();
        session.Samples().Count.ShouldBe(1, what);
    }

    [Fact]
    public void H37_parts_without_a_body_and_decreasing_times_are_processed_one_by_one()
    {
        var session = new SessionHarness();
        byte[] body = [.. Tag(9, 900, Wire.VideoBody(true)), .. Tag(9, 500, Wire.VideoBody(false)), .. Tag(9, 940, []),
            .. Tag(18, 940, [])];
        session.Feeds([.. Wire.Opening(), .. Wire.VideoConfiguration(), .. Wire.Message(MessageType.Aggregate, 1, 0, body)]);
        session.Feed!.Complete();
        var samples = session.Samples();
        samples.Count.ShouldBe(2);
        samples[1].Decode.ShouldBeGreaterThan(samples[0].Decode);
        session.Session.IgnoredMessages.ShouldBe(2);
    }

    [Fact]
    public void H38_AMF3_commands_and_data_are_read_as_far_as_they_are_AMF0()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Handshake());
        session.Feeds(Amf3(MessageType.CommandAmf3, 0, Strip(Wire.Connect())));
        session.Feeds(Amf3(MessageType.CommandAmf3, 0, [.. Strip(Wire.CreateStream()), 0x11, 0x0A, 0x0B, 1]));
        session.Feeds(Amf3(MessageType.CommandAmf3, 1, Strip(Wire.Publish("good"))));
        session.Answers()[^2..].ShouldBe(["type 4", "onStatus 0 NetStream.Publish.Start"]);
        session.Feeds(Amf3(MessageType.DataAmf3, 1, [2, 0, 10, .. "onMetaData"u8, 0x11, 0x09, 1]));
        session.Feeds(Amf3(MessageType.DataAmf3, 1, [0x11, 6, 1]));
        session.Session.IgnoredMessages.ShouldBe(1);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(19)]
    public void H38_shared_objects_are_rejected_once_with_a_reason_and_the_stream_continues(byte type)
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        session.Answers();
        session.Feeds([.. Wire.Message((MessageType)type, 0, 0, [0, 1, 2]), .. Wire.Message((MessageType)type, 0, 0, [0, 1, 2])]);
        session.Answers().ShouldBe(["onStatus 0 NetConnection.Call.Failed"]);
        session.Session.IgnoredMessages.ShouldBe(2);
    }

    [Theory]
    [InlineData("play")]
    [InlineData("play2")]
    [InlineData("pause")]
    [InlineData("pauseRaw")]
    [InlineData("seek")]
    public void Play_command_is_rejected_with_a_reason(string command)
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Handshake(), .. Wire.Connect(), .. Wire.CreateStream()]);
        var e = Should.Throw<RtmpProtocolException>(() => session.Feeds(Wire.Command(1, a => a.Text(command).Number(0).Null().Text("x"))));
        (e.Reason, e.Status).ShouldBe((IngestRejectionReason.PlayRefused, "NetStream.Play.Failed"));
    }

    [Fact]
    public void Cues_captions_and_time_codes_are_accepted_indefinitely_on_any_stream()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        foreach (var name in (string[])["onTextData", "onCuePoint", "onFI", "|RtmpSampleAccess", "@setDataFrame", "@clearDataFrame"])
        {
            for (var i = 0u; i < 2000; i++)
            {
                session.Now = session.Now.AddMilliseconds(40);
                session.Feeds(Wire.Message(MessageType.Data, i & 1, 0,
                    [2, 0, (byte)name.Length, .. System.Text.Encoding.ASCII.GetBytes(name), 2, 0, 2, .. "hi"u8]));
            }
        }

        session.Session.IgnoredMessages.ShouldBe(0);
    }

    [Fact]
    public void Unknown_messages_at_a_low_rate_are_accepted_indefinitely()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        for (var i = 0; i < 5000; i++)
        {
            session.Now = session.Now.AddSeconds(1);
            session.Feeds(Wire.Message((MessageType)210, 0, 0, [1, 2, 3]));
        }

        session.Session.IgnoredMessages.ShouldBe(5000);
    }

    [Fact]
    public void Empty_audio_message_is_not_counted_as_ignored_or_malformed()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Enumerable.Repeat(Wire.Message(MessageType.Audio, 1, 0, []), 2000).SelectMany(b => b)]);
        (session.Session.IgnoredMessages, session.Feed!.Malformed).ShouldBe((0, 0));
    }

    [Fact]
    public void Publisher_that_closes_its_stream_must_reconnect_before_publishing_another()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        session.Answers();
        session.Feeds([.. Wire.Command(1, a => a.Text("closeStream").Number(0).Null()), .. Wire.Publish("good")])
            .ShouldBe(RtmpAction.Finished);
        session.Answers().ShouldBe(["onStatus 0 NetStream.Unpublish.Success", "onStatus 0 NetConnection.Connect.Closed"]);
    }

    [Fact]
    public void Peer_bandwidth_is_answered_with_its_window_size()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        session.Answers();
        byte[] bandwidth = [0, 0x0F, 0x42, 0x40, 2];
        session.Feeds([.. Wire.Message(MessageType.SetPeerBandwidth, 0, 0, bandwidth, 2),
            .. Wire.Message(MessageType.SetPeerBandwidth, 0, 0, bandwidth[..4], 2),
            .. Wire.Message(MessageType.SetPeerBandwidth, 0, 0, [0, 0, 0, 0, 9], 2)]);
        session.Answers().ShouldBe(["type 5"]);
    }

    [Fact]
    public void Metadata_announces_tracks_and_the_publication_waits_for_them()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Metadata("en", ("1", "de", "Deutsch"), ("x", "fr", ""), ("300", "fr", "")),
            .. Wire.VideoConfiguration(), .. Wire.AudioConfiguration(),
            .. Wire.Frame(0, true), .. Wire.Audio(0)]);
        session.Publication.ShouldBeNull();
        session.Feeds([.. Wire.Message(MessageType.Audio, 1, 0,
            EnhancedBody.Audio(EnhancedPacket.SequenceStart, "mp4a", Wire.AacRecord, track: 1), 4)]);
        session.Publication!.Tracks.Select(t => (t.Id, t.Language, t.Name))
            .ShouldBe([(1, null, null), (2, "en", null), (4, "de", "Deutsch")]);
        session.Samples().Count.ShouldBe(2);
    }

    [Fact]
    public void Announced_track_that_never_arrives_delays_the_start_only_briefly_and_may_appear_later()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Metadata("en", ("1", "de", "")), .. Wire.VideoConfiguration(), .. Wire.AudioConfiguration()]);
        var time = 0u;
        for (; session.Publication is null; time += 40)
        {
            session.Feeds([.. Wire.Frame(time, time == 0), .. Wire.Audio(time)]);
        }

        time.ShouldBeInRange(1000u, 1100u);
        session.Feeds([.. Wire.Message(MessageType.Audio, 1, 0,
            EnhancedBody.Audio(EnhancedPacket.SequenceStart, "mp4a", Wire.AacRecord, track: 1), 4),
            .. Wire.Message(MessageType.Audio, 1, time, EnhancedBody.Audio(EnhancedPacket.CodedFrames, "mp4a", [0x21, 1], track: 1), 4)]);
        var late = session.Samples()[^1].Track;
        (late.Id, late.Language).ShouldBe((4, "de"));
    }

    [Fact]
    public void Nanosecond_offsets_are_preserved_in_sample_times()
    {
        var session = new SessionHarness();
        session.Feeds(
            [.. Wire.Opening(),
                .. Wire.Message(MessageType.Video, 1, 0, EnhancedBody.Video(EnhancedPacket.SequenceStart, "avc1", Wire.AvcRecord), 6)]);
        for (var i = 0; i < 60; i++)
        {
            // 60 frames per second: 16,666,666 ns each, of which timestamps contain the whole milliseconds.
            var nanoseconds = i * 1_000_000_000L / 60;
            var body = EnhancedBody.Video(EnhancedPacket.CodedFramesX, "avc1", [0, 0, 0, 2, (byte)(i == 0 ? 0x65 : 0x41), 1], i == 0,
                nanoseconds: (int)(nanoseconds % 1_000_000));
            session.Feeds(Wire.Message(MessageType.Video, 1, (uint)(nanoseconds / 1_000_000), body, 6));
        }

        session.Feed!.Complete();
        var samples = session.Samples();
        samples.Count.ShouldBe(60);
        samples.Zip(samples.Skip(1)).ShouldAllBe(p => p.Second.Decode.Ticks - p.First.Decode.Ticks >= 1499
            && p.Second.Decode.Ticks - p.First.Decode.Ticks <= 1501);
    }

    [Fact]
    public void Several_tracks_in_one_message_become_samples_of_their_tracks_at_its_time()
    {
        var session = new SessionHarness();
        EnhancedTrack[] video = [new(0, "avc1", Wire.AvcRecord), new(1, "avc1", Wire.AvcRecord)];
        EnhancedTrack[] audio = [new(0, "mp4a", Wire.AacRecord), new(1, "mp4a", Wire.AacRecord)];
        session.Feeds(
            [.. Wire.Opening(), .. Wire.Message(MessageType.Video, 1, 0, EnhancedBody.VideoTracks(EnhancedPacket.SequenceStart, video), 6),
            .. Wire.Message(MessageType.Audio, 1, 0, EnhancedBody.AudioTracks(EnhancedPacket.SequenceStart, audio), 4)]);
        byte[] slice = [0, 0, 0, 2, 0x65, 1];
        for (var i = 0u; i < 10; i++)
        {
            session.Feeds(
                [.. Wire.Message(MessageType.Video, 1, i * 40,
                    EnhancedBody.VideoTracks(EnhancedPacket.CodedFramesX, [new(0, "avc1", slice), new(1, "avc1", slice)]), 6),
                .. Wire.Message(MessageType.Audio, 1, i * 21,
                    EnhancedBody.AudioTracks(EnhancedPacket.CodedFrames, [new(0, "mp4a", slice), new(1, "mp4a", slice)]), 4)]);
        }

        session.Publication!.Tracks.Select(t => t.Id).ShouldBe([1, 2, 3, 4]);
        var samples = session.Samples();
        foreach (var track in samples.GroupBy(s => s.Track.Id))
        {
            track.Count().ShouldBe(10);
            track.Zip(track.Skip(1)).ShouldAllBe(p => p.Second.Decode > p.First.Decode);
        }

        samples.Where(s => s.Track.Id == 3).Select(s => s.Decode).ShouldBe(samples.Where(s => s.Track.Id == 1).Select(s => s.Decode));
        samples.Where(s => s.Track.Id == 4).Select(s => s.Decode).ShouldBe(samples.Where(s => s.Track.Id == 2).Select(s => s.Decode));
    }

    private static byte[] Connect(Action<AmfWriter> more) => Wire.Command(0, amf =>
    {
        amf.Text("connect").Number(1);
        using (amf.Object())
        {
            amf.Name("app").Text("live");
            more(amf);
        }
    });

    private static byte[] Metadata(string language, params (string Number, string Language, string Name)[] audio)
    {
        var amf = new AmfWriter().Text("@setDataFrame").Text("onMetaData");
        using (amf.EcmaArray(4))
        {
            amf.Name("videocodecid").Number(7).Name("audiocodecid").Number(10).Name("language").Text(language).Name("audioTrackIdInfoMap");
            using (amf.Object())
            {
                foreach (var track in audio)
                {
                    amf.Name(track.Number);
                    using (amf.Object())
                    {
                        amf.Name("language").Text(track.Language).Name("name").Text(track.Name);
                    }
                }
            }
        }

        return Wire.Message(MessageType.Data, 1, 0, amf.Written);
    }

    private static byte[] Amf3(MessageType type, uint stream, byte[] body) => Wire.Message(type, stream, 0, [0, .. body]);

    /// <summary>Body of a message that fits into one chunk.</summary>
    private static byte[] Strip(byte[] message) => message[12..];

    private static byte[] Tag(byte type, uint time, byte[] body) =>
        [type, .. Wire.UInt24((uint)body.Length), .. Wire.UInt24(time), 0, 0, 0, 0, .. body, .. Wire.UInt32((uint)body.Length + 11)];
}
