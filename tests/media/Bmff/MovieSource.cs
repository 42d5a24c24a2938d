using Broadcast.Media.Bmff;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>A test sample with its bytes.</summary>
internal sealed record SourceSample(long Decode, FragmentSample Said, byte[] Payload)
{
    public long Present => Decode + Said.CompositionOffset;
}

/// <summary>
/// Segmented tracks and the movie built from them. The segments' objects are kept, so that the movie's bytes can be assembled.
/// </summary>
internal sealed class MovieSource
{
    private readonly List<byte[]> _objects = [];
    private readonly MovieBuilder _builder;

    public MovieSource(int tracks = 1, long maxBytes = 1 << 30)
    {
        _builder = new MovieBuilder(maxBytes);
        for (var i = 0; i < tracks; i++)
        {
            _builder.AddTrack();
        }
    }

    public MovieBuilder Builder => _builder;

    /// <summary>Adds a segment with a given number of samples per CMAF chunk.</summary>
    public MovieSource Add(int track, MovieTrackSetup setup, IReadOnlyList<SourceSample> samples, Func<int> chunkSize)
    {
        using var bytes = new MemoryStream();
        var writer = new FragmentWriter();
        uint sequence = 1;
        for (var at = 0; at < samples.Count;)
        {
            // A CMAF chunk has one decode time, so it ends before a gap.
            var count = 1;
            for (var most = Math.Max(1, chunkSize()); count < most && at + count < samples.Count
                && Follows(samples[at + count - 1], samples[at + count]); count++)
            {
            }

            var some = samples.Skip(at).Take(count).ToList();
            bytes.Write(writer.Write(new FragmentHeader(sequence++, some[0].Decode, at == 0 ? SegmentTypeBox.Segment : SegmentTypeBox.None),
                [.. some.Select(sample => sample.Said)]));
            some.ForEach(sample => bytes.Write(sample.Payload));
            at += count;
        }

        _builder.Add(track, setup, _objects.Count, Heads(bytes.ToArray()));
        _objects.Add(bytes.ToArray());
        return this;
    }

    private static bool Follows(SourceSample before, SourceSample next) => before.Decode + before.Said.Duration == next.Decode;

    /// <summary>Reads the headers of all CMAF chunks with no more bytes than requested.</summary>
    public static IReadOnlyList<FragmentMetadata> Heads(byte[] segment)
    {
        var heads = new List<FragmentMetadata>();
        for (var (at, have) = (0L, 1); at < segment.Length;)
        {
            if (FragmentMetadata.TryRead(segment.AsSpan((int)at, (int)Math.Min(have, segment.Length - at)), at, out var head,
                out var needed))
            {
                heads.Add(head);
                (at, have) = (head.End, 1);
                continue;
            }

            if (needed <= have || at + have >= segment.Length)
            {
                throw new InvalidOperationException($"At {at} of {segment.Length} with {have} bytes, {needed} are said to be needed.");
            }

            have = needed;
        }

        return heads;
    }

    /// <summary>Assembles the whole movie, each byte from its position in the layout.</summary>
    public byte[] Assemble(MovieLayout layout)
    {
        using var movie = new MemoryStream();
        movie.Write(layout.Head.Span);
        for (var i = 0; i < layout.Count; i++)
        {
            var slice = layout[i];
            if (slice.Start != movie.Length)
            {
                throw new InvalidOperationException($"Slice {i} begins at {slice.Start}, where {movie.Length} bytes stand.");
            }

            movie.Write(_objects[slice.Source].AsSpan((int)slice.Offset, (int)slice.Length));
        }

        return movie.ToArray();
    }
}
