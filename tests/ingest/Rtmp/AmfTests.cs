using System.Buffers.Binary;
using System.Text;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Messages;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public sealed class AmfTests
{
    [Fact]
    public void Reader_reads_the_output_of_the_writer()
    {
        var writer = new AmfWriter();
        writer.Text("hello").Number(-1.5).Boolean(true).Null();
        using (writer.Object())
        {
            writer.Name("a").Number(1).Name("inner");
            using (writer.EcmaArray(99))
            {
                writer.Name("b").Text("ü");
            }

            writer.Name("c").Boolean(false);
        }

        var reader = new AmfReader(writer.Written);
        reader.Read().ShouldBe(new AmfValue.Text("hello"));
        reader.Read().ShouldBe(new AmfValue.Number(-1.5));
        reader.Read().ShouldBe(new AmfValue.Boolean(true));
        reader.Read().ShouldBe(AmfValue.Null.Instance);
        var map = reader.Read().ShouldBeOfType<AmfValue.Map>().Properties;
        map.Keys.ShouldBe(["a", "inner", "c"]);
        map["inner"].GetText("b").ShouldBe("ü");
        reader.AtEnd.ShouldBeTrue();
    }

    [Fact]
    public void Dates_typed_objects_arrays_and_long_strings_are_read()
    {
        byte[] bytes =
        [
            0x0B, .. Double(1000), 0, 0,
            0x10, 0, 1, (byte)'T', 0, 1, (byte)'x', 5, 0, 0, 9,
            0x0A, 0, 0, 0, 2, 5, 1, 1,
            0x0C, 0, 0, 0, 2, (byte)'o', (byte)'k',
        ];
        var reader = new AmfReader(bytes);
        reader.Read().ShouldBe(new AmfValue.Date(1000));
        reader.Read().ShouldBeOfType<AmfValue.Map>().Properties.Keys.ShouldBe(["x"]);
        reader.Read().ShouldBeOfType<AmfValue.StrictArray>().Items.ShouldBe([AmfValue.Null.Instance, new AmfValue.Boolean(true)]);
        reader.Read().ShouldBe(new AmfValue.Text("ok"));
    }

    public static TheoryData<string, byte[]> Hostile => new()
    {
        { "70,000 objects inside one another", [.. Enumerable.Repeat<byte[]>([3, 0, 1, (byte)'a'], 70_000).SelectMany(b => b)] },
        { "70,000 arrays inside one another", [.. Enumerable.Repeat<byte[]>([10, 0, 0, 0, 1], 70_000).SelectMany(b => b)] },
        { "an array of 4 billion values", [10, 0xFF, 0xFF, 0xFF, 0xFF, 5, 5] },
        { "a string past the end", [2, 0, 10, 1, 2] },
        { "a long string of 4 GiB", [12, 0xFF, 0xFF, 0xFF, 0xFF, 1] },
        { "an object without an end", [3, 0, 1, (byte)'a', 5] },
        { "a name of nothing without an end mark", [3, 0, 0, 5] },
        { "a reference", [7, 0, 0] },
        { "a movie clip", [4] },
        { "AMF3 inside", [0x11, 1] },
        { "an unknown marker", [0x77] },
        { "half a number", [0, 1, 2, 3] },
        { "nothing", [] },
        { "a name of 300 bytes", [3, 1, 44, .. new byte[300], 5, 0, 0, 9] },
        { "2,000 values", [10, 0, 0, 7, 208, .. Enumerable.Repeat((byte)5, 2000)] },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Malformed_values_are_rejected(string what, byte[] bytes) =>
        Should.Throw<RtmpProtocolException>(() => new AmfReader(bytes).Read(), what).Reason.ShouldBe(IngestRejectionReason.InvalidAmf);

    [Fact]
    public void Sixteen_nested_objects_are_read()
    {
        byte[] bytes = [.. Enumerable.Repeat<byte[]>([3, 0, 1, (byte)'a'], 16).SelectMany(b => b), 5,
            .. Enumerable.Repeat<byte[]>([0, 0, 9], 16).SelectMany(b => b)];
        new AmfReader(bytes).Read().ShouldBeOfType<AmfValue.Map>();
    }

    [Fact]
    public void Last_of_duplicate_property_names_applies()
    {
        byte[] bytes = [3, 0, 1, (byte)'a', 1, 0, 0, 1, (byte)'a', 1, 1, 0, 0, 9];
        new AmfReader(bytes).Read().ShouldBeOfType<AmfValue.Map>().Properties["a"].ShouldBe(new AmfValue.Boolean(true));
    }

    [Fact]
    public void Command_of_type_17_is_read_as_AMF0_after_its_format_byte()
    {
        byte[] body = [0, 2, 0, 7, .. "connect"u8, 0, .. Double(1), 5];
        var command = RtmpCommand.Read(new(MessageType.CommandAmf3, 0, 0, body));
        (command.Name, command.Transaction).ShouldBe(("connect", 1));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Transaction_ID_that_is_not_a_finite_number_reads_as_zero(double transaction)
    {
        byte[] body = [2, 0, 7, .. "publish"u8, 0, .. Double(transaction)];
        RtmpCommand.Read(new(MessageType.Command, 0, 0, body)).Transaction.ShouldBe(0);
    }

    [Fact]
    public void Metadata_announces_tracks_and_the_encoder_name()
    {
        var writer = new AmfWriter().Text("@setDataFrame").Text("onMetaData");
        using (writer.EcmaArray(2))
        {
            writer.Name("videocodecid").Number(7).Name("encoder").Text("line\nbreak\u202E and\u0000 so on");
        }

        StreamMetadata.TryRead(new(MessageType.Data, 1, 0, writer.Written.ToArray()), out var metadata).ShouldBeTrue();
        (metadata!.HasVideo, metadata.HasAudio, metadata.Encoder).ShouldBe((true, false, "linebreak and so on"));
        StreamMetadata.TryRead(new(MessageType.Data, 1, 0, Encoding.ASCII.GetBytes("garbage")), out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(2500, 2_500_000)]
    [InlineData(100, 100_000)]
    [InlineData(99.9, 0)]
    [InlineData(0, 0)]
    [InlineData(-1, 0)]
    [InlineData(2_500_000, 0)]
    [InlineData(double.NaN, 0)]
    [InlineData(double.PositiveInfinity, 0)]
    public void Implausible_bitrates_in_metadata_are_ignored(double kilobits, int expected)
    {
        var writer = new AmfWriter().Text("onMetaData");
        using (writer.EcmaArray(1))
        {
            writer.Name("videodatarate").Number(kilobits);
        }

        StreamMetadata.TryRead(new(MessageType.Data, 1, 0, writer.Written.ToArray()), out var metadata).ShouldBeTrue();
        metadata!.VideoBitsPerSecond.ShouldBe(expected);
    }

    private static byte[] Double(double value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, value);
        return bytes;
    }
}
