namespace Broadcast.Media.Bmff;

/// <summary>A contiguous byte range of a movie, located in one source object.</summary>
/// <param name="Source">Number of the source object, as passed when its segment was added.</param>
/// <param name="Offset">Offset of the range in the source object.</param>
/// <param name="Start">Offset of the range in the movie.</param>
/// <param name="Length">Size in bytes, at least one.</param>
public readonly record struct MovieSlice(int Source, long Offset, long Start, long Length)
{
    /// <summary>Offset of the end of the range in the movie.</summary>
    public long End => Start + Length;
}

/// <summary>A movie that is not stored: its leading bytes, and the locations of all payloads. Immutable and thread-safe.</summary>
public sealed class MovieLayout
{
    private readonly long[] _starts;
    private readonly long[] _offsets;
    private readonly int[] _sources;

    /// <param name="head">Leading bytes of the movie.</param>
    /// <param name="plan">Locations of the payloads.</param>
    internal MovieLayout(ReadOnlyMemory<byte> head, MoviePlan plan)
    {
        Head = head;
        Length = head.Length + plan.Length;
        (_offsets, _sources) = ([.. plan.Offsets], [.. plan.Sources]);
        _starts = [.. plan.Starts.Select(start => head.Length + start)];
    }

    /// <summary>All bytes before the first payload: <c>ftyp</c>, <c>moov</c> and the header of <c>mdat</c>.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>Size of the movie in bytes.</summary>
    public long Length { get; }

    /// <summary>Number of slices after the head.</summary>
    public int Count => _starts.Length;

    /// <summary>Memory used, in bytes.</summary>
    public long Bytes => Head.Length + (20L * Count);

    /// <summary>A slice by index. Slices are contiguous.</summary>
    public MovieSlice this[int index] => new(_sources[index], _offsets[index], _starts[index],
        (index + 1 < Count ? _starts[index + 1] : Length) - _starts[index]);

    /// <summary>Index of the slice that contains a byte of the movie after the head.</summary>
    /// <param name="position">Offset of the byte in the movie.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is in the head or past the end.</exception>
    public int Find(long position)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(position, Head.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, Length);
        var index = Array.BinarySearch(_starts, position);
        return index >= 0 ? index : ~index - 1;
    }
}

/// <summary>Locations of payloads in the order of the movie, collected during layout.</summary>
internal sealed class MoviePlan
{
    /// <summary>Offsets of the slices from the first payload byte.</summary>
    public List<long> Starts { get; } = [];

    /// <summary>Offsets of the slices in their source objects.</summary>
    public List<long> Offsets { get; } = [];

    /// <summary>Source objects of the slices.</summary>
    public List<int> Sources { get; } = [];

    /// <summary>Total size in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Adds a byte range. A range that continues the last one in the same object extends it.</summary>
    public void Add(int source, long offset, int length)
    {
        if (length == 0)
        {
            return;
        }

        var follows = Sources.Count > 0 && Sources[^1] == source && Offsets[^1] + (Length - Starts[^1]) == offset;
        if (!follows)
        {
            Starts.Add(Length);
            Offsets.Add(offset);
            Sources.Add(source);
        }

        Length += length;
    }
}
