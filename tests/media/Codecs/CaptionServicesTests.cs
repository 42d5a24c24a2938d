using Broadcast.Media.Codecs;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Codecs;

public sealed class CaptionServicesTests
{
    private static readonly CodecConfig Avc = CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8"));

    private static readonly byte[] Slice = [0, 0, 0, 3, 0x65, 1, 2];

    [Fact]
    public void First_field_counts_when_empty_and_the_second_field_only_with_captions()
    {
        In((0, 0x80, 0x80)).ShouldBe("CC1");
        In((0, 0x80, 0x80), (1, 0x80, 0x80)).ShouldBe("CC1");
        In((0, 0x94, 0x25), (1, 0x15, 0x25)).ShouldBe("CC1 CC3");
    }

    [Fact]
    public void CEA_708_services_are_detected_by_the_first_block_of_a_packet()
    {
        In((3, 0x02, 0x22), (2, 0x41, 0x42)).ShouldBe("SERVICE1");
        In((0, 0x80, 0x80), (3, 0x42, 0x22), (3, 0x82, 0x42)).ShouldBe("CC1 SERVICE1 SERVICE2");
        In((3, 0x01, 0x00), (2, 0xff, 0xff)).ShouldBe("", "an empty block");
    }

    [Fact]
    public void Emulation_prevention_bytes_are_removed_before_parsing() => In((2, 0, 0), (2, 0, 0), (0, 0x94, 0x25)).ShouldBe("CC1");

    [Fact]
    public void Other_messages_and_frames_without_captions_have_no_services()
    {
        CaptionServices.Find(Avc, Slice).Any.ShouldBeFalse();
        CaptionServices.Find(Avc, []).Any.ShouldBeFalse();
        CaptionServices.Find(CodecConfig.Opus.Default(), Captioning.With(Slice, false, (0, 0x80, 0x80))).Any.ShouldBeFalse();
        var frame = Captioning.With(Slice, isHevc: false, (0, 0x94, 0x25));
        foreach (var at in Enumerable.Range(4, 12))
        {
            var other = frame.ToArray();
            other[at] ^= 0x41;
            CaptionServices.Find(Avc, other).Any.ShouldBeFalse($"byte {at} is another");
        }
    }

    [Theory]
    [InlineData("CC1", "CC1")]
    [InlineData("CC3 CC1 SERVICE6", "CC1 CC3 SERVICE6")]
    [InlineData("CC1 CC1", "CC1")]
    [InlineData("CC0 CC5 CC SERVICE0 SERVICE-1 SERVICE99 cc1 CC12", "")]
    [InlineData("", "")]
    [InlineData(null, "")]
    public void Service_names_are_parsed_and_unknown_names_are_ignored(string? names, string read) =>
    CaptionServices.Parse(names).ToString().ShouldBe(read);

    [Fact]
    public void Service_set_with_additional_services_has_more_than_another()
    {
        CaptionServices.Parse("CC1 CC3").HasMoreThan(CaptionServices.Parse("CC1")).ShouldBeTrue();
        CaptionServices.Parse("CC1").HasMoreThan(CaptionServices.Parse("CC1 CC3")).ShouldBeFalse();
        default(CaptionServices).HasMoreThan(default).ShouldBeFalse();
    }

    [Fact]
    public void Mutated_frames_never_throw_an_exception()
    {
        var random = new Random(608);
        var frame = Captioning.With(Slice, isHevc: false, (0, 0x94, 0x25), (3, 0x02, 0x22), (1, 0, 0));
        for (var i = 0; i < 20_000; i++)
        {
            var other = frame.ToArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                other[random.Next(other.Length)] = (byte)random.Next(256);
            }

            CaptionServices.Find(Avc, other.AsSpan(0, random.Next(other.Length + 1))).ToString().Length.ShouldBeLessThan(80);
        }
    }

    private static string In(params (byte, byte, byte)[] triplets) =>
        CaptionServices.Find(Avc, Captioning.With(Slice, isHevc: false, triplets)).ToString();
}
