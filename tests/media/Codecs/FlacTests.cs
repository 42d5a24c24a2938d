using Broadcast.Media.Codecs;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class FlacTests
{
    // STREAMINFO of ffmpeg's encoder: 48 kHz, stereo, 16 bits, blocks of 4,608.
    public const string Block = "80000022" + "12001200" + "000000" + "000000" + "0bb802f000000000" + "00000000000000000000000000000000";
    public static readonly byte[] Header = [.. "fLaC"u8, .. Convert.FromHexString(Block)];

    [Fact]
    public void Header_is_read_with_and_without_its_marker()
    {
        var flac = CodecConfig.Flac.Parse(Header);
        flac.Stream.ShouldBe(new FlacStreamInfo(48_000, 2, 16, 4608));
        flac.AudioFormat.ShouldBe(new AudioFormat(48_000, 2));
        flac.CodecString.ShouldBe("fLaC");
        flac.ShouldBe(CodecConfig.Flac.Parse(Header.AsSpan(4)));
    }

    [Fact]
    public void STREAMINFO_without_its_block_header_is_read_because_ffmpeg_sends_it() =>
        CodecConfig.Flac.Parse(Header.AsSpan(8)).ShouldBe(CodecConfig.Flac.Parse(Header));

    [Fact]
    public void Metadata_blocks_after_the_first_are_ignored()
    {
        byte[] longer = [.. Header, .. (byte[])[0x84, 0, 1, 0], .. new byte[256]];
        longer[4] = 0;
        CodecConfig.Flac.Parse(longer).ShouldBe(CodecConfig.Flac.Parse(Header));
    }

    [Fact]
    public void Truncated_header_is_rejected_with_a_message()
    {
        for (var length = 0; length < Header.Length; length++)
        {
            Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Flac.Parse(Header.AsSpan(0, length))).Message.ShouldNotBeEmpty();
        }
    }

    [Theory]
    [InlineData("a PICTURE block", 4, 0x86)]
    [InlineData("a block of 35 bytes", 7, 35)]
    [InlineData("blocks of no samples", 10, 0)]
    [InlineData("a rate of 0 Hz", 18, 0)]
    public void Malformed_header_is_rejected_with_a_message(string what, int position, byte value)
    {
        var header = (byte[])Header.Clone();
        header[position] = value;
        header[19] = position == 18 ? (byte)0 : header[19];
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Flac.Parse(header), what).Message.ShouldNotBeEmpty();
    }

    [Fact]
    public void Concatenated_frames_are_split_even_when_they_contain_sync_codes()
    {
        // The value is a sync code, so each frame contains two false starts.
        byte[][] frames = [.. Enumerable.Range(0, 100).Select(n => FlacFrame.Write((byte)n, unchecked((short)(n % 2 == 0 ? 0xFFF8 : 0))))];
        var rest = frames.SelectMany(f => f).ToArray().AsSpan();
        foreach (var frame in frames)
        {
            FlacFrameSplitter.LengthOfFirst(rest).ShouldBe(frame.Length);
            rest = rest[frame.Length..];
        }
    }

    [Fact]
    public void Single_or_malformed_frame_is_not_split()
    {
        var frame = FlacFrame.Write(1, unchecked((short)0xFFF8));
        FlacFrameSplitter.LengthOfFirst(frame).ShouldBe(frame.Length);
        FlacFrameSplitter.LengthOfFirst([]).ShouldBe(0);
        FlacFrameSplitter.LengthOfFirst((byte[])[1, 2, .. frame]).ShouldBe(frame.Length + 2);
        byte[] broken = [.. frame, .. frame];
        broken[8] ^= 1;
        FlacFrameSplitter.LengthOfFirst(broken).ShouldBe(broken.Length,
            "the first one's checksum is wrong, so the second may be a part of it");
    }

    [Fact]
    public async Task Frames_of_a_real_encoder_are_split()
    {
        var samples = (await CodedTrack.MakeAsync("fLaC", 2)).Samples.Select(s => s.Payload.ToArray()).ToList();
        var rest = samples.SelectMany(s => s).ToArray().AsSpan();
        foreach (var sample in samples)
        {
            FlacFrameSplitter.LengthOfFirst(rest).ShouldBe(sample.Length);
            rest = rest[sample.Length..];
        }
    }

    [Theory]
    [InlineData("fff8ca180000", 4096)]
    [InlineData("fff81a180000", 192)]
    [InlineData("fff82a180000", 576)]
    [InlineData("fff85a180000", 4608)]
    [InlineData("fff88a180000", 256)]
    [InlineData("fff8fa180000", 32_768)]
    [InlineData("fff86a18003f", 64)] // eight bits after the number
    [InlineData("fff87a180011ff", 4608)] // sixteen
    [InlineData("fff87a18c28011ff", 4608)] // after a number of two bytes
    [InlineData("fff97a18fe808080808080ffff", 65_536)] // of seven
    [InlineData("fff87a180011", 0)] // truncated
    [InlineData("fff86a18ff0000", 0)] // an invalid number
    [InlineData("fff86a18800000", 0)]
    [InlineData("fff80a180000", 0)] // reserved
    [InlineData("fff8ca190000", 0)] // reserved bit
    [InlineData("fff0ca180000", 0)] // no sync code
    [InlineData("fff8ca1800", 0)]
    [InlineData("", 0)]
    public void Frame_header_determines_the_sample_count(string hex, int samples)
    {
        var bytes = Convert.FromHexString(hex);
        CodecConfig.Flac.Parse(Header).TryInspect(bytes, out var frame).ShouldBe(samples > 0);
        frame.Samples.ShouldBe(samples);
    }
}
