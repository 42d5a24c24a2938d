using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Shouldly;
using Xunit;
using static Broadcast.Ingest.Tests.Hostile.ExpectedRejection;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Rows H58 to H72 of the hostile inputs: content of audio and video messages.</summary>
public sealed class CodecTests
{
    private static readonly byte[] Configurations = [.. Wire.VideoConfiguration(), .. Wire.AudioConfiguration()];

    [Fact]
    public void H58_tags_of_a_few_bytes_are_counted_and_dropped()
    {
        var session = Publishing();
        for (var length = 1; length <= 4; length++)
        {
            session.Feeds([.. Wire.Message(MessageType.Video, 1, 0, new byte[] { 0x17, 1, 0, 0 }[..length]),
                .. Wire.Message(MessageType.Audio, 1, 0, new byte[] { 0xAF, 9, 0, 0 }[..length])]);
        }

        session.Feed!.Malformed.ShouldBe(8);
        session.Feeds(Wire.Frame(0, true));
        session.Samples().ShouldHaveSingleItem();
    }

    [Fact]
    public void H59_frames_before_any_configuration_are_counted_and_dropped()
    {
        var session = new SessionHarness();
        session.Feeds(Wire.Opening());
        session.Feeds([.. Wire.Frame(0, true), .. Wire.Frame(40, false), .. Wire.Audio(0)]);
        (session.Feed!.Malformed, session.Feed.Samples).ShouldBe((3, 0));
        session.Feeds([.. Configurations, .. Wire.Frame(80, false)]);
        (session.Feed.Malformed, session.Feed.Samples).ShouldBe((4, 0), "nor before the first keyframe");
        session.Feeds(Wire.Frame(120, true));
        session.Samples().ShouldHaveSingleItem();
    }

    public static TheoryData<string, byte[]> BrokenRecords => new()
    {
        { "lengths of three bytes", Changed(4, 0xFE) },
        { "no SPS", [1, 100, 0, 13, 0xFF, 0xE0, 1, 0, 2, 0x68, 0xEB] },
        { "31 SPS", Changed(5, 0xFF) },
        { "an SPS past the end", [.. Wire.AvcRecord[..6], 0x7F, 0xFF, .. Wire.AvcRecord[8..]] },
        { "255 PPS", [.. Wire.AvcRecord[..34], 0xFF, .. Wire.AvcRecord[35..]] },
        { "another version", Changed(0, 2) },
        { "five bytes", Wire.AvcRecord[..5] },
        { "nothing", [] },
    };

    [Theory]
    [MemberData(nameof(BrokenRecords))]
    public void H60_malformed_configuration_record_is_counted_and_the_last_valid_one_stays(string what, byte[] record)
    {
        var session = Publishing();
        session.Feeds(Wire.Frame(0, true));
        session.Feeds([.. Wire.Message(MessageType.Video, 1, 40, [0x17, 0, 0, 0, 0, .. record]), .. Wire.Frame(40, true)]);
        session.Feed!.Malformed.ShouldBe(1, what);
        var samples = session.Samples();
        samples.Count.ShouldBe(2, what);
        samples[1].Track.ShouldBeSameAs(samples[0].Track);
    }

    public static TheoryData<string, byte[]> BrokenUnits => new()
    {
        { "past the end", [0, 0, 0, 9, 0x65, 1] },
        { "of nothing", [0, 0, 0, 0, 0, 0, 0, 1, 0x65] },
        { "of 4 GiB", [0xFF, 0xFF, 0xFF, 0xFF, 0x65, 1] },
        { "whose sum runs over", [0, 0, 0, 1, 0x65, 0xFF, 0xFF, 0xFF, 0xFE, 1] },
        { "with bytes left over", [0, 0, 0, 1, 0x65, 7] },
        { "cut short", [0, 0, 0] },
    };

    [Theory]
    [MemberData(nameof(BrokenUnits))]
    public void H61_frame_with_inconsistent_NAL_lengths_is_counted_and_dropped(string what, byte[] units)
    {
        var session = Publishing();
        session.Feeds([.. Wire.Frame(0, true), .. Wire.Message(MessageType.Video, 1, 40, [0x17, 1, 0, 0, 0, .. units]),
            .. Wire.Frame(80, true)]);
        session.Feed!.Malformed.ShouldBe(1, what);
        session.Samples().Count.ShouldBe(2, what);
    }

    [Fact]
    public void H62_video_larger_than_the_limit_is_rejected_with_a_reason()
    {
        var session = new SessionHarness { MaxFrameDimension = 256 };
        var refusal = Should.Throw<RtmpProtocolException>(() => session.Feeds([.. Wire.Opening(), .. Configurations]));
        (refusal.Reason, refusal.Rule, refusal.Status).ShouldBe((IngestRejectionReason.FrameTooLarge, "H62", "NetStream.Publish.Rejected"));
        refusal.Message.ShouldContain("320x180");
    }

    [Fact]
    public void H62_more_than_120_frames_per_second_for_a_minute_is_rejected_with_a_reason()
    {
        new IngestOptions().MaxFrameRate.ShouldBe(120);
        var session = Publishing();
        var refusal = Should.Throw<RtmpProtocolException>(() => Frames(session, perSecond: 250, seconds: 70));
        (refusal.Reason, refusal.Rule, refusal.Status).ShouldBe(
            (IngestRejectionReason.FrameRateTooHigh, "H62", "NetStream.Publish.Rejected"));
        refusal.Message.ShouldContain("120 fps");
        session.Feed!.VideoFrames.ShouldBeGreaterThan(120 * 60);
    }

    [Fact]
    public void H62_120_frames_per_second_and_frames_queued_during_a_stall_are_accepted()
    {
        var session = Publishing();
        Frames(session, perSecond: 120, seconds: 90);
        session.Now += TimeSpan.FromSeconds(25);
        for (uint i = 0; i < 25 * 120; i++)
        {
            session.Feeds(Wire.Frame(90_000 + (i * 25 / 3), sync: false, size: 8));
        }

        session.Feed!.VideoFrames.ShouldBe((90 + 25) * 120);
    }

    private static void Frames(SessionHarness session, uint perSecond, uint seconds)
    {
        var began = session.Now;
        for (uint i = 0; i < perSecond * seconds; i++)
        {
            session.Now = began + TimeSpan.FromSeconds((double)i / perSecond);
            session.Feeds(Wire.Frame(i * 1000 / perSecond, sync: i == 0, size: 8));
            session.Samples();
        }
    }

    [Fact]
    public void H63_configuration_applies_from_the_next_keyframe_and_constant_changes_end_the_connection()
    {
        var session = Publishing();
        session.Feeds([.. Wire.Frame(0, true), .. Configuration(1), .. Wire.Frame(40, false), .. Wire.Frame(80, true)]);
        var samples = session.Samples();
        samples[1].Track.ShouldBeSameAs(samples[0].Track);
        samples[2].Track.ShouldNotBeSameAs(samples[0].Track);
        Should.Throw<RtmpProtocolException>(() =>
        {
            for (byte i = 2; i < 100; i++)
            {
                session.Feeds([.. Configuration(i), .. Wire.Frame((uint)i * 40, true)]);
            }
        }).ShouldSatisfyAllConditions(e => e.Reason.ShouldBe(IngestRejectionReason.ConfigurationFlood), e => e.Rule.ShouldBe("H63"));
    }

    [Fact]
    public void H63_configuration_that_changes_all_day_long_ends_the_connection()
    {
        var session = Publishing();
        session.Feeds(Wire.Frame(0, true));
        var began = session.Now;
        var changes = 0;
        Should.Throw<RtmpProtocolException>(() =>
        {
            for (; changes < 250; changes++)
            {
                // Within the limit per minute.
                session.Now = began + (TimeSpan.FromSeconds(7) * changes);
                session.Feeds([.. Configuration((byte)(changes + 1)), .. Wire.Frame((uint)changes * 7000, true)]);
                session.Samples();
            }
        }).Reason.ShouldBe(IngestRejectionReason.ConfigurationFlood);
        changes.ShouldBeInRange(100, 200);
    }

    [Fact]
    public void H64_repeated_configuration_with_every_keyframe_has_no_effect()
    {
        var session = Publishing();
        for (uint i = 0; i < 100; i++)
        {
            session.Feeds([.. Configurations, .. Wire.Frame(i * 40, true)]);
        }

        var samples = session.Samples();
        samples.Count.ShouldBe(100);
        samples.Select(s => s.Track).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public void H65_start_codes_thousands_of_slices_and_a_mebibyte_of_SEI_are_counted_and_dropped()
    {
        var session = Publishing();
        session.Feeds(Wire.Frame(0, true));
        session.Feeds(Video(40, [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x65]));
        session.Feeds(Video(40, Times(10_000, [0, 0, 0, 2, 0x41, 1])));
        session.Feeds(Video(40, Times(600, [0, 0, 0, 2, 9, 16])));
        session.Feeds(Video(40, [0, 0x10, 0, 0, 6, .. new byte[0xFFFFF], 0, 0, 0, 2, 0x65, 1]));
        session.Feed!.Malformed.ShouldBe(4);
        session.Feeds(Video(80, [0, 0, 0, 2, 9, 16, 0, 0, 0, 100, 6, .. new byte[99], 0, 0, 0, 2, 0x65, 1]));
        session.Samples().Count.ShouldBe(2, "a delimiter and an SEI of an ordinary size are taken");
    }

    [Fact]
    public void H66_NAL_units_determine_keyframes_regardless_of_the_tag()
    {
        var (claimed, hidden) = (Wire.VideoBody(sync: false), Wire.VideoBody(sync: true));
        (claimed[0], hidden[0]) = (0x17, 0x27);
        var session = Publishing();
        session.Feeds([.. Wire.Message(MessageType.Video, 1, 0, claimed), .. Wire.Message(MessageType.Video, 1, 40, hidden),
            .. Wire.Message(MessageType.Video, 1, 80, claimed)]);
        session.Samples().Select(s => s.IsSync).ShouldBe([true, false]);
    }

    [Fact]
    public void H67_composition_times_are_signed_and_bounded_and_decode_times_never_decrease()
    {
        var session = Publishing();
        session.Feeds([.. Frame(0, 0), .. Frame(40, -40), .. Frame(80, 0x7FFFFF), .. Frame(80, -0x800000), .. Frame(40, 40),
            .. Frame(120, 0)]);
        var samples = session.Samples();
        samples.Count.ShouldBe(6);
        samples.Zip(samples.Skip(1)).ShouldAllBe(p => p.Second.Decode > p.First.Decode);
        samples.ShouldAllBe(s => (s.Present.ToTimeSpan() - s.Decode.ToTimeSpan()).Duration() <= TimeSpan.FromSeconds(11));
    }

    public static TheoryData<string, byte[]> BrokenAudio => new()
    {
        { "nothing", [] },
        { "one byte", [0x12] },
        { "reserved sampling index 13", [0x16, 0x90] },
        { "explicit rate, cut short", [0x17, 0x80] },
        { "explicit rate of 1 Hz", [0x17, 0x80, 0x00, 0x00, 0x88, 0x00] },
        { "no channels", [0x11, 0x80] },
        { "a reserved channel configuration", [0x11, 0xF8] },
        { "object type 31 without its rest", [0xF8] },
        { "not AAC", [0x99, 0x90] },
    };

    [Theory]
    [MemberData(nameof(BrokenAudio))]
    public void H68_malformed_audio_configuration_is_counted_and_the_last_valid_one_stays(string what, byte[] record)
    {
        var session = Publishing();
        session.Feeds([.. Wire.Audio(0), .. Wire.Message(MessageType.Audio, 1, 20, [0xAF, 0, .. record]), .. Wire.Audio(21)]);
        session.Feed!.Malformed.ShouldBe(1, what);
        session.Feed.Complete();
        session.Samples().Count.ShouldBe(2, what);
    }

    [Fact]
    public void H68_changed_audio_becomes_a_new_track_and_ADTS_headers_are_removed()
    {
        var session = Publishing();
        session.Feeds([.. Wire.Frame(0, true), .. Wire.Audio(0), .. Wire.Message(MessageType.Audio, 1, 20, [0xAF, 0, 0x12, 0x10]),
            .. Wire.Message(MessageType.Audio, 1, 21, [0xAF, 1, 0xFF, 0xF1, 0, 0, 0, 0, 0, 0x21, 9])]);
        var audio = session.Samples().Where(s => s.Track.Kind == TrackKind.Audio).ToList();
        audio.Select(s => s.Track.Timescale).ShouldBe([48_000, 44_100]);
        audio[1].Payload.ToArray().ShouldBe([(byte)0x21, (byte)9]);
    }

    [Theory]
    [InlineData(9, 0x22, "H.263")]
    [InlineData(9, 0x14, "VP6")]
    [InlineData(9, 0x13, "Screen Video")]
    [InlineData(8, 0xB2, "Speex")]
    [InlineData(8, 0x5F, "Nellymoser")]
    [InlineData(8, 0x7F, "G.711")]
    public void H70_unsupported_codecs_are_rejected_with_a_reason(byte type, byte first, string word)
    {
        var refusal = Should.Throw<RtmpProtocolException>(() => Publishing().Feeds(Wire.Message((MessageType)type, 1, 0, [first, 1, 2])));
        (refusal.Reason, refusal.Rule, refusal.Status).ShouldBe(
            (IngestRejectionReason.UnsupportedCodec, "H70", "NetStream.Publish.Rejected"));
        refusal.Message.ShouldContain(word);
    }

    [Fact]
    public void H71_reserved_bits_are_ignored()
    {
        // In an aggregate each part has an FLV tag's type byte, whose upper three bits are two reserved bits and the encryption flag.
        var frame = Wire.VideoBody(true, 60);
        byte[] tag = [0xC9, .. Wire.UInt24((uint)frame.Length), .. Wire.UInt24(0), 0, 0xFF, 0xFF, 0xFF, .. frame,
            .. Wire.UInt32((uint)frame.Length + 11)];
        var session = Publishing();
        session.Feeds(Wire.Message(MessageType.Aggregate, 1, 0, tag));
        session.Samples().ShouldHaveSingleItem().Payload.ToArray().ShouldBe(frame[5..]);
        var record = Wire.AvcRecord.ToArray();
        (record[4], record[5]) = ((byte)(record[4] & 3), (byte)(record[5] & 31));
        var reserved = new SessionHarness();
        reserved.Feeds([.. Wire.Opening(), .. Wire.Message(MessageType.Video, 1, 0, [0x17, 0, 0, 0, 0, .. record]),
            .. Wire.AudioConfiguration(),
            .. Wire.Frame(0, true)]);
        reserved.Samples().ShouldHaveSingleItem();
    }

    private static SessionHarness Publishing()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Configurations]);
        return session;
    }

    private static byte[] Video(uint time, byte[] units) => Wire.Message(MessageType.Video, 1, time, [0x17, 1, 0, 0, 0, .. units], 6);

    private static byte[] Frame(uint time, int offset) => Wire.Message(MessageType.Video, 1, time, Wire.VideoBody(true, 100, offset), 6);

    private static byte[] Configuration(byte last)
    {
        byte[] record = [.. Wire.AvcRecord];
        record[^1] = last;
        return Wire.Message(MessageType.Video, 1, 0, [0x17, 0, 0, 0, 0, .. record]);
    }

    private static byte[] Changed(int at, byte value)
    {
        byte[] record = [.. Wire.AvcRecord];
        record[at] = value;
        return record;
    }
}
