using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Codecs;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>
/// An init segment followed by CMAF chunks, laid out as a movie: the payloads referenced by the layout are in the input, and all of them
/// are covered.
/// </summary>
internal sealed class MovieTarget : FuzzTarget
{
    private const int Limit = 1 << 20;

    public override string Name => "movie";

    public override int MaxLength => 2048;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "moof", "mdat", "traf", "trun", "tfhd", "tfdt", "moov", "stsd", "elng", "styp", "vide",
            "soun" }.Select(word => System.Text.Encoding.ASCII.GetBytes(word)),
        [0, 0, 0, 1], [0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0, 0, 0x0f, 1], [0, 0, 0x80, 0],
    ];

    // A CMAF chunk of some hundred bytes can have 32,768 identical samples; the tables have a limit.
    public override long MostAllocated(int length) => (16L * 1024 * length) + (8 * Limit);

    /// <summary>A valid input, for the seeds.</summary>
    public static byte[] Good(bool reorders)
    {
        using var bytes = new MemoryStream();
        bytes.Write(InitSegmentWriter.Write(new Track(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000, "de-CH")));
        var writer = new FragmentWriter();
        for (uint i = 0; i < 3; i++)
        {
            FragmentSample[] samples = [new(1024, 9, true, reorders ? 2048 : 0), new(1024, 7, !reorders, reorders ? -1024 : 0),
                new(1024, (int)i, true)];
            bytes.Write(writer.Write(new FragmentHeader(i + 1, i * 3072, i == 0 ? SegmentTypeBox.Segment : SegmentTypeBox.None), samples));
            bytes.Write(new byte[samples.Sum(sample => sample.Size)]);
        }

        return bytes.ToArray();
    }

    public override void Run(byte[] input, ref Shape shape)
    {
        var setup = MovieTrackSetup.Read(input);
        shape.Size(setup.Timescale);
        var chunks = Chunks(input);
        shape.Kind(chunks.Count);
        var builder = new MovieBuilder(Limit);
        builder.Add(builder.AddTrack(), setup, 0, chunks);
        if (builder.IsEmpty)
        {
            return;
        }

        var layout = builder.Build(DateTimeOffset.UnixEpoch);
        shape.Size(layout.Head.Length);
        shape.Kind(layout.Count);
        Hold(layout.Length - layout.Head.Length == chunks.Sum(chunk => (long)chunk.PayloadLength), "payloads are missing, or too many");
        for (var i = 0; i < layout.Count; i++)
        {
            var slice = layout[i];
            Hold(slice is { Length: > 0, Offset: >= 0 } && slice.Offset + slice.Length <= input.Length, "a payload that is not there");
            Hold(slice.Start == (i == 0 ? layout.Head.Length : layout[i - 1].End) && layout.Find(slice.Start) == i,
                "slices that do not follow each other");
        }

        var sizes = new BoxFields(BoxReader.Find(layout.Head.Span, "moov/trak/mdia/minf/stbl/stsz"u8), "stsz");
        sizes.Skip(8);
        Hold(sizes.UInt32() == chunks.Sum(chunk => chunk.Samples.Count), "samples are missing, or too many");
    }

    public override bool IsRefusal(Exception exception, out string reason)
    {
        reason = exception.Message;
        return exception is InvalidBmffException or MovieTooLongException;
    }

    private static List<FragmentMetadata> Chunks(byte[] input)
    {
        var boxes = new BoxReader(input);
        var at = 0L;
        while (at == 0 && boxes.TryRead(out var box))
        {
            at = box.Type == BoxType.Of("moov"u8) ? box.Offset + box.Length : 0;
        }

        var (chunks, samples) = (new List<FragmentMetadata>(), 0);
        while (at < input.Length && FragmentMetadata.TryRead(input.AsSpan((int)at), at, out var head, out _) && head.End <= input.Length
            && samples + head.Samples.Count <= FragmentReader.MaxSamples)
        {
            chunks.Add(head);
            (at, samples) = (head.End, samples + head.Samples.Count);
        }

        return chunks;
    }
}
