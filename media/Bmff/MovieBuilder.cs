namespace Broadcast.Media.Bmff;

/// <summary>A movie would have more samples than memory is given to it. The message says how far it got.</summary>
public sealed class MovieTooLongException(string message) : Exception(message);

/// <summary>
/// Lays a classic MP4 file out (ISO/IEC 14496-12) from the chunks of CMAF segments: all tables first, then the payloads as they are, nothing decoded or encoded. Any player can seek in it at once.
/// <code>
///   segments, by time            the movie
///   video 1  moof mdat moof mdat     ftyp moov mdat
///   audio 1  moof mdat                         └ video 1, audio 1, video 2, …: a chunk each, payloads only
///   video 2  …
/// </code>
/// The movie begins at zero with whatever is presented first; a track that comes later begins with an empty edit (8.6.6), so that sound and pictures stay together. Where media is missing, the last
/// sample before it stands until it goes on: times stay those of the broadcast. The same segments give the same bytes. Pure; not thread-safe.
/// </summary>
/// <param name="maxBytes">Most bytes of memory that the tables, and what is known of where payloads are, may take: 1 to 1 GiB.</param>
public sealed class MovieBuilder(long maxBytes)
{
    private const int SliceBytes = 20;
    private const long Greatest = 1L << 30;

    private readonly List<MovieTrack> _tracks = [];
    private readonly MoviePlan _plan = new();
    private readonly long _maxBytes = maxBytes is > 0 and <= Greatest ? maxBytes : throw new ArgumentOutOfRangeException(nameof(maxBytes), maxBytes, "1 to 1 GiB");

    /// <summary>Whether nothing was added that could be played.</summary>
    public bool IsEmpty => _tracks.TrueForAll(track => track.Tables.Sizes.Count == 0);

    /// <summary>Begins a track; tracks stand in the movie in this order, those without a sample not at all.</summary>
    /// <returns>Its index, for <see cref="Add"/>.</returns>
    public int AddTrack()
    {
        _tracks.Add(new MovieTrack());
        return _tracks.Count - 1;
    }

    /// <summary>Adds a segment behind all others, which is where its payloads will be; a track's segments come in the order of their times.</summary>
    /// <param name="track">Whose it is.</param>
    /// <param name="setup">What its init segment says.</param>
    /// <param name="source">The caller's number for the object that has its bytes.</param>
    /// <param name="chunks">Its chunks, in order.</param>
    /// <exception cref="MovieTooLongException">There is no room for it.</exception>
    /// <exception cref="InvalidBmffException">It cannot stand in that track: it is of another kind, or its times are too far away.</exception>
    public void Add(int track, MovieTrackSetup setup, int source, IReadOnlyList<FragmentHead> chunks)
    {
        var own = _tracks[track];
        var description = own.Describe(setup);
        var start = _plan.Length;
        foreach (var chunk in chunks)
        {
            var decode = chunk.BaseDecodeTime;
            foreach (var sample in chunk.Samples)
            {
                own.Add(setup.Timescale, decode, sample);
                decode += sample.Duration;
            }

            _plan.Add(source, chunk.DataOffset, chunk.PayloadLength);
        }

        own.Tables.EndChunk(start, description);
        var bytes = (SliceBytes * (long)_plan.Sources.Count) + _tracks.Sum(other => other.Bytes);
        if (bytes > _maxBytes)
        {
            throw new MovieTooLongException($"After {TimeSpan.FromSeconds(own.Tables.Duration / own.Timescale)} the tables of the movie have {bytes} bytes, over the limit of {_maxBytes}.");
        }
    }

    /// <summary>Lays the movie out.</summary>
    /// <param name="created">When it begins by wall clock, to the second.</param>
    /// <exception cref="InvalidOperationException">It has no samples.</exception>
    public MovieLayout Build(DateTimeOffset created)
    {
        var tracks = _tracks.Where(track => track.Tables.Sizes.Count > 0).ToList();
        return tracks.Count == 0 ? throw new InvalidOperationException("A movie has at least one sample.") : new MovieLayout(MovieWriter.Write(tracks, created, _plan.Length), _plan);
    }
}

/// <summary>A track of a movie while it is laid out.</summary>
internal sealed class MovieTrack
{
    private readonly List<MovieTrackSetup> _setups = [];
    private MovieTrackSetup? _last;
    private int _description;

    /// <summary>Its samples.</summary>
    public SampleTables Tables { get; } = new();

    /// <summary>Configurations that differ in their sample entries, in order of appearance.</summary>
    public IReadOnlyList<MovieTrackSetup> Setups => _setups;

    /// <summary>Ticks a second: those of its first configuration. Others' times are told in these, rounded down, so that nothing drifts.</summary>
    public int Timescale => _setups[0].Timescale;

    /// <summary>Where it begins to be presented.</summary>
    public MediaTime Start => new(Tables.Earliest, Timescale);

    /// <summary>Bytes that its tables take.</summary>
    public long Bytes => Tables.Bytes + _setups.Sum(setup => (long)setup.SampleEntry.Length);

    /// <summary>The number, from 1, of a configuration's sample entry: one that was there before has the number it had.</summary>
    /// <exception cref="InvalidBmffException">It is of another kind than the track.</exception>
    public int Describe(MovieTrackSetup setup)
    {
        if (ReferenceEquals(setup, _last))
        {
            return _description;
        }

        if (_setups is [var first, ..] && first.Handler != setup.Handler)
        {
            throw new InvalidBmffException($"A track of '{first.Handler}' cannot go on with '{setup.Handler}'.");
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

    /// <summary>Adds a sample whose times are of a timescale.</summary>
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
