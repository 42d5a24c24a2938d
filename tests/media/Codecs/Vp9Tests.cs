using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class Vp9Tests
{
    [Fact]
    public void Record_is_read_and_the_first_keyframe_determines_the_video_size()
    {
        var bare = CodecConfig.Vp9.Parse(Record(level: 31));
        (bare.IsComplete, bare.CodecString).ShouldBe((false, "vp09.00.31.08"));
        var complete = bare.CompleteFrom(Key(1280, 720));
        complete.VideoFormat.ShouldBe(new VideoFormat(1280, 720, 1, 1, 0, null));
        complete.CompleteFrom(Key(1280, 720)).ShouldBeSameAs(complete);
        complete.CompleteFrom(Key(640, 360)).VideoFormat!.Width.ShouldBe(640);
        complete.ShouldBe(CodecConfig.Vp9.Parse(Record(level: 31), 1280, 720));
        complete.ShouldNotBe(bare);
        CodecConfig.Vp9.Parse((byte[])[1, 0, 0, 0, .. Record(level: 31)]).ShouldBe(bare, "with a version and flags before it");
    }

    [Theory]
    [InlineData(320, 180, 20)]
    [InlineData(160, 90, 11)]
    [InlineData(640, 360, 30)]
    [InlineData(1280, 720, 40)]
    [InlineData(1920, 1080, 41)]
    [InlineData(3840, 2160, 51)]
    [InlineData(7680, 4320, 61)]
    [InlineData(8192, 8192, 62)]
    public void Undefined_level_is_derived_from_the_video_size(int width, int height, int level) =>
        CodecConfig.Vp9.Parse(Record(level: 0)).CompleteFrom(Key(width, height)).CodecString.ShouldBe($"vp09.00.{level}.08");

    [Theory]
    [InlineData(0, 8, 1, false, 1, 1, 1, "vp09.00.40.08")]
    [InlineData(0, 8, 0, false, 2, 2, 2, "vp09.00.40.08")]
    [InlineData(2, 10, 1, false, 9, 16, 9, "vp09.02.40.10.01.09.16.09.00")]
    [InlineData(1, 8, 3, true, 1, 13, 0, "vp09.01.40.08.03.01.13.00.01")]
    [InlineData(0, 8, 1, true, 1, 1, 1, "vp09.00.40.08.01.01.01.01.01")]
    public void Codec_strings_omit_default_values(int profile, int depth, int chroma, bool full, int primaries, int transfer, int matrix,
        string codec) =>
        CodecConfig.Vp9.Parse(Record(profile, 40, depth, chroma, full, primaries, transfer, matrix)).CodecString.ShouldBe(codec);

    [Fact]
    public void Malformed_records_are_rejected_with_a_message()
    {
        void Refused(byte[] record) => Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Vp9.Parse(record))
            .Message.ShouldNotBeEmpty();
        var record = Record();
        for (var length = 0; length < record.Length; length++)
        {
            Refused(record[..length]);
        }

        Refused(Record(profile: 4));
        Refused(Record(profile: 2));
        Refused(Record(depth: 10));
        Refused(Record(depth: 9));
        Refused(Record(chroma: 4));
        Refused(Record(level: 63));
        Refused([.. Record()[..7], 1]);
        Refused([.. Record(), 0]);
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Vp9.Parse(Record(), 8193, 10));
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Vp9.Parse(Record()).CompleteFrom(Key(8193, 10)));
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Vp9.Parse(Record()).CompleteFrom(Inter()));
    }

    [Fact]
    public void Frame_type_follows_from_its_first_bits()
    {
        var vp9 = CodecConfig.Vp9.Parse(Record());
        void Is(byte[] frame, bool audio, bool sync)
        {
            vp9.TryInspect(frame, out var coded).ShouldBe(audio, Convert.ToHexString(frame));
            coded.IsSync.ShouldBe(sync, Convert.ToHexString(frame));
        }

        Is(Key(320, 180), true, true);
        Is(Inter(), true, false);
        Is([0x88], true, false); // an earlier frame shown again
        Is([0xB4], true, false); // profile 3, shown again
        Is([0x42, 0, 0], false, false);
        Is([], false, false);
        vp9.TryInspect(Key(320, 180).AsSpan(0, 11), out _).ShouldBeFalse("a key frame cut off");
        var broken = Key(320, 180);
        broken[1] ^= 1;
        vp9.TryInspect(broken, out _).ShouldBeFalse("no sync code");
    }

    [Fact]
    public void Keyframe_overrides_a_wrong_bit_depth_and_chroma_of_the_record()
    {
        var deep = CodecConfig.Vp9.Parse(Record(level: 30)).CompleteFrom(Key(640, 360, profile: 3, twelve: true, chroma: 2));
        deep.CodecString.ShouldBe("vp09.03.30.12.02.02.02.02.00");
        CodecConfig.Vp9.Parse(Record(level: 30)).CompleteFrom(Key(640, 360, profile: 1, chroma: 3))
            .CodecString.ShouldBe("vp09.01.30.08.03.02.02.02.00");
        CodecConfig.Vp9.Parse(Record(level: 30, chroma: 0)).CompleteFrom(Key(640, 360)).CodecString.ShouldBe("vp09.00.30.08");
    }

    internal static byte[] Record(
        int profile = 0, int level = 30, int depth = 8, int chroma = 1, bool full = false, int primaries = 2, int transfer = 2,
        int matrix = 2) =>
        [(byte)profile, (byte)level, (byte)((depth << 4) | (chroma << 1) | (full ? 1 : 0)), (byte)primaries, (byte)transfer,
            (byte)matrix, 0, 0];

    internal static byte[] Key(ulong width, ulong height, int profile = 0, bool twelve = false, int chroma = 1)
    {
        var bits = new BitWriter().Bits(2, 2).Flag((profile & 1) != 0).Flag((profile & 2) != 0).Bits(0, profile == 3 ? 1 : 0).Flag(false)
            .Flag(false).Flag(true).Flag(false)
            .Bits(0x498342, 24).Bits(twelve ? 1u : 0, profile >= 2 ? 1 : 0).Bits(2, 3).Flag(false);
        if ((profile & 1) != 0)
        {
            bits.Flag(chroma == 2).Flag(false).Flag(false);
        }

        return [.. bits.Bits(width - 1, 16).Bits(height - 1, 16).Flag(false).ToArray(), 0, 0, 0];
    }

    internal static byte[] Key(int width, int height) => Key((ulong)width, (ulong)height);

    private static byte[] Inter() => [0x86, 0, 0x40, 0x92, 0x88];
}
