using System.Buffers.Binary;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.TranscoderToPackager;
using static Broadcast.Packager.Tests.Encoder;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

/// <summary>The spool's files comply with CMAF, and each rule finds its violations.</summary>
public class CmafConformanceTests
{
    private static readonly Rendition Small = new("360p", TrackKind.Video, IsLeading: false);

    [Theory]
    [InlineData("low")]
    [InlineData("standard")]
    [InlineData("safe")]
    public async Task Every_file_in_the_spool_conforms_to_CMAF(string profile)
    {
        using var bench = await new PackagerHarness().StartAsync();
        var session = Session(latency: LatencyProfile.Find(profile));

        // B-frames; then the encoder returns with another configuration, and then with keyframes that are too far apart.
        await bench.PublishAsync(session, With(VideoFrames(21, 60, offset: 6000), Frames(21)), Source, Small, AudioTrack);
        await bench.PublishAsync(session, With(VideoFrames(21, 45, track: OtherVideo), Frames(21, track: OtherAudio)), Source, Small,
            AudioTrack);
        await bench.PublishAsync(session, With(VideoFrames(24, 400), Frames(24)), Source, Small, AudioTrack);

        var seen = 0;
        var tracks = new Dictionary<string, Dictionary<long, long>>();
        foreach (var rendition in bench.Timeline(session).Renditions)
        {
            long? end = null;
            tracks[rendition.Name] = [];
            foreach (var segment in rendition.Closed.ToArray().Where(segment => !segment.IsGap))
            {
                var header = new Boxes(bench.Spool.Bytes(rendition.FindInit(segment.Init)!.Object)!);
                CmafRules.Headers.Broken(header).ShouldBeEmpty($"{rendition.Name}, header {segment.Init}");
                var file = new CmafSegment(
                    header, new Boxes(bench.Spool.Bytes(segment.Object)!), segment.Discontinuity ? null : end, segment.Independent,
                    [.. segment.Parts.Select(part => ((long)part.Offset, (long)part.Length))]);
                CmafRules.Segments.Broken(file).ShouldBeEmpty($"{profile}, {rendition.Name}, segment {segment.Number}");
                (tracks[rendition.Name][segment.Number], end) = (file.Decode(0), file.End);
                seen++;
            }
        }

        seen.ShouldBeGreaterThan(15);
        var set = new CmafSet([.. new[] { "source", "360p" }.Select(name =>
            (new Boxes(bench.Spool.Bytes(bench.Timeline(session).Find(name)!.Init!.Object)!),
                (IReadOnlyDictionary<long, long>)tracks[name]))]);
        CmafRules.Sets.Broken(set).ShouldBeEmpty();
    }

    private static List<RenditionSample> With(IEnumerable<RenditionSample> frames, IEnumerable<RenditionSample> audio)
    {
        var all = frames.ToList();
        return Interleave(all, all.Select(sample => sample with { Rendition = Small }), audio);
    }

    [Fact]
    public void Every_rule_detects_its_violation()
    {
        var (video, audio) = (InitSegmentWriter.Write(Video), InitSegmentWriter.Write(Audio));
        CmafRules.Headers.Broken(new Boxes(video)).ShouldBeEmpty();
        CmafRules.Headers.Broken(new Boxes(audio)).ShouldBeEmpty();
        (string Says, byte[] File)[] headers =
        [
            ("a file type and one movie, and nothing else", [.. video, 0, 0, 0, 8, .. "free"u8]),
            ("the structural brand is there, and a base that has what is used", Patch(video, "ftyp", 12, 0x69736F6D)),
            ("the movie begins with its header", Rename(video, "mvhd", "free")),
            ("one track", Rename(video, "trak", "free")),
            ("fragments are announced, with defaults for the track", Patch(video, "trex", 4, 2)),
            ("the movie has its default rate and volume and no length", Patch(video, "mvhd", 20, 0x2_0000)),
            ("the track is enabled and has no length", Patch(video, "tkhd", 20, 5)),
            ("video has a size, and audio has none", Patch(video, "tkhd", 76, 0)),
            ("the media have a clock and no length", Patch(video, "mdhd", 16, 5)),
            ("video has a video media header, audio an audio media header", Rename(video, "vmhd", "smhd")),
            ("the media are in the file itself", Patch(video, "url ", 0, 0)),
            ("one sample entry, with its parameters in it", Rename(video, "avc1", "avc3")),
            ("the tables of samples are empty", Patch(video, "stsz", 8, 1)),
        ];
        foreach (var (says, file) in headers)
        {
            Finds(CmafRules.Headers.Broken(new Boxes(file)), says);
        }

        var good = Segment();
        var file2 = good.File.Bytes;
        CmafRules.Segments.Broken(good).ShouldBeEmpty();
        (string Says, CmafSegment Segment)[] segments =
        [
            ("chunks are a fragment and its media, with nothing between or behind", Of([.. file2, 0, 0, 0, 8, .. "sidx"u8])),
            ("chunks are a fragment and its media, with nothing between or behind", Of(Rename(file2, "mdat", "emsg"))),
            ("a segment says that it is one", Of(Patch(file2, "styp", 12, 0))),
            ("a fragment is of one track and has one run, with its time", Of(Rename(file2, "tfdt", "free"))),
            ("data are counted from the fragment, which is of the header's track", Of(Patch(file2, "tfhd", 4, 9))),
            ("each chunk begins where the one before ends", good with { Start = 1 }),
            ("video has signed composition offsets", Of(Patch(file2, "trun", 0, good.File.U32("trun", 0) & 0xFF_FFFF))),
            ("a run says where its data begin: behind the fragment", Of(Patch(file2, "trun", 8, 77))),
            ("a chunk has all its samples and nothing else", Of(Patch(file2, "trun", 4, 1))),
            ("samples last, each", Of(Patch(file2, "tfhd", 8, 0))),
            ("what is said to be independent begins with a sync sample", Of(Patch(file2, "trun", 12, 0x0101_0000))),
            ("samples have dependency flags, and audio samples are independent", Of(Patch(file2, "trun", 12, 0))),
            ("samples have dependency flags, and audio samples are independent", good with { Header = new Boxes(audio) }),
            ("fragments are numbered upwards", Of(Patch(file2, "mfhd", 4, 2))),
            ("parts are whole chunks", good with { Parts = [good.Parts[0]] }),
        ];
        foreach (var (says, segment) in segments)
        {
            Finds(CmafRules.Segments.Broken(segment), says);
        }

        Dictionary<long, long> at = new() { [1] = 0, [2] = 180_000 }, later = new() { [2] = 180_001 };
        CmafRules.Sets.Broken(new CmafSet([(new(video), at), (new(video), at)])).ShouldBeEmpty();
        Finds(CmafRules.Sets.Broken(new CmafSet([(new(video), at), (new(audio), at)])),
            "tracks of a switching set are of one kind, codec and clock");
        Finds(CmafRules.Sets.Broken(new CmafSet([(new(video), at), (new(video), later)])), "their fragments begin at the same times");
        CmafRules.Headers.Select(rule => rule.Says).Except(headers.Select(broken => broken.Says)).ShouldBeEmpty();
        CmafRules.Segments.Select(rule => rule.Says).Except(segments.Select(broken => broken.Says)).ShouldBeEmpty();

        CmafSegment Of(byte[] changed) => good with { File = new Boxes(changed) };
    }

    [Fact]
    public void Every_section_in_the_rule_tables_is_documented()
    {
        var document = File.ReadAllText(Repository.PathOf("docs", "conformance.md"));
        CmafRules.Headers.Select(rule => rule.Section).Concat(CmafRules.Segments.Select(rule => rule.Section))
            .Concat(CmafRules.Sets.Select(rule => rule.Section))
            .Where(section => !Rules.IsListed(document, section)).ShouldBeEmpty("write them into docs/conformance.md");
    }

    /// <summary>Two CMAF chunks of video.</summary>
    private static CmafSegment Segment()
    {
        var writer = new FragmentWriter();
        byte[] one = [.. writer.Write(new FragmentHeader(1, 0, SegmentTypeBox.Segment), [new(3000, 3, true, 6000), new(3000, 2, false)]), 1,
            2, 3, 4, 5];
        byte[] two = [.. writer.Write(new FragmentHeader(2, 6000), [new(3000, 1, false), new(3000, 2, false)]), 6, 7, 8];
        return new CmafSegment(new Boxes(InitSegmentWriter.Write(Video)), new Boxes([.. one, .. two]), 0, IsIndependent: true,
            [(0, one.Length), (one.Length, two.Length)]);
    }

    private static void Finds(IReadOnlyList<string> broken, string says) =>
        broken.ShouldContain(rule => rule.EndsWith(": " + says, StringComparison.Ordinal), says);

    private static byte[] Patch(byte[] file, string type, int offset, long value)
    {
        var copy = file.ToArray();
        BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(new Boxes(file).Of(type).First().BodyOffset + offset), (uint)value);
        return copy;
    }

    private static byte[] Rename(byte[] file, string type, string other)
    {
        var copy = file.ToArray();
        Encoding.ASCII.GetBytes(other).CopyTo(copy, new Boxes(file).Of(type).First().Offset + 4);
        return copy;
    }
}
