using Broadcast.Media.Bmff;
using Broadcast.Media.Codecs;
using Broadcast.Media.Tests.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

public sealed class InitSegmentTests
{
    internal static readonly Track Video = new(7, CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.Main576IWide)), 90_000);
    internal static readonly Track Audio = new(8, CodecConfig.Aac.Parse([0x11, 0x90, 0x56, 0xe5, 0]), 48_000, "pt-BR");

    [Fact]
    public void Video_has_only_the_boxes_that_CMAF_requires() => BoxTree.Describe(InitSegmentWriter.Write(Video)).ShouldBe(
        """
        ftyp 32
        moov 643
          mvhd 108
          trak 487
            tkhd 92
            mdia 387
              mdhd 32
              hdlr 38
              minf 309
                vmhd 20
                dinf 36
                  dref 28
                    url  12
                stbl 245
                  stsd 169
                    avc1 153
                      avcC 51
                      pasp 16
                  stts 16
                  stsc 16
                  stsz 20
                  stco 16
          mvex 40
            trex 32

        """);

    [Theory]
    [InlineData(AvcRecords.High1080P30)]
    [InlineData(AvcRecords.Main576IWide)]
    [InlineData(AvcRecords.High444Odd)]
    [InlineData(AvcRecords.Baseline2160PColors)]
    public void Video_round_trips_through_the_init_segment(string hex)
    {
        var track = Video with { Config = CodecConfig.Avc.Parse(Convert.FromHexString(hex)) };
        var read = InitSegmentReader.Read(InitSegmentWriter.Write(track));
        var sequence = ((CodecConfig.Avc)track.Config).Sequence;
        read.ShouldBe(new InitSegment(1, 90_000, track.Config, null, sequence.DisplayWidth, sequence.Height));
        read.ToTrack(7).ShouldBe(track);
    }

    [Fact]
    public void Stream_color_overrides_encoder_color_and_mastering_metadata_is_written()
    {
        var described = new ColorInfo(
            new ColorDescription(9, 16, 9, FullRange: false),
            new MasteringDisplay(new(35_400, 14_600), new(8_500, 39_850), new(6_550, 2_300), new(15_635, 16_450), 10_000_000, 1),
            new ContentLightLevel(1000, 400));
        var entry = SampleEntry(Video with { ColorInfo = described });
        Box(entry, "colr"u8).ShouldBe(Convert.FromHexString("6e636c78" + "0009" + "0010" + "0009" + "00"));
        Box(entry, "mdcv"u8).ShouldBe(Convert.FromHexString("21349baa" + "199608fc" + "8a483908" + "3d134042" + "00989680" + "00000001"));
        Box(entry, "clli"u8).ShouldBe(Convert.FromHexString("03e80190"));

        var said = Video with { Config = CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.Baseline2160PColors)),
            ColorInfo = described with { Mastering = null, Light = null } };
        Box(SampleEntry(said), "colr"u8).ShouldBe(Convert.FromHexString("6e636c78" + "0001" + "0001" + "0001" + "00"));
        BoxReader.TryFind(SampleEntry(said), "mdcv"u8, out _).ShouldBeFalse();
        BoxReader.TryFind(SampleEntry(said), "clli"u8, out _).ShouldBeFalse();
    }

    [Fact]
    public void Stream_that_declares_only_its_range_takes_the_remaining_color_from_metadata()
    {
        var ranged = Video with { Config = CodecConfig.Avc.Parse(new Sps { FullRange = true }.WriteRecord()),
            ColorInfo = new(new ColorDescription(9, 18, 9, false), null, null) };
        ranged.Color.ShouldBe(new ColorDescription(9, 18, 9, FullRange: true));
        (ranged with { ColorInfo = null }).Color.ShouldBe(new ColorDescription(2, 2, 2, FullRange: true));
        Video.Color.ShouldBeNull();
        (Video.IsConfiguredAs(Video with { Name = "camera" }),
            Video.IsConfiguredAs(Video with { ColorInfo = ranged.ColorInfo })).ShouldBe((true, false));
    }

    private static ReadOnlySpan<byte> SampleEntry(Track track) =>
        BoxReader.Find(InitSegmentWriter.Write(track), "moov/trak/mdia/minf/stbl/stsd"u8)[(8 + 8 + CodecBoxes.VisualFields)..];

    private static byte[] Box(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> type) => BoxReader.Find(entry, type).ToArray();

    [Fact]
    public void Audio_round_trips_with_its_full_language_tag()
    {
        var read = InitSegmentReader.Read(InitSegmentWriter.Write(Audio, trackId: 3));
        read.ShouldBe(new InitSegment(3, 48_000, Audio.Config, "pt-BR", 0, 0));
        read.ToTrack(8).ShouldBe(Audio);
    }

    [Fact]
    public void Same_track_yields_the_same_bytes_with_any_track_ID() =>
        InitSegmentWriter.Write(Video with { Id = 1 }).ShouldBe(InitSegmentWriter.Write(Video with { Id = 2 }));

    [Fact]
    public void Colors_are_written_when_the_stream_declares_them()
    {
        var colored = Video with { Config = CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.Baseline2160PColors)) };
        var entry = BoxReader.Find(InitSegmentWriter.Write(colored), "moov/trak/mdia/minf/stbl/stsd"u8)[8..];
        Convert.ToHexString(BoxReader.Find(BoxReader.Find(entry, "avc1"u8)[78..], "colr"u8))
            .ShouldBe("6E636C78" + "0001" + "0001" + "0001" + "00");
        BoxTree.Describe(InitSegmentWriter.Write(Video)).ShouldNotContain("colr");
        BoxTree.Describe(InitSegmentWriter.Write(colored)).ShouldNotContain("pasp");
    }

    [Theory]
    [InlineData(null, "und", null, false)]
    [InlineData("", "und", null, false)]
    [InlineData("en", "eng", "en", false)]
    [InlineData("EN", "eng", "en", false)]
    [InlineData("de", "deu", "de", false)]
    [InlineData("fr", "fra", "fr", false)]
    [InlineData("zu", "zul", "zu", false)]
    [InlineData("gsw", "gsw", "gsw", false)]
    [InlineData("deu", "deu", "de", true)]
    [InlineData("pt-BR", "por", "pt-BR", true)]
    [InlineData("zh-Hant-TW", "zho", "zh-Hant-TW", true)]
    [InlineData("qq", "und", "qq", true)]
    [InlineData("e", "und", null, false)]
    [InlineData("-en", "und", null, false)]
    [InlineData("en-", "und", null, false)]
    [InlineData("en_US", "und", null, false)]
    [InlineData("deutschland", "und", null, false)]
    [InlineData("d\u00e9", "und", null, false)]
    public void Languages_are_packed_and_written_in_full_only_when_the_code_is_too_short(string? tag, string packed, string? read,
        bool extended)
    {
        var bytes = InitSegmentWriter.Write(Audio with { Language = tag });
        var mdhd = BoxReader.Find(bytes, "moov/trak/mdia/mdhd"u8);
        var code = (mdhd[20] << 8) | mdhd[21];
        new string([(char)(0x60 + (code >> 10)), (char)(0x60 + ((code >> 5) & 31)), (char)(0x60 + (code & 31))]).ShouldBe(packed);
        var back = InitSegmentReader.Read(bytes).Language;
        (extended ? tag : read).ShouldBe(back);
        BoxReader.TryFind(bytes, "moov/trak/mdia/elng"u8, out _).ShouldBe(extended);
    }

    [Fact]
    public void Every_packed_language_unpacks_to_itself()
    {
        foreach (var letters in Enumerable.Range(0, 26 * 26).Select(i => $"{(char)('a' + (i / 26))}{(char)('a' + (i % 26))}"))
        {
            var packed = LanguageCode.Pack(letters);
            if (packed != LanguageCode.Undetermined)
            {
                LanguageCode.Unpack(packed).ShouldBe(letters);
            }
        }

        LanguageCode.Unpack(0).ShouldBeNull();
        LanguageCode.Unpack(0xFFFF).ShouldBeNull();
        LanguageCode.Unpack(LanguageCode.Undetermined).ShouldBeNull();
    }

    [Fact]
    public void Sample_rate_beyond_16_bits_is_read_from_the_codec_configuration()
    {
        var track = new Track(1, CodecConfig.Aac.Parse([0x10, 0x10]), 96_000);
        InitSegmentReader.Read(InitSegmentWriter.Write(track)).Config.ShouldBe(track.Config);
    }

    [Fact]
    public void Invalid_tracks_are_not_written()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => InitSegmentWriter.Write(Video with { Timescale = 0 }));
        Should.Throw<ArgumentOutOfRangeException>(() => InitSegmentWriter.Write(Video, trackId: 0));
    }

    [Fact]
    public void Mutated_and_truncated_init_segments_yield_a_track_or_a_rejection()
    {
        byte[][] seeds = [InitSegmentWriter.Write(Video), InitSegmentWriter.Write(Audio)];
        var refused = 0;
        for (var seed = 0; seed < 20_000; seed++)
        {
            var bytes = Mutation.Of(seeds, new Random(seed));
            try
            {
                InitSegmentReader.Read(bytes).Timescale.ShouldBeGreaterThan(0);
            }
            catch (InvalidBmffException)
            {
                refused++;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Seed {seed}", error);
            }
        }

        refused.ShouldBeInRange(1000, 19_900);
        foreach (var whole in seeds)
        {
            for (var length = 0; length < whole.Length; length++)
            {
                Should.Throw<InvalidBmffException>(() => InitSegmentReader.Read(whole.AsSpan(0, length)));
            }
        }
    }
}
