using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Broadcast.Media.Bmff;

/// <summary>A box with its place in the tree.</summary>
/// <param name="Box">Type, place and size; offsets count from the beginning of the file.</param>
/// <param name="Depth">0 on the file's own level.</param>
public readonly record struct BoxTreeNode(Box Box, int Depth);

/// <summary>
/// All boxes of a file in order, those inside others behind them: for looking into files, in tests and diagnostics. Not recursive; depth and number are bounded.
/// </summary>
public static class BoxTree
{
    /// <summary>Deepest nesting accepted.</summary>
    public const int MaxDepth = 16;

    /// <summary>Most boxes accepted in all.</summary>
    public const int MaxBoxes = 16_384;

    // The bytes of fields that stand before the boxes inside.
    private static readonly FrozenDictionary<BoxType, int> Containers = new Dictionary<BoxType, int>
    {
        [BoxType.Of("moov"u8)] = 0,
        [BoxType.Of("trak"u8)] = 0,
        [BoxType.Of("mdia"u8)] = 0,
        [BoxType.Of("minf"u8)] = 0,
        [BoxType.Of("dinf"u8)] = 0,
        [BoxType.Of("stbl"u8)] = 0,
        [BoxType.Of("mvex"u8)] = 0,
        [BoxType.Of("edts"u8)] = 0,
        [BoxType.Of("moof"u8)] = 0,
        [BoxType.Of("traf"u8)] = 0,
        [BoxType.Of("dref"u8)] = 8,
        [BoxType.Of("stsd"u8)] = 8,
        [BoxType.Of("avc1"u8)] = 78,
        [BoxType.Of("hvc1"u8)] = 78,
        [BoxType.Of("av01"u8)] = 78,
        [BoxType.Of("vp09"u8)] = 78,
        [BoxType.Of("mp4a"u8)] = 28,
        [BoxType.Of("Opus"u8)] = 28,
        [BoxType.Of("fLaC"u8)] = 28,
        [BoxType.Of("ac-3"u8)] = 28,
        [BoxType.Of("ec-3"u8)] = 28,
    }.ToFrozenDictionary();

    /// <summary>Lists the boxes.</summary>
    /// <exception cref="InvalidBmffException">The bytes are no boxes, or go beyond the limits.</exception>
    public static IReadOnlyList<BoxTreeNode> Read(ReadOnlySpan<byte> file)
    {
        var nodes = new List<BoxTreeNode>();
        Span<int> ends = stackalloc int[MaxDepth];
        var (depth, position) = (0, 0);
        ends[0] = file.Length;
        while (true)
        {
            while (position == ends[depth])
            {
                if (depth == 0)
                {
                    return nodes;
                }

                depth--;
            }

            if (nodes.Count == MaxBoxes)
            {
                throw new InvalidBmffException($"There are over {MaxBoxes} boxes.");
            }

            var reader = new BoxReader(file[position..ends[depth]]);
            reader.TryRead(out var relative);
            var box = relative with { Offset = position };
            nodes.Add(new BoxTreeNode(box, depth));
            position += box.Length;
            if (!Containers.TryGetValue(box.Type, out var fields))
            {
                continue;
            }

            if (fields > box.BodyLength || depth + 1 == MaxDepth)
            {
                throw new InvalidBmffException($"Box '{box.Type}' at {box.Offset} is too short or nested too deep.");
            }

            ends[++depth] = position;
            position = box.BodyOffset + fields;
        }
    }

    /// <summary>One line a box, indented by its depth: type and size.</summary>
    /// <exception cref="InvalidBmffException">The bytes are no boxes, or go beyond the limits.</exception>
    public static string Describe(ReadOnlySpan<byte> file)
    {
        var text = new StringBuilder();
        foreach (var (box, depth) in Read(file))
        {
            text.Append(' ', depth * 2).Append(CultureInfo.InvariantCulture, $"{box.Type} {box.Length}").Append('\n');
        }

        return text.ToString();
    }
}
