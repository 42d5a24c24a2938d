using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public sealed class FlvTests
{
    private static readonly byte[] Configuration = [0x17, 0, 0, 0, 0, .. Wire.AvcRecord];

    public static TheoryData<string, byte[], int, bool, bool> AccessUnits => new()
    {
        { "one slice", [0, 0, 0, 2, 0x41, 1], 4, true, false },
        { "delimiter, SEI and IDR slice", [0, 0, 0, 2, 9, 16, 0, 0, 0, 1, 6, 0, 0, 0, 2, 0x65, 1], 4, true, true },
        { "lengths of two bytes", [0, 2, 0x65, 1], 2, true, true },
        { "lengths of one byte", [1, 0x65, 1, 0x41], 1, true, true },
        { "nothing", [], 4, false, false },
        { "half a length", [0, 0, 0], 4, false, false },
        { "a length and no more", [0, 0, 0, 1], 4, false, false },
        { "a length past the end", [0, 0, 0, 3, 0x41, 1], 4, false, false },
        { "a length of 4 GiB", [0xFF, 0xFF, 0xFF, 0xFF, 0x41, 1], 4, false, false },
        { "a length of nothing", [0, 0, 0, 0, 0x41, 1], 4, false, false },
        { "bytes left over", [0, 0, 0, 2, 0x41, 1, 7], 4, false, false },
        { "513 slices", [.. Enumerable.Repeat<byte[]>([1, 0x41], 513).SelectMany(b => b)], 1, false, false },
        { "start codes instead of lengths", [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x65], 4, false, false },
    };

    [Theory]
    [MemberData(nameof(AccessUnits))]
    public void NAL_unit_lengths_must_add_up(string what, byte[] bytes, int lengthSize, bool valid, bool sync)
    {
        byte[] record = [.. Wire.AvcRecord];
        record[4] = (byte)(0xFC | (lengthSize - 1));
        CodecConfig.Avc.Parse(record).TryInspect(bytes, out var frame).ShouldBe(valid, what);
        if (valid)
        {
            frame.IsSync.ShouldBe(sync, what);
        }
    }

    [Fact]
    public void Frames_before_a_configuration_or_a_keyframe_are_dropped()
    {
        var tags = new VideoTags();
        tags.Read(Wire.VideoBody(sync: true), out _).ShouldBe(TagContent.Dropped);
        tags.Read(Configuration, out _).ShouldBe(TagContent.None);
        tags.Read(Wire.VideoBody(sync: false), out _).ShouldBe(TagContent.Dropped);
        tags.Read(Wire.VideoBody(sync: true), out var unit).ShouldBe(TagContent.Frame);
        unit.IsSync.ShouldBeTrue();
        unit.Payload.Length.ShouldBe(304);
        tags.Read(Wire.VideoBody(sync: false, compositionOffset: -40), out unit).ShouldBe(TagContent.Frame);
        unit.CompositionOffset.ShouldBe(-40);
    }

    [Fact]
    public void NAL_units_determine_keyframes_regardless_of_the_tag()
    {
        var tags = new VideoTags();
        tags.Read(Configuration, out _);
        var (claimed, hidden) = (Wire.VideoBody(sync: false), Wire.VideoBody(sync: true));
        (claimed[0], hidden[0]) = (0x17, 0x27);
        tags.Read(claimed, out _).ShouldBe(TagContent.Dropped);
        tags.Read(hidden, out var unit).ShouldBe(TagContent.Frame);
        unit.IsSync.ShouldBeTrue();
    }

    [Fact]
    public void Repeated_configuration_has_no_effect_and_a_changed_one_applies_from_the_next_keyframe()
    {
        var tags = new VideoTags();
        tags.Read(Configuration, out _);
        tags.Read(Wire.VideoBody(sync: true), out var first);
        tags.Read(Configuration, out _).ShouldBe(TagContent.None);
        tags.Read(Wire.VideoBody(sync: true), out var same);
        same.Track.ShouldBeSameAs(first.Track);

        var other = Configuration.ToArray();
        other[^1] ^= 1; // a different byte in the record: a new configuration
        tags.Read(other, out _).ShouldBe(TagContent.None);
        tags.Read(Wire.VideoBody(sync: false), out var between);
        between.Track.ShouldBeSameAs(first.Track);
        tags.Read(Wire.VideoBody(sync: true), out var changed);
        changed.Track.ShouldNotBeSameAs(first.Track);
        (changed.Track.Id, tags.Configurations).ShouldBe((first.Track.Id, 2));
    }

    [Fact]
    public void Malformed_configuration_keeps_the_last_valid_one()
    {
        var tags = new VideoTags();
        tags.Read(Configuration, out _);
        tags.Read(Wire.VideoBody(sync: true), out var before);
        tags.Read((byte[])[0x17, 0, 0, 0, 0, 1, 100, 0, 13, 0xFE, 0xE1], out _).ShouldBe(TagContent.Dropped);
        tags.Read(Wire.VideoBody(sync: true), out var after);
        after.Track.ShouldBeSameAs(before.Track);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x17 })]
    [InlineData(new byte[] { 0x17, 1, 0, 0 })]
    [InlineData(new byte[] { 0x17, 1, 0, 0, 0 })]
    [InlineData(new byte[] { 0x17, 9, 0, 0, 0, 1, 2 })]
    public void Video_tags_that_are_too_short_are_dropped(byte[] body)
    {
        var tags = new VideoTags();
        tags.Read(Configuration, out _);
        tags.Read(body, out _).ShouldBe(TagContent.Dropped);
    }

    [Theory]
    [InlineData(new byte[] { 0x22, 0, 0 }, "H.263")]
    [InlineData(new byte[] { 0x14, 0, 0 }, "VP6")]
    [InlineData(new byte[] { 0x1C, 0, 0 }, "HEVC")]
    [InlineData(new byte[] { 0x90, (byte)'v', (byte)'v', (byte)'c', (byte)'1', 1 }, "vvc1")]
    [InlineData(new byte[] { 0x90, (byte)'v', (byte)'p', (byte)'0', (byte)'8', 1 }, "vp08")]
    [InlineData(new byte[] { 0x90, 0, 1, 2, 3 }, "unknown")]
    [InlineData(new byte[] { 0x95, (byte)'a', (byte)'v', (byte)'0', (byte)'1', 1 }, "MPEG-2")]
    public void Other_video_codecs_are_rejected_with_a_reason(byte[] body, string word)
    {
        var e = Should.Throw<RtmpProtocolException>(() => new VideoTags().Read(body, out _));
        (e.Reason, e.Status).ShouldBe((IngestRejectionReason.UnsupportedCodec, "NetStream.Publish.Rejected"));
        e.Message.ShouldContain(word);
    }

    [Fact]
    public void Audio_is_read_and_an_ADTS_header_is_removed()
    {
        var tags = new AudioTags();
        tags.Read((byte[])[0xAF, 1, 0x21, 1], out _).ShouldBe(TagContent.Dropped);
        tags.Read((byte[])[0xAF, 0, .. Wire.AacRecord], out _).ShouldBe(TagContent.None);
        tags.Track!.Timescale.ShouldBe(48_000);
        tags.Read((byte[])[0xAF, 1, 0x21, 1], out var unit).ShouldBe(TagContent.Frame);
        unit.Payload.ToArray().ShouldBe([(byte)0x21, (byte)1]);
        tags.Read((byte[])[0xAF, 1, 0xFF, 0xF1, 0, 0, 0, 0, 0, 0x21, 9], out unit).ShouldBe(TagContent.Frame);
        unit.Payload.ToArray().ShouldBe([(byte)0x21, (byte)9]);
        tags.Read((byte[])[0xAF, 1, 0xFF, 0xF1, 0, 0], out _).ShouldBe(TagContent.Dropped);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0xAF })]
    [InlineData(new byte[] { 0xAF, 0 })]
    [InlineData(new byte[] { 0xAF, 0, 0x11 })]
    [InlineData(new byte[] { 0xAF, 0, 0x16, 0x90 })] // sampling index 13
    [InlineData(new byte[] { 0xAF, 1 })]
    [InlineData(new byte[] { 0xAF, 5, 1 })]
    public void Malformed_audio_is_dropped(byte[] body)
    {
        var tags = new AudioTags();
        tags.Read(body, out _).ShouldBe(TagContent.Dropped);
        tags.Track.ShouldBeNull();
    }

    [Theory]
    [InlineData(new byte[] { 0x2F, 1, 2 }, "MP3")]
    [InlineData(new byte[] { 0xB2, 1, 2 }, "Speex")]
    [InlineData(new byte[] { 0x5F, 1, 2 }, "Nellymoser")]
    [InlineData(new byte[] { 0x90, (byte)'.', (byte)'m', (byte)'p', (byte)'3' }, "MP3")]
    [InlineData(new byte[] { 0x91, (byte)'a', (byte)'l', (byte)'a', (byte)'c', 1 }, "alac")]
    public void Other_audio_codecs_are_rejected_with_a_reason(byte[] body, string word) =>
        Should.Throw<RtmpProtocolException>(() => new AudioTags().Read(body, out _)).Message.ShouldContain(word);

    [Fact]
    public void Aggregate_is_split_with_times_relative_to_its_own()
    {
        byte[] body = [.. Tag(9, 500, [1, 2]), .. Tag(8, 540, [3])];
        AggregateMessage.Split(new RtmpMessage(MessageType.Aggregate, 1, 1000, body))!.Select(m =>
            ((byte)m.Type, m.Timestamp, m.Payload.Length))
            .ShouldBe([((byte)9, 1000u, 2), ((byte)8, 1040u, 1)]);
    }

    public static TheoryData<byte[]> BrokenAggregates => new((byte[][])
    [
        [9, 0, 0],
        [9, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0, 1],
        [9, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1],
        Tag(22, 0, [1]),
        [.. Tag(9, 0, [1])[..^4], 0, 0, 0, 99],
    ]);

    [Theory]
    [MemberData(nameof(BrokenAggregates))]
    public void Malformed_aggregate_is_ignored_completely(byte[] body) =>
    AggregateMessage.Split(new RtmpMessage(MessageType.Aggregate, 1, 0, body))
    .ShouldBeNull();

    private static byte[] Tag(byte type, uint time, byte[] body) =>
        [type, .. Wire.UInt24((uint)body.Length), .. Wire.UInt24(time), 0, 0, 0, 0, .. body, .. Wire.UInt32((uint)body.Length + 11)];
}
