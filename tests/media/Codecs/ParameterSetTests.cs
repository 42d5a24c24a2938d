using System.Buffers;
using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

/// <summary>Parameter sets that an encoder repeats in its sync samples.</summary>
public sealed class ParameterSetTests
{
    private const int Known = 200;

    [Fact]
    public void Repeated_set_is_compared_with_no_known_set_but_its_equal()
    {
        byte[][] ppsUnits = [.. Enumerable.Range(0, Known).Select(i => (byte[])[0x68, 0xEE, (byte)(i + 1), .. new byte[50]])];
        using var memory = new CountingMemory(Record(ppsUnits));
        var configuration = AvcDecoderConfiguration.Parse(memory.Memory);
        byte[] repeated = [0x68, 0xEE, Known];
        var sample = AccessUnit([.. Enumerable.Repeat(repeated, 30)], 0x65);
        memory.Reads = 0;

        configuration.UpdateRecord(sample).ShouldBeNull("nothing is new");
        memory.Reads.ShouldBeLessThanOrEqualTo(30);
    }

    [Fact]
    public void Sets_that_differ_in_padding_alone_are_equal()
    {
        var configuration = AvcDecoderConfiguration.Parse(Record([[0x68, 0xEE, 0x80, 0, 0, 0]]));
        configuration.UpdateRecord(AccessUnit([[0x68, 0xEE, 0x80]], 0x65)).ShouldBeNull();
        configuration.UpdateRecord(AccessUnit([[0x68, 0xEE, 0x80, 0]], 0x65)).ShouldBeNull();
        configuration.UpdateRecord(AccessUnit([[0x68, 0xEE, 0x81]], 0x65)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void H65_access_unit_has_at_most_32_parameter_sets(int count, bool isAccepted)
    {
        byte[] pps = [0x68, 0xEE, 0x80], hevcPps = [34 << 1, 1, 0xC0, 0x80];
        CodecConfig.Avc.Parse(Record([pps])).TryInspect(AccessUnit([.. Enumerable.Repeat(pps, count)], 0x65), out _).ShouldBe(isAccepted);
        CodecConfig.Hevc.Parse(new HevcSps().WriteRecord())
            .TryInspect(AccessUnit([.. Enumerable.Repeat(hevcPps, count)], 19 << 1, 1), out _).ShouldBe(isAccepted);
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public void H65_parameter_set_of_a_frame_has_at_most_4096_bytes(int length, bool isAccepted)
    {
        byte[] pps = [0x68, 0xEE, 0x80, .. Enumerable.Repeat((byte)1, length - 3)];
        byte[] hevcPps = [34 << 1, 1, 0xC0, .. Enumerable.Repeat((byte)1, length - 3)];
        CodecConfig.Avc.Parse(Record([[0x68, 0xEE, 0x80]])).TryInspect(AccessUnit([pps], 0x65), out _).ShouldBe(isAccepted);
        CodecConfig.Hevc.Parse(new HevcSps().WriteRecord()).TryInspect(AccessUnit([hevcPps], 19 << 1, 1), out _).ShouldBe(isAccepted);
    }

    [Fact]
    public void H62_parameter_set_of_a_record_has_at_most_4096_bytes()
    {
        CodecConfig.Avc.Parse(Record([[0x68, 0xEE, .. new byte[4094]]])).Configuration.PpsUnits.ShouldHaveSingleItem();
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Avc.Parse(Record([[0x68, 0xEE, .. new byte[4095]]])))
            .Message.ShouldContain("4096");
        CodecConfig.Hevc.Parse(HevcRecord(4096)).Configuration.ParameterSets.Count.ShouldBe(4);
        Should.Throw<InvalidCodecConfigException>(() => CodecConfig.Hevc.Parse(HevcRecord(4097))).Message.ShouldContain("4096");
    }

    /// <summary>A 1080p record with these PPS instead of its own.</summary>
    private static byte[] Record(byte[][] ppsUnits)
    {
        var sps = CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.High1080P30)).Configuration.SpsUnits[0].ToArray();
        return [1, 0x64, 0, 0x28, 0xFF, 0xE1, .. WithLength(sps), (byte)ppsUnits.Length, .. ppsUnits.SelectMany(WithLength)];
    }

    /// <summary>A record with another VPS of a given length.</summary>
    private static byte[] HevcRecord(int length)
    {
        var record = new HevcSps().WriteRecord();
        record[22]++;
        byte[] vps = [32 << 1, 1, .. new byte[length - 2]];
        return [.. record, 0x80 | 32, 0, 1, .. WithLength(vps)];
    }

    private static byte[] WithLength(byte[] set) => [(byte)(set.Length >> 8), (byte)set.Length, .. set];

    /// <summary>Parameter sets and a slice of a keyframe that starts with the given bytes.</summary>
    private static byte[] AccessUnit(IEnumerable<byte[]> sets, params byte[] slice) =>
        [.. sets.Append([.. slice, 0x80, 1]).SelectMany(unit => (byte[])[0, 0, .. WithLength(unit)])];

    /// <summary>Memory that counts accesses to its bytes.</summary>
    private sealed class CountingMemory(byte[] bytes) : MemoryManager<byte>
    {
        public int Reads { get; set; }

        public override Span<byte> GetSpan()
        {
            Reads++;
            return bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
