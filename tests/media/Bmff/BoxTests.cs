using Broadcast.Media.Bmff;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

public sealed class BoxTests
{
    [Fact]
    public void Boxes_get_their_sizes_when_their_scopes_end()
    {
        var writer = new BoxWriter(capacity: 1);
        using (writer.Box("moof"u8))
        {
            using (writer.FullBox("mfhd"u8, version: 1, flags: 0x020304))
            {
                writer.UInt8(1);
                writer.UInt16(0x0203);
                writer.UInt24(0x040506);
                writer.UInt32(0x0708090A);
                writer.UInt64(0x0B0C0D0E0F101112);
                writer.Int32(-1);
                writer.Zeros(2);
                writer.Bytes([0xAB]);
            }
        }

        Convert.ToHexString(writer.Written).ShouldBe(
            "0000002D" + "6D6F6F66" + "00000025" + "6D666864" + "01020304" + "01" + "0203" + "040506" + "0708090A" + "0B0C0D0E0F101112"
            + "FFFFFFFF" + "0000" + "AB");
        writer.Clear();
        writer.Position.ShouldBe(0);
        writer.ToArray().ShouldBeEmpty();
    }

    [Fact]
    public void Fields_can_be_patched_only_within_the_written_bytes()
    {
        var writer = new BoxWriter();
        writer.UInt32(0);
        writer.UInt8(7);
        writer.PatchUInt32(0, 0xDEADBEEF);
        Convert.ToHexString(writer.Written).ShouldBe("DEADBEEF07");
        Should.Throw<ArgumentOutOfRangeException>(() => writer.PatchUInt32(2, 0));
        Should.Throw<ArgumentOutOfRangeException>(() => writer.PatchUInt32(-1, 0));
    }

    [Fact]
    public void Reader_iterates_boxes_with_all_forms_of_size()
    {
        var file = Convert.FromHexString("0000000966726565AA" + "00000001" + "6D646174" + "0000000000000012" + "BBCC" + "00000000"
            + "736B6970" + "DDEEFF");
        var reader = new BoxReader(file);
        reader.TryRead(out var free).ShouldBeTrue();
        reader.TryRead(out var mdat).ShouldBeTrue();
        reader.TryRead(out var skip).ShouldBeTrue();
        reader.TryRead(out _).ShouldBeFalse();
        (free.Type.ToString(), Convert.ToHexString(reader.Body(free))).ShouldBe(("free", "AA"));
        (mdat.Type.ToString(), mdat.HeaderLength, Convert.ToHexString(reader.Body(mdat))).ShouldBe(("mdat", 16, "BBCC"));
        (skip.Type.ToString(), skip.Length, Convert.ToHexString(reader.Body(skip))).ShouldBe(("skip", 11, "DDEEFF"));
    }

    [Theory]
    [InlineData("00")]
    [InlineData("00000008666565")]
    [InlineData("0000000766726565")] // smaller than a header
    [InlineData("0000000266726565")]
    [InlineData("0000000966726565")] // one byte more than available
    [InlineData("FFFFFFFF66726565AA")]
    [InlineData("0000000166726565")] // missing 64-bit size
    [InlineData("00000001667265650000000000000000")]
    [InlineData("0000000166726565000000000000000F")]
    [InlineData("00000001667265650000000000000011")]
    [InlineData("0000000166726565FFFFFFFFFFFFFFFF")]
    [InlineData("00000001667265657FFFFFFFFFFFFFFF")]
    public void Invalid_box_sizes_are_rejected(string hex) => Should.Throw<InvalidBmffException>(() =>
    {
        var reader = new BoxReader(Convert.FromHexString(hex));
        reader.TryRead(out _);
    });

    [Fact]
    public void Box_larger_than_its_parent_is_rejected()
    {
        // moov of 16 bytes, containing a trak that claims 24, of which 16 would lie in the following free box.
        var file = Convert.FromHexString("00000010" + "6D6F6F76" + "00000018" + "7472616B" + "00000010" + "66726565" + "0000000000000000");
        Should.Throw<InvalidBmffException>(() => BoxReader.TryFind(file, "moov/trak"u8, out _));
        Should.Throw<InvalidBmffException>(() => BoxTree.Read(file));
    }

    [Fact]
    public void Path_finds_the_first_box_of_its_type_or_nothing()
    {
        var writer = new BoxWriter();
        using (writer.Box("moov"u8))
        {
            using (writer.Box("free"u8))
            {
                writer.UInt8(1);
            }

            using (writer.Box("trak"u8))
            using (writer.Box("mdia"u8))
            {
                writer.UInt8(2);
            }
        }

        BoxReader.Find(writer.Written, "moov/trak/mdia"u8).ToArray().ShouldBe([2]);
        BoxReader.TryFind(writer.Written, "moov/mdia"u8, out _).ShouldBeFalse();
        Should.Throw<InvalidBmffException>(() => BoxReader.Find(writer.Written, "moov/trak/minf"u8))
            .Message.ShouldContain("moov/trak/minf");
    }

    [Fact]
    public void Depth_and_number_of_boxes_are_bounded()
    {
        var deep = new byte[8 * 10_000];
        for (var i = 0; i < 10_000; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(deep.AsSpan(i * 8), deep.Length - (i * 8));
            "moov"u8.CopyTo(deep.AsSpan((i * 8) + 4));
        }

        Should.Throw<InvalidBmffException>(() => BoxTree.Read(deep)).Message.ShouldContain("deep");
        var wide = Enumerable.Repeat<byte[]>([0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65], 20_000).SelectMany(box => box).ToArray();
        Should.Throw<InvalidBmffException>(() => BoxTree.Read(wide)).Message.ShouldContain("16384");
        Should.Throw<InvalidBmffException>(() => BoxReader.TryFind(wide, "moov"u8, out _)).Message.ShouldContain("4096");
    }

    [Fact]
    public void Fields_past_the_end_of_a_box_are_rejected() => Should.Throw<InvalidBmffException>(() =>
    {
        var fields = new BoxFields([0, 0, 0], "tkhd");
        fields.UInt32();
    }).Message.ShouldContain("tkhd");

    [Fact]
    public void Non_text_box_type_can_be_formatted() => new BoxType(0x41_00_0A_FF).ToString().ShouldBe("A???");
}
