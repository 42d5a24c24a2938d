namespace Broadcast.Media.Bmff;

/// <summary>Bytes of a movie that lie together in one of the objects it is made of.</summary>
/// <param name="Source">The object, by the number that its segment was added with.</param>
/// <param name="Offset">Where they begin in the object.</param>
/// <param name="Start">Where they begin in the movie.</param>
/// <param name="Length">How many, at least one.</param>
public readonly record struct MovieSlice(int Source, long Offset, long Start, long Length)
{
    /// <summary>Where they end in the movie.</summary>
    public long End => Start + Length;
}

/// <summary>A movie that is not stored anywhere: what it begins with, and where the rest is to be had. Never changes; safe to read from any thread.</summary>
public sealed class MovieLayout
{
    private readonly long[] _starts;
    private readonly long[] _offsets;
    private readonly int[] _sources;

    /// <param name="head">What it begins with.</param>
    /// <param name="plan">Where the rest is.</param>
    internal MovieLayout(ReadOnlyMemory<byte> head, MoviePlan plan)
    {
        Head = head;
        Length = head.Length + plan.Length;
        (_offsets, _sources) = ([.. plan.Offsets], [.. plan.Sources]);
        _starts = [.. plan.Starts.Select(start => head.Length + start)];
    }

    /// <summary>All before the first payload: <c>ftyp</c>, <c>moov</c> and the header of <c>mdat</c>.</summary>
    public ReadOnlyMemory<byte> Head { get; }

    /// <summary>Bytes of the movie.</summary>
    public long Length { get; }

    /// <summary>How many slices follow the head.</summary>
    public int Count => _starts.Length;

    /// <summary>Bytes of memory that it takes.</summary>
    public long Bytes => Head.Length + (20L * Count);

    /// <summary>A slice; they follow each other without a hole.</summary>
    public MovieSlice this[int index] => new(_sources[index], _offsets[index], _starts[index], (index + 1 < Count ? _starts[index + 1] : Length) - _starts[index]);

    /// <summary>Which slice has a byte of the movie, one that is behind the head.</summary>
    /// <param name="position">Where the byte is in the movie.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is in the head, or beyond the end.</exception>
    public int Find(long position)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(position, Head.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, Length);
        var index = Array.BinarySearch(_starts, position);
        return index >= 0 ? index : ~index - 1;
    }
}

/// <summary>Where payloads are, in the order of the movie, while it is laid out.</summary>
internal sealed class MoviePlan
{
    /// <summary>Where slices begin, from the first byte of all payloads.</summary>
    public List<long> Starts { get; } = [];

    /// <summary>Where they begin in their objects.</summary>
    public List<long> Offsets { get; } = [];

    /// <summary>Their objects.</summary>
    public List<int> Sources { get; } = [];

    /// <summary>Bytes of all.</summary>
    public long Length { get; private set; }

    /// <summary>Adds bytes; those that follow the last in their object lengthen it.</summary>
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
