using System.Diagnostics;
using System.Globalization;
using Broadcast.Media.Bmff;

namespace Broadcast.Benchmarks;

/// <summary>Available media.</summary>
/// <param name="Begin">Start of its first frame, in seconds of the session's timeline.</param>
/// <param name="Length">Duration in seconds.</param>
/// <param name="At">Time of complete availability, by the clock of <see cref="Stopwatch"/>.</param>
/// <param name="Key">Sizes of its first frames, which identify it; empty for segments.</param>
internal readonly record struct Available(double Begin, double Length, long At, string Key = "")
{
    private const int KeyFrames = 3;

    /// <summary>Joins the sizes of the first frames.</summary>
    public static string KeyOf(IEnumerable<int> sizes) => string.Join(' ', sizes.Take(KeyFrames));
}

/// <summary>
/// A minimal low-latency HLS player that records availability times. Like real players, it holds one request for the next playlist and one
/// for the part hinted by the last playlist.
/// </summary>
/// <param name="client">HTTP client with its own connections.</param>
/// <param name="playlist">Address of the media playlist.</param>
internal sealed class PartFollower(HttpClient client, Uri playlist)
{
    private readonly Dictionary<string, Available> _loaded = [];
    private readonly List<Available> _listed = [];
    private readonly List<Available> _segments = [];
    private readonly HashSet<string> _hinted = [];
    private readonly HashSet<string> _seen = [];
    private readonly Lock _lock = new();
    private long _whole = -1;

    /// <summary>Timescale of the track; 0 before the first playlist is read.</summary>
    public int Timescale { get; private set; }

    /// <summary>Start of the first media of the first playlist, in seconds of the session's timeline.</summary>
    public double? First { get; private set; }

    /// <summary>Parts by the arrival of their last byte at a client that requested them in advance.</summary>
    public IReadOnlyList<Available> Loaded => Snapshot(_loaded.Values);

    /// <summary>Parts by the arrival of the first playlist that lists them.</summary>
    public IReadOnlyList<Available> Listed => Snapshot(_listed);

    /// <summary>Segments by the arrival of the first playlist that lists them completely.</summary>
    public IReadOnlyList<Available> Segments => Snapshot(_segments);

    /// <summary>Follows the playlist until canceled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var loading = new List<Task>();
        try
        {
            var (segment, part) = (-1L, -1);
            while (true)
            {
                var asked = segment < 0 ? playlist : new Uri(playlist,
                    string.Create(CultureInfo.InvariantCulture, $"?_HLS_msn={segment}&_HLS_part={part}"));
                var text = await client.GetStringAsync(asked, stopping);
                (segment, part) = await ReadAsync(text, Stopwatch.GetTimestamp(), loading, stopping);
                if (loading.Find(l => l.IsFaulted) is { } broken)
                {
                    await broken;
                }

                loading.RemoveAll(l => l.IsCompleted);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The measurement is complete.
        }

        await Task.WhenAll(loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<(long Segment, int Part)> ReadAsync(string text, long at, List<Task> loading, CancellationToken stopping)
    {
        var number = 0L;
        List<(string Address, double Length)> parts = [];
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("#EXT-X-MEDIA-SEQUENCE:", StringComparison.Ordinal))
            {
                number = long.Parse(line.AsSpan(22), CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("#EXT-X-MAP:", StringComparison.Ordinal) && Timescale == 0)
            {
                Timescale = InitSegmentReader.Read(await client.GetByteArrayAsync(new Uri(playlist, UriOf(line)), stopping)).Timescale;
            }
            else if (line.StartsWith("#EXT-X-PART:", StringComparison.Ordinal))
            {
                parts.Add((UriOf(line), double.Parse(line.Split("DURATION=")[1].Split(',')[0], CultureInfo.InvariantCulture)));
                First ??= (await ReadMediaAsync(parts[0].Address, stopping)).Begin;
            }
            else if (line.StartsWith("#EXT-X-PRELOAD-HINT:TYPE=PART", StringComparison.Ordinal))
            {
                if (_hinted.Add(UriOf(line)))
                {
                    loading.Add(LoadAsync(UriOf(line), stopping));
                }
            }
            else if (line[0] != '#')
            {
                Note(parts, at);
                NoteWhole(number++, parts, at);
                parts.Clear();
            }
        }

        Note(parts, at);
        return (number, parts.Count);
    }

    private static string UriOf(string line) => line.Split("URI=\"")[1].Split('"')[0];

    /// <summary>
    /// Records new parts of awaited playlists. Parts in the first playlist are skipped, because their availability time is unknown.
    /// </summary>
    private void Note(List<(string Address, double Length)> parts, long at)
    {
        lock (_lock)
        {
            foreach (var (address, _) in parts)
            {
                if (_seen.Add(address) && _loaded.TryGetValue(address, out var loaded))
                {
                    _listed.Add(loaded with { At = at });
                }
            }
        }
    }

    private void NoteWhole(long number, List<(string Address, double Length)> parts, long at)
    {
        lock (_lock)
        {
            if (number > _whole)
            {
                _whole = number;
                if (parts.Count > 0 && _loaded.TryGetValue(parts[0].Address, out var first))
                {
                    _segments.Add(new Available(first.Begin, parts.Sum(p => p.Length), at));
                }
            }
        }
    }

    private async Task LoadAsync(string address, CancellationToken stopping)
    {
        var loaded = await ReadMediaAsync(address, stopping);
        lock (_lock)
        {
            _loaded[address] = loaded;
        }
    }

    private async Task<Available> ReadMediaAsync(string address, CancellationToken stopping)
    {
        var bytes = await client.GetByteArrayAsync(new Uri(playlist, address), stopping);
        var at = Stopwatch.GetTimestamp();
        var fragments = FragmentReader.ReadAll(bytes, out _);
        return new Available(fragments[0].BaseDecodeTime / (double)Timescale, fragments.Sum(f => f.Duration) / (double)Timescale, at,
            Available.KeyOf(fragments.SelectMany(f => f.Samples).Select(sample => sample.Size)));
    }

    private List<Available> Snapshot(IEnumerable<Available> values)
    {
        lock (_lock)
        {
            return [.. values];
        }
    }
}
