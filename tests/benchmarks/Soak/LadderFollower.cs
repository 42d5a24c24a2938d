using Broadcast.Media.Bmff;

namespace Broadcast.Benchmarks;

/// <summary>Fetches every segment of a source and its rungs once, and compares those with the same number.</summary>
/// <param name="client">HTTP client.</param>
/// <param name="playlists">Media playlists, the source's first.</param>
internal sealed class LadderFollower(HttpClient client, IReadOnlyList<Uri> playlists)
{
    private readonly List<Dictionary<long, List<(long Present, bool IsSync)>>> _segments =
        [.. playlists.Select(_ => new Dictionary<long, List<(long, bool)>>())];
    private readonly List<LadderTally> _tallies =
        [.. playlists.Skip(1)
            .Select(p => new LadderTally($"{Path.GetFileNameWithoutExtension(p.AbsolutePath)}, as players receive it from the server",
                isServed: true))];
    private readonly HashSet<Uri> _seen = [];
    private readonly Dictionary<Uri, int> _timescales = [];
    private long _first = -1;

    /// <summary>Results of the rungs.</summary>
    public IReadOnlyList<LadderTally> Tallies => _tallies;

    /// <summary>Reads all playlists once and fetches new segments.</summary>
    public async Task StepAsync()
    {
        for (var i = 0; i < playlists.Count; i++)
        {
            var playlist = HlsPlaylist.Parse(playlists[i], await client.GetStringAsync(playlists[i]));
            if (_first < 0)
            {
                // Rungs begin when the encoder is ready.
                _first = playlist.Sequence + 2;
            }

            foreach (var segment in playlist.Segments.Where(s => s.Number >= _first && !s.IsGap && _seen.Add(s.Address)).ToList())
            {
                _segments[i][segment.Number] = await ReadAsync(segment);
            }
        }

        foreach (var (number, source) in _segments[0].Where(s => _segments.TrueForAll(r => r.ContainsKey(s.Key))).ToList())
        {
            for (var i = 1; i < playlists.Count; i++)
            {
                _tallies[i - 1].Add(source, _segments[i][number],
                    (source.Max(p => p.Present) - source.Min(p => p.Present)) / (double)Broadcast.Media.MediaTime.VideoTimescale);
            }

            _segments.ForEach(s => s.Remove(number));
        }
    }

    private async Task<List<(long Present, bool IsSync)>> ReadAsync(Announced segment)
    {
        if (!_timescales.TryGetValue(segment.Map!, out var timescale))
        {
            _timescales[segment.Map!] = timescale = InitSegmentReader.Read(await client.GetByteArrayAsync(segment.Map)).Timescale;
        }

        var frames = new List<(long, bool)>();
        foreach (var fragment in FragmentReader.ReadAll(await client.GetByteArrayAsync(segment.Address), out _))
        {
            var decode = fragment.BaseDecodeTime;
            foreach (var sample in fragment.Samples)
            {
                frames.Add(((decode + sample.CompositionOffset) * Broadcast.Media.MediaTime.VideoTimescale / timescale, sample.IsSync));
                decode += sample.Duration;
            }
        }

        return frames;
    }
}
