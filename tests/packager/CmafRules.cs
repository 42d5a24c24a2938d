using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Broadcast.Media.Bmff;
using Broadcast.Testing;

namespace Broadcast.Packager.Tests;

/// <summary>The boxes of a file, also of a malformed one: missing fields are read as -1.</summary>
internal sealed class Boxes
{
    private readonly IReadOnlyList<BoxTreeNode> _nodes;

    public Boxes(byte[] bytes)
    {
        Bytes = bytes;
        try
        {
            _nodes = BoxTree.Read(bytes);
        }
        catch (InvalidBmffException)
        {
            _nodes = [];
        }
    }

    public byte[] Bytes { get; }

    /// <summary>Types of the top-level boxes, in order.</summary>
    public string Top => string.Join(' ', _nodes.Where(node => node.Depth == 0).Select(node => node.Box.Type));

    public int Count(string type) => Of(type).Count();

    public IEnumerable<Box> Of(string type) => _nodes.Where(node => node.Box.Type.ToString() == type).Select(node => node.Box);

    /// <summary>Types inside the n-th box of a type.</summary>
    public string Inside(string type, int n)
    {
        var box = Of(type).ElementAtOrDefault(n);
        return string.Join(' ', _nodes.Where(node => box.Length > 0 && node.Depth == 1 + _nodes.First(other => other.Box == box).Depth
            && node.Box.Offset > box.Offset && node.Box.Offset < box.Offset + box.Length)
            .Select(node => node.Box.Type));
    }

    public ReadOnlySpan<byte> Body(string type, int n = 0) =>
        Of(type).ElementAtOrDefault(n) is { Length: > 0 } box ? Bytes.AsSpan(box.BodyOffset, box.BodyLength) : default;

    public long U32(string type, int offset, int n = 0) => Body(type, n) is var body
        && offset + 4 <= body.Length ? BinaryPrimitives.ReadUInt32BigEndian(body[offset..]) : -1;

    public long U64(string type, int offset, int n = 0) => Body(type, n) is var body
        && offset + 8 <= body.Length ? BinaryPrimitives.ReadInt64BigEndian(body[offset..]) : -1;

    public string Text(string type, int offset, int length, int n = 0) => Body(type, n) is var body
        && offset + length <= body.Length ? Encoding.ASCII.GetString(body.Slice(offset, length)) : "";
}

/// <summary>A segment with its data from the timeline.</summary>
/// <param name="Header">Its CMAF header.</param>
/// <param name="File">The segment.</param>
/// <param name="Start">End of the previous segment, in ticks; <see langword="null"/> without one, or after a gap.</param>
/// <param name="IsIndependent">Whether the segment is marked as independent.</param>
/// <param name="Parts">Ranges of its parts.</param>
internal sealed record CmafSegment(Boxes Header, Boxes File, long? Start, bool IsIndependent,
    IReadOnlyList<(long Offset, long Length)> Parts)
{
    public int Chunks => File.Count("moof");

    public bool IsVideo => Header.Text("hdlr", 8, 4) == "vide";

    public bool All(Func<int, bool> holds) => Chunks > 0 && Enumerable.Range(0, Chunks).All(holds);

    /// <summary>Samples of a CMAF chunk: duration, size, flags.</summary>
    public IReadOnlyList<(long Duration, long Size, long Flags)> Samples(int chunk)
    {
        var (head, run) = (File.U32("tfhd", 0, chunk), File.U32("trun", 0, chunk));
        var place = 8 + ((head & 2) != 0 ? 4 : 0);
        long Default(long bit)
        {
            var value = (head & bit) != 0 ? File.U32("tfhd", place, chunk) : -1;
            place += (head & bit) != 0 ? 4 : 0;
            return value;
        }

        var (duration, size, flags) = (Default(8), Default(16), Default(32));
        var at = 8 + ((run & 1) != 0 ? 4 : 0);
        var first = (run & 4) != 0 ? File.U32("trun", at, chunk) : flags;
        at += (run & 4) != 0 ? 4 : 0;
        var samples = new List<(long, long, long)>();
        for (var i = 0; i < Math.Min(File.U32("trun", 4, chunk), 100_000); i++)
        {
            long Own(long bit, long otherwise)
            {
                var value = (run & bit) != 0 ? File.U32("trun", at, chunk) : otherwise;
                at += (run & bit) != 0 ? 4 : 0;
                return value;
            }

            samples.Add((Own(0x100, duration), Own(0x200, size), Own(0x400, i == 0 ? first : flags)));
            Own(0x800, 0);
        }

        return samples;
    }

    public long Decode(int chunk) => File.U64("tfdt", 4, chunk);

    /// <summary>End of the last sample.</summary>
    public long End => Chunks == 0 ? -1 : Decode(Chunks - 1) + Samples(Chunks - 1).Sum(sample => sample.Duration);
}

/// <summary>Tracks of a switching set: their headers, and the start of each segment by number.</summary>
internal sealed record CmafSet(IReadOnlyList<(Boxes Header, IReadOnlyDictionary<long, long> Starts)> Tracks);

/// <summary>
/// Rules of ISO/IEC 23000-19 (CMAF) for headers, segments with their CMAF chunks, and switching sets, as far as a packager can violate
/// them.
/// </summary>
internal static partial class CmafRules
{
    private const long NonSync = 0x1_0000;

    public static readonly Rule<Boxes>[] Headers =
    [
        new("7.3.2.1", "a file type and one movie, and nothing else", h => h.Top == "ftyp moov"),
        new("7.2", "the structural brand is there, and a base that has what is used", h => Brands(h, "ftyp").Contains("cmfc")
            && Brands(h, "ftyp").Contains("iso6")),
        new("7.3.2.1", "the movie begins with its header", h => h.Inside("moov", 0).StartsWith("mvhd ", StringComparison.Ordinal)),
        new("7.3.2.1", "one track", h => h.Count("trak") == 1),
        new("7.3.2.1", "fragments are announced, with defaults for the track", h => h.Count("mvex") == 1 && h.Count("trex") == 1
            && h.U32("trex", 4) == h.U32("tkhd", 12) && h.U32("trex", 4) > 0),
        new("7.5.1", "the movie has its default rate and volume and no length", h => h.U32("mvhd", 16) == 0 && h.U32("mvhd", 20) == 0x1_0000
            && h.U32("mvhd", 24) == 0x100_0000),
        new("7.5.4", "the track is enabled and has no length", h => (h.U32("tkhd", 0) & 1) == 1 && h.U32("tkhd", 20) == 0),
        new("7.5.4", "video has a size, and audio has none",
            h => (h.Text("hdlr", 8, 4) == "vide") == (h.U32("tkhd", 76) > 0 && h.U32("tkhd", 80) > 0)),
        new("7.5.5", "the media have a clock and no length", h => h.U32("mdhd", 12) > 0 && h.U32("mdhd", 16) == 0),
        new("7.3.2.1, table 3", "video has a video media header, audio an audio media header", h => h.Text("hdlr", 8, 4) switch
        {
            "vide" => h.Count("vmhd") == 1 && h.Count("smhd") == 0,
            "soun" => h.Count("smhd") == 1 && h.Count("vmhd") == 0,
            _ => false,
        }),
        new("7.5.9", "the media are in the file itself", h => h.U32("dref", 4) == 1 && h.Count("url ") == 1 && h.U32("url ", 0) == 1),
        new("7.5.10", "one sample entry, with its parameters in it", h => h.U32("stsd", 4) == 1
            && h.Inside("stsd", 0) is "avc1" or "hvc1" or "av01" or "vp09" or "mp4a" or "Opus" or "fLaC" or "ac-3" or "ec-3"),
        new("7.5.12", "the tables of samples are empty", h => h.U32("stts", 4) == 0 && h.U32("stsc", 4) == 0 && h.U32("stco", 4) == 0
            && h.U32("stsz", 4) == 0 && h.U32("stsz", 8) == 0),
    ];

    public static readonly Rule<CmafSegment>[] Segments =
    [
        new("7.3.2.3", "chunks are a fragment and its media, with nothing between or behind", s => Chunk().IsMatch(s.File.Top)),
        new("7.3.3.1", "a segment says that it is one", s => s.File.Top.StartsWith("styp", StringComparison.Ordinal)
            && Brands(s.File, "styp") is var brands && brands.Contains("cmfs") && brands.Contains("cmff")),
        new("7.3.2.3", "a fragment is of one track and has one run, with its time",
            s => s.All(i => s.File.Inside("moof", i) == "mfhd traf" && s.File.Inside("traf", i) == "tfhd tfdt trun")),
        new("7.5, tfhd", "data are counted from the fragment, which is of the header's track",
            s => s.All(i => (s.File.U32("tfhd", 0, i) & 0x2_0001) == 0x2_0000 && s.File.U32("tfhd", 4, i) == s.Header.U32("tkhd", 12))),
        new("7.3.2.2", "each chunk begins where the one before ends", s => s.All(i => s.Decode(i) >= 0
            && s.Decode(i) == (i == 0 ? s.Start ?? s.Decode(0) : s.Decode(i - 1) + s.Samples(i - 1).Sum(sample => sample.Duration)))),
        new("7.5, trun", "video has signed composition offsets", s => !s.IsVideo || s.All(i => s.File.U32("trun", 0, i) >> 24 == 1)),
        new("7.5, trun", "a run says where its data begin: behind the fragment", s => s.All(i =>
            (s.File.U32("trun", 0, i) & 1) == 1 && s.File.U32("trun", 8, i) == s.File.Of("mdat").ElementAtOrDefault(i)
            .BodyOffset - s.File.Of("moof").ElementAtOrDefault(i).Offset)),
        new("7.3.2.3", "a chunk has all its samples and nothing else",
            s => s.All(i => s.Samples(i) is { Count: > 0 } samples && samples.All(sample => sample.Size >= 0)
            && samples.Sum(sample => sample.Size) == s.File.Of("mdat").ElementAtOrDefault(i).BodyLength)),
        new("7.3.2.2", "samples last, each", s => s.All(i => s.Samples(i).All(sample => sample.Duration > 0))),
        new("7.3.2.4", "what is said to be independent begins with a sync sample", s => !s.IsIndependent
            || (s.Chunks > 0 && s.Samples(0) is [var first, ..] && first.Flags >= 0 && (first.Flags & NonSync) == 0)),
        new("ISO/IEC 14496-12, 8.8.3.1", "samples have dependency flags, and audio samples are independent",
            s => s.All(i => s.Samples(i).All(sample =>
            ((sample.Flags >> 24) & 3) == ((sample.Flags & NonSync) == 0 ? 2 : 1) && (s.IsVideo || (sample.Flags & NonSync) == 0)))),
        new("ISO/IEC 14496-12, 8.8.5", "fragments are numbered upwards",
            s => s.All(i => i == 0 || s.File.U32("mfhd", 4, i) > s.File.U32("mfhd", 4, i - 1))),
        new("7.3.3.2", "parts are whole chunks", s => s.Parts.Count == s.Chunks && s.All(i =>
            s.Parts[i].Offset + s.Parts[i].Length == s.File.Of("mdat").Select(mdat => (long)mdat.Offset + mdat.Length).ElementAtOrDefault(i)
            && s.Parts[i].Offset == (i == 0 ? 0 : s.Parts[i - 1].Offset + s.Parts[i - 1].Length))),
    ];

    public static readonly Rule<CmafSet>[] Sets =
    [
        new("7.3.4", "tracks of a switching set are of one kind, codec and clock", set => set.Tracks
            .Select(track => (track.Header.Text("hdlr", 8, 4), track.Header.Inside("stsd", 0), track.Header.U32("mdhd", 12))).Distinct()
            .Count() == 1),
        new("7.3.4", "their fragments begin at the same times", set => set.Tracks.SelectMany(track => track.Starts)
            .GroupBy(start => start.Key).All(same => same.Select(start => start.Value).Distinct().Count() == 1)),
    ];

    private static List<string> Brands(Boxes file, string type) =>
        [.. Enumerable.Range(0, Math.Max(0, file.Body(type).Length / 4)).Where(i => i != 1).Select(i => file.Text(type, i * 4, 4))];

    [GeneratedRegex("^(styp )?((prft )?moof mdat ?)+$")]
    private static partial Regex Chunk();
}
