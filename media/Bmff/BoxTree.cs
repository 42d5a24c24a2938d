using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Broadcast.Media.Bmff;

/// <summary>A box and its depth in the tree.</summary>
/// <param name="Box">Type, offset and size; the offset counts from the start of the file.</param>
/// <param name="Depth">Depth; 0 for top-level boxes.</param>
public readonly record struct BoxTreeNode(Box Box, int Depth);

/// <summary>
/// Lists all boxes of a file in depth-first order, for tests and diagnostics. Not recursive; depth and number of boxes are bounded.
/// </summary>
public static class BoxTree
{
    /// <summary>Maximum nesting depth.</summary>
    public const int MaxDepth = 16;

    /// <summary>Maximum number of boxes in a file.</summary>
    public const int MaxBoxes = 16_384;

    // Bytes of fields before the child boxes.
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
    /// <exception cref="InvalidBmffException">The file is malformed or exceeds a limit.</exception>
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
                throw new InvalidBmffException($"More than {MaxBoxes} boxes in one file.");
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

    /// <summary>One line per box with its type and size, indented by depth.</summary>
    /// <exception cref="InvalidBmffException">The file is malformed or exceeds a limit.</exception>
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
