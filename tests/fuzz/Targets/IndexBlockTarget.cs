using System.Text;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>Index blocks: they round-trip, and reading some renditions yields the same as reading all.</summary>
internal sealed class IndexBlockTarget : FuzzTarget
{
    public override string Name => "index-block";

    public override int MaxLength => 2048;

    public override IReadOnlyList<byte[]> Words { get; } = ["BCH1"u8.ToArray(), "BCH2"u8.ToArray(), "source"u8.ToArray(),
        [0xff, 0xff, 0x03], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f], [0x0d]];

    // A segment takes at least one byte in the object, and about ninety in memory, three times.
    public override long MostAllocated(int length) => (1024L * length) + (256 * 1024);

    /// <summary>A valid input, for the seeds.</summary>
    public static byte[] Good(int sheets)
    {
        var start = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        List<IndexedRendition> renditions =
        [
            .. new[] { ("source", 90_000), ("audio", 48_000) }.Select(rendition => new IndexedRendition(rendition.Item1,
            [
                .. Enumerable.Range(31, 6).Select(number => new IndexedSegment(
                    number, number < 33 ? 1 : 2, new(number * 2L * rendition.Item2, rendition.Item2),
                    new(2 * rendition.Item2, rendition.Item2), start.AddSeconds(number * 2), number == 33, number == 35, true,
                    number == 35 ? 0 : 1000 + number)),
            ])),
        ];
        return IndexBlockFile.Write(new IndexBlock(31, 36, [33], renditions)
        {
            SpriteSheets = [.. Enumerable.Range(0, sheets)
                .Select(i => new IndexedSpriteSheet(new((60 + (10 * i)) * 1000L, 1000), new(10_000, 1000),
                    new SpriteSheetLayout(5, 1, 320, 180), 20_000 + i))],
        });
    }

    public override void Run(byte[] input, ref Shape shape)
    {
        var indexBlock = IndexBlockFile.Read(input);
        shape.Kind(indexBlock.Renditions.Count);
        shape.Kind(indexBlock.SpriteSheets.Count);
        shape.Size(indexBlock.Last - indexBlock.First);
        foreach (var rendition in indexBlock.Renditions)
        {
            shape.Size(rendition.Segments.Count);
            Hold(rendition.Segments.Count <= input.Length, "more segments than bytes");
            Hold(rendition.Segments.All(segment => segment.Number >= indexBlock.First && segment.Number <= indexBlock.Last),
                "a segment that is not in the chapter");
        }

        Hold(indexBlock.SpriteSheets.All(sheet => sheet is { Layout.Tiles: > 0, Duration.Ticks: > 0, Start.Ticks: >= 0 }),
            "a sheet that is none");
        var again = IndexBlockFile.Read(IndexBlockFile.Write(indexBlock));
        Hold(Text(again) == Text(indexBlock), "what was read is not what was written");
        var first = IndexBlockFile.Read(input, name => name == indexBlock.Renditions.FirstOrDefault()?.Name);
        Hold(first.Renditions.All(rendition => rendition.Name == indexBlock.Renditions[0].Name)
            && first.SpriteSheets.SequenceEqual(indexBlock.SpriteSheets), "what is not wanted was read");
    }

    public override bool IsRefusal(Exception exception, out string reason)
    {
        reason = exception.Message;
        return exception is InvalidDataException;
    }

    private static string Text(IndexBlock indexBlock)
    {
        var text = new StringBuilder().Append(indexBlock.First).Append('-').Append(indexBlock.Last)
            .AppendJoin(' ', indexBlock.Discontinuities);
        foreach (var rendition in indexBlock.Renditions)
        {
            text.Append(rendition.Name)
                .AppendJoin(';', rendition.Segments.Select(segment => (segment.Number, segment.Init, segment.Start, segment.Duration,
                    segment.WallClock.UtcTicks, segment.Length, segment.IsGap)));
        }

        return text.AppendJoin(';', indexBlock.SpriteSheets).ToString();
    }
}
