namespace Broadcast.Media.Codecs;

/// <summary>
/// Parameter sets with a lookup by their bytes. Encoders repeat their sets in each keyframe, so a lookup costs no more than reading the
/// repeated set, however many sets are known and however much padding they have.
/// </summary>
internal sealed class KnownParameterSets
{
    private readonly List<ReadOnlyMemory<byte>> _sets;
    private readonly HashSet<ReadOnlyMemory<byte>> _trimmed;
    private readonly HashSet<ReadOnlyMemory<byte>>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    /// <summary>Indexes the parameter sets of a record.</summary>
    /// <param name="sets">The sets, with or without padding.</param>
    public KnownParameterSets(IEnumerable<ReadOnlyMemory<byte>> sets)
    {
        _sets = [.. sets];
        _trimmed = new HashSet<ReadOnlyMemory<byte>>(_sets.Count, Comparer.Instance);
        _lookup = _trimmed.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var set in _sets)
        {
            _trimmed.Add(set[..Trim(set.Span).Length]);
        }
    }

    /// <summary>The sets as they were added.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Sets => _sets;

    /// <summary>Removes the zeros after a NAL unit, which are padding (ITU-T H.264, 7.4.1; H.265, 7.4.2.1).</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> unit) => unit[..(unit.LastIndexOfAnyExcept((byte)0) + 1)];

    /// <summary>Returns whether a set without padding is known.</summary>
    public bool Contains(ReadOnlySpan<byte> trimmed) => _lookup.Contains(trimmed);

    /// <summary>Adds a copy of a set without padding, unless it is known.</summary>
    public void Add(ReadOnlySpan<byte> trimmed)
    {
        if (!_lookup.Contains(trimmed))
        {
            ReadOnlyMemory<byte> copy = trimmed.ToArray();
            _sets.Add(copy);
            _trimmed.Add(copy);
        }
    }

    /// <summary>Compares sets by their bytes. Hash codes depend on a random seed, so an encoder cannot cause collisions.</summary>
    private sealed class Comparer : IEqualityComparer<ReadOnlyMemory<byte>>,
        IAlternateEqualityComparer<ReadOnlySpan<byte>, ReadOnlyMemory<byte>>
    {
        public static readonly Comparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public bool Equals(ReadOnlySpan<byte> alternate, ReadOnlyMemory<byte> other) => other.Span.SequenceEqual(alternate);

        public int GetHashCode(ReadOnlyMemory<byte> obj) => HashOf(obj.Span);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => HashOf(alternate);

        public ReadOnlyMemory<byte> Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        private static int HashOf(ReadOnlySpan<byte> bytes)
        {
            var hash = default(HashCode);
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }
    }
}
