using Broadcast.Media.Bmff;
using Broadcast.Media.Codecs;
using Broadcast.Media.Tests.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>Sample entries of every codec, written and read back.</summary>
public sealed class CodecBoxTests
{
    private static readonly Dictionary<string, Track> Tracks = new()
    {
        ["hvc1"] = Video(CodecConfig.Hevc.Parse(Complete(new HevcSps { Aspect = (64, 45), Color = (9, 16, 9) }.WriteRecord()))),
        ["av01"] = Video(CodecConfig.Av1.Parse(new Av1Sequence { Color = (1, 13, 6), FullRange = true }.WriteRecord())),
        ["vp09"] = Video(CodecConfig.Vp9.Parse(Vp9Tests.Record(primaries: 1, transfer: 1, matrix: 1), 1280, 720)),
        ["Opus"] = Audio(CodecConfig.Opus.Parse(Convert.FromHexString(OpusTests.Surround))),
        ["fLaC"] = Audio(CodecConfig.Flac.Parse(FlacTests.Header)),
        ["ac-3"] = Audio(CodecConfig.Ac3.Parse([0x10, 0x3D, 0xE0])),
        ["ec-3"] = Audio(CodecConfig.Eac3.Parse([0x0C, 0, 0x20, 0x0F, 0])),
    };

    public static TheoryData<string> Entries => [.. Tracks.Keys];

    [Theory, MemberData(nameof(Entries))]
    public void Track_round_trips_through_the_init_segment(string entry)
    {
        var track = Tracks[entry];
        var bytes = InitSegmentWriter.Write(track);
        var read = InitSegmentReader.Read(bytes);
        read.ToTrack(track.Id).ShouldBe(track);
        var frame = track.Config.VideoFormat;
        (read.Width, read.Height).ShouldBe((frame?.DisplayWidth ?? 0, frame?.Height ?? 0));
        read.Config.CodecString.ShouldBe(track.Config.CodecString);
        read.Config.VideoFormat.ShouldBe(frame);
        read.Config.AudioFormat.ShouldBe(track.Config.AudioFormat);
    }

    [Theory]
    [InlineData("hvc1", "hvcC 103", "pasp 16", "colr 19")]
    [InlineData("av01", "av1C 30", "colr 19")]
    [InlineData("vp09", "vpcC 20", "colr 19")]
    [InlineData("Opus", "dOps 27")]
    [InlineData("fLaC", "dfLa 50")]
    [InlineData("ac-3", "dac3 11")]
    [InlineData("ec-3", "dec3 13")]
    public void Sample_entry_has_only_the_boxes_of_its_codec(string entry, params string[] boxes)
    {
        var nodes = BoxTree.Read(InitSegmentWriter.Write(Tracks[entry]));
        var at = nodes.ToList().FindIndex(node => node.Box.Type.ToString() == entry);
        nodes.Skip(at + 1).TakeWhile(node => node.Depth > nodes[at].Depth).Select(node => $"{node.Box.Type} {node.Box.Length}")
            .ShouldBe(boxes);
    }

    [Fact]
    public void HEVC_parameter_sets_are_marked_as_complete_as_hvc1_requires()
    {
        var record = new HevcSps().WriteRecord();
        var written = InitSegmentReader.Read(InitSegmentWriter.Write(Video(CodecConfig.Hevc.Parse(record)))).Config.Record.ToArray();
        written.ShouldBe(Complete(record));
        written.ShouldNotBe(record);
    }

    [Theory]
    [InlineData(48_000, 48_000u)]
    [InlineData(96_000, 48_000u)]
    [InlineData(192_000, 48_000u)]
    [InlineData(88_200, 44_100u)]
    [InlineData(176_401, 65_535u)]
    public void FLAC_sample_rate_beyond_16_bits_is_halved_in_the_sample_entry(int rate, uint said)
    {
        var header = (byte[])FlacTests.Header.Clone();
        (header[18], header[19], header[20]) = ((byte)(rate >> 12), (byte)(rate >> 4), (byte)((rate << 4) | 2));
        var config = CodecConfig.Flac.Parse(header);
        config.AudioFormat.SampleRate.ShouldBe(rate);
        var bytes = InitSegmentWriter.Write(new Track(2, config, rate));
        var entry = BoxReader.Find(BoxReader.Find(bytes, "moov/trak/mdia/minf/stbl/stsd"u8)[8..], "fLaC"u8);
        System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(entry[24..]).ShouldBe(said << 16);
        InitSegmentReader.Read(bytes).Config.ShouldBe(config);
    }

    [Fact]
    public void Incomplete_configuration_is_not_written() => Should.Throw<ArgumentException>(
        () => InitSegmentWriter.Write(Video(CodecConfig.Vp9.Parse(Vp9Tests.Record()))));

    [Theory, MemberData(nameof(Entries))]
    public void Mutated_and_truncated_init_segments_yield_a_track_or_a_rejection(string entry)
    {
        var whole = InitSegmentWriter.Write(Tracks[entry]);
        var refused = 0;
        for (var seed = 0; seed < 4000; seed++)
        {
            var bytes = Mutation.Of([whole], new Random(seed));
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

        refused.ShouldBeInRange(200, 3990);
        for (var length = 0; length < whole.Length; length++)
        {
            Should.Throw<InvalidBmffException>(() => InitSegmentReader.Read(whole.AsSpan(0, length)));
        }
    }

    private static Track Video(CodecConfig config) => new(1, config, 90_000);

    private static Track Audio(CodecConfig config) => new(2, config, config.AudioFormat!.SampleRate, "de");

    private static byte[] Complete(byte[] record)
    {
        var complete = (byte[])record.Clone();
        var sps = 23 + 3 + 5;
        complete[23] |= 0x80;
        complete[sps] |= 0x80;
        complete[sps + 5 + ((complete[sps + 3] << 8) | complete[sps + 4])] |= 0x80;
        return complete;
    }
}
