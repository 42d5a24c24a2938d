namespace Broadcast.Media.Bmff;

/// <summary>The tables of a movie exceed their memory limit. The message says at which time.</summary>
public sealed class MovieTooLongException(string message) : Exception(message);

/// <summary>
/// Builds a classic MP4 file (ISO/IEC 14496-12) from the chunks of CMAF segments: all tables first, then the unchanged payloads. Players
/// can seek in it immediately.
/// <code>
///   segments, by time            the movie
///   video 1  moof mdat moof mdat     ftyp moov mdat
///   audio 1  moof mdat                         └ video 1, audio 1, video 2, …: one chunk each, payloads only
///   video 2  …
/// </code>
/// The movie starts at zero with the earliest presented sample. A track that starts later begins with an empty edit (8.6.6), which keeps
/// audio and video in sync. Where media is missing, the sample before the gap is extended, so that times match the session. Equal segments
/// produce equal bytes. Pure; not thread-safe.
/// </summary>
/// <param name="maxBytes">Memory limit in bytes for the tables and payload locations: 1 to 1 GiB.</param>
public sealed class MovieBuilder(long maxBytes)
{
    private const int SliceBytes = 20;
    private const long MaxMemory = 1L << 30;

    private readonly List<MovieTrack> _tracks = [];
    private readonly MoviePlan _plan = new();
    private readonly long _maxBytes = maxBytes is > 0 and <= MaxMemory ? maxBytes
        : throw new ArgumentOutOfRangeException(nameof(maxBytes), maxBytes, "Use 1 byte to 1 GiB.");

    /// <summary>Indicates whether the movie has no samples.</summary>
    public bool IsEmpty => _tracks.TrueForAll(track => track.Tables.Sizes.Count == 0);

    /// <summary>Adds a track. Tracks appear in the movie in this order; tracks without samples are omitted.</summary>
    /// <returns>Index of the track, for <see cref="Add"/>.</returns>
    public int AddTrack()
    {
        _tracks.Add(new MovieTrack());
        return _tracks.Count - 1;
    }

    /// <summary>
    /// Appends a segment. Payloads are stored in the order of these calls. Segments of one track must be added in the order of their times.
    /// </summary>
    /// <param name="track">Index of the track.</param>
    /// <param name="setup">Track description from the init segment.</param>
    /// <param name="source">Number that the caller assigned to the object with the segment's bytes.</param>
    /// <param name="chunks">Chunks of the segment, in order.</param>
    /// <exception cref="MovieTooLongException">The tables exceed the memory limit.</exception>
    /// <exception cref="InvalidBmffException">The segment has another media type than the track, or times out of range.</exception>
    public void Add(int track, MovieTrackSetup setup, int source, IReadOnlyList<FragmentMetadata> chunks)
    {
        var movieTrack = _tracks[track];
        var description = movieTrack.Describe(setup);
        var start = _plan.Length;
        foreach (var chunk in chunks)
        {
            var decode = chunk.BaseDecodeTime;
            foreach (var sample in chunk.Samples)
            {
                movieTrack.Add(setup.Timescale, decode, sample);
                decode += sample.Duration;
            }

            _plan.Add(source, chunk.DataOffset, chunk.PayloadLength);
        }

        movieTrack.Tables.EndChunk(start, description);
        var bytes = (SliceBytes * (long)_plan.Sources.Count) + _tracks.Sum(other => other.Bytes);
        if (bytes > _maxBytes)
        {
            throw new MovieTooLongException(
                $"After {TimeSpan.FromSeconds(movieTrack.Tables.Duration / movieTrack.Timescale)} the tables of the movie take {bytes} "
                + $"bytes, over the limit of {_maxBytes}.");
        }
    }

    /// <summary>Builds the movie.</summary>
    /// <param name="created">Wall-clock time of the movie's start, to the second.</param>
    /// <exception cref="InvalidOperationException">The movie has no samples.</exception>
    public MovieLayout Build(DateTimeOffset created)
    {
        var tracks = _tracks.Where(track => track.Tables.Sizes.Count > 0).ToList();
        return tracks.Count == 0 ? throw new InvalidOperationException("A movie needs at least one sample.")
            : new MovieLayout(MovieWriter.Write(tracks, created, _plan.Length), _plan);
    }
}

/// <summary>A track of a movie under construction.</summary>
internal sealed class MovieTrack
{
    private readonly List<MovieTrackSetup> _setups = [];
    private MovieTrackSetup? _last;
    private int _description;

    /// <summary>Sample tables of the track.</summary>
    public SampleTables Tables { get; } = new();

    /// <summary>Configurations with different sample entries, in order of appearance.</summary>
    public IReadOnlyList<MovieTrackSetup> Setups => _setups;

    /// <summary>
    /// Ticks per second of the first configuration. Times of other configurations are rescaled and rounded down, so that nothing drifts.
    /// </summary>
    public int Timescale => _setups[0].Timescale;

    /// <summary>Earliest presentation time.</summary>
    public MediaTime Start => new(Tables.Earliest, Timescale);

    /// <summary>Estimated size of the tables, in bytes.</summary>
    public long Bytes => Tables.Bytes + _setups.Sum(setup => (long)setup.SampleEntry.Length);

    /// <summary>The index, from 1, of a configuration's sample entry. A repeated configuration keeps its index.</summary>
    /// <exception cref="InvalidBmffException">The configuration has another media type than the track.</exception>
    public int Describe(MovieTrackSetup setup)
    {
        if (ReferenceEquals(setup, _last))
        {
            return _description;
        }

        if (_setups is [var first, ..] && first.Handler != setup.Handler)
        {
            throw new InvalidBmffException($"A track of type '{first.Handler}' cannot continue with '{setup.Handler}'.");
        }

        var index = _setups.FindIndex(known => known.SampleEntry.AsSpan().SequenceEqual(setup.SampleEntry));
        if (index < 0)
        {
            index = _setups.Count;
            _setups.Add(setup);
        }

        (_last, _description) = (setup, index + 1);
        return _description;
    }

    /// <summary>Adds a sample with times of the given timescale.</summary>
    public void Add(int timescale, long decode, in FragmentSample sample)
    {
        var present = decode + sample.CompositionOffset;
        if (timescale == Timescale)
        {
            Tables.Add(decode, present, sample.Duration, sample.Size, sample.IsSync);
            return;
        }

        var from = In(decode);
        Tables.Add(from, In(present), In(decode + sample.Duration) - from, sample.Size, sample.IsSync);

        long In(long ticks) => new MediaTime(ticks, timescale).Rescale(Timescale).Ticks;
    }
}
