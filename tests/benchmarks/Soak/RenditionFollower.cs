using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Broadcast.Media.Bmff;

namespace Broadcast.Benchmarks;

/// <summary>
/// A strict player of one rendition: compares each playlist with the previous ones, fetches every segment exactly once, and parses it.
/// </summary>
internal sealed class RenditionFollower(HttpClient client, Uri playlist, Findings findings)
{
    /// <summary>Time in which errors of a running server are retried before a segment counts as lost.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(6);

    private readonly ConcurrentDictionary<long, Announced> _known = new();
    private readonly ConcurrentDictionary<Uri, byte[]> _hashes = new();
    private readonly Dictionary<Uri, InitSegment> _inits = [];
    private (long Number, long Discontinuity, long End)? _last;
    private long _sequence = -1;
    private long _newest = -1;
    private long _oldest = -1;

    public string Name { get; } = Path.GetFileNameWithoutExtension(playlist.AbsolutePath);

    /// <summary>All announced segments.</summary>
    public IReadOnlyDictionary<long, Announced> Known => _known;

    /// <summary>Fetched segments with the hashes of their bytes.</summary>
    public IReadOnlyDictionary<Uri, byte[]> Hashes => _hashes;

    public long Gaps { get; private set; }

    /// <summary>Number of segments that were unreadable because of the bucket's outage.</summary>
    public long Unreadable { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Number of segments fetched a second time with the same bytes.</summary>
    public long Again { get; private set; }

    public double Seconds { get; private set; }

    /// <summary>Called after the first fetch of each segment.</summary>
    public event Action? Fetched;

    /// <summary>Reads the playlist once and fetches new segments.</summary>
    public async Task StepAsync(CancellationToken stopping)
    {
        using var answer = await client.GetAsync(playlist, stopping);
        if (!answer.IsSuccessStatusCode)
        {
            if (_newest >= 0)
            {
                findings.AddBack($"{Name}: an existing playlist is answered with {(int)answer.StatusCode}");
            }

            return;
        }

        var now = HlsPlaylist.Parse(playlist, await answer.Content.ReadAsStringAsync(stopping));
        Compare(now);
        foreach (var segment in now.Segments.Where(s => !_known.ContainsKey(s.Number)).ToList())
        {
            Order(segment);
            _known[segment.Number] = segment;
            if (segment.IsGap)
            {
                Gaps++;
                _last = null;
            }
            else if (await FetchAsync(segment.Address, stopping) is { } bytes)
            {
                await LookIntoAsync(segment, bytes, stopping);
                Fetched?.Invoke();
            }
        }
    }

    /// <summary>
    /// Fetches the listed segments again (except the oldest few, which can expire meanwhile). Their bytes must not change.
    /// </summary>
    public async Task CompareAgainAsync(CancellationToken stopping)
    {
        foreach (var segment in _known.Values.Where(s => s.Number >= _oldest + 5 && !s.IsGap).OrderBy(s => s.Number).ToList())
        {
            if (!_hashes.TryGetValue(segment.Address, out var before) || await FetchAsync(segment.Address, stopping) is not { } bytes)
            {
                continue;
            }

            if (SHA256.HashData(bytes).SequenceEqual(before))
            {
                Again++;
            }
            else
            {
                findings.AddLost($"{Name}: segment {segment.Number} has other bytes than before");
            }
        }
    }

    private void Compare(HlsPlaylist now)
    {
        if (now.Sequence < _sequence)
        {
            findings.AddBack($"{Name}: media sequence {now.Sequence} after {_sequence}");
        }

        var newest = now.Sequence + now.Segments.Count - 1;
        if (newest < _newest)
        {
            findings.AddBack($"{Name}: newest segment {newest} after {_newest}");
        }

        if (_newest >= 0 && now.Sequence > _newest + 1)
        {
            findings.AddLost(
                $"{Name}: segments {_newest + 1} to {now.Sequence - 1} were never announced, or expired before a player could request them");
        }

        if (now.IsEnded)
        {
            findings.AddBack($"{Name}: the playlist has an end");
        }

        foreach (var segment in now.Segments)
        {
            if (_known.TryGetValue(segment.Number, out var before) && before != segment)
            {
                findings.AddBack($"{Name}: segment {segment.Number} was announced as {before} and then as {segment}");
            }

            var number = long.Parse(Path.GetFileNameWithoutExtension(segment.Address.AbsolutePath),
                System.Globalization.CultureInfo.InvariantCulture);
            if (number != segment.Number)
            {
                findings.AddWrong($"{Name}: segment {segment.Number} has the name {segment.Address}");
            }
        }

        (_sequence, _newest, _oldest) = (Math.Max(_sequence, now.Sequence), Math.Max(_newest, newest), now.Sequence);
    }

    private void Order(Announced segment)
    {
        if (_known.TryGetValue(segment.Number - 1, out var before)
            && (segment.WallClock <= before.WallClock || segment.Discontinuity < before.Discontinuity))
        {
            findings.AddWrong(
                $"{Name}: segment {segment.Number} ({segment.WallClock:O}, period {segment.Discontinuity}) after {before.WallClock:O}, "
                + $"period {before.Discontinuity}");
        }
    }

    private async Task<byte[]?> FetchAsync(Uri address, CancellationToken stopping)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(address, stopping);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return await answer.Content.ReadAsByteArrayAsync(stopping);
                }

                if (TimeProvider.System.GetElapsedTime(since) > Timeout)
                {
                    if (answer.StatusCode == HttpStatusCode.ServiceUnavailable && findings.IsStoreAway)
                    {
                        // The segment is only in the bucket. It is checked after the outage.
                        Unreadable++;
                        return null;
                    }

                    findings.AddLost($"{address.AbsolutePath} is answered with {(int)answer.StatusCode}");
                    return null;
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !stopping.IsCancellationRequested)
            {
                // The server is down. It must serve the announced segment after its restart.
                since = TimeProvider.System.GetTimestamp();
            }

            await Task.Delay(200, stopping);
        }
    }

    private async Task LookIntoAsync(Announced segment, byte[] bytes, CancellationToken stopping)
    {
        if (!_hashes.TryAdd(segment.Address, SHA256.HashData(bytes)))
        {
            findings.AddWrong($"{Name}: {segment.Address} is announced twice");
        }

        Bytes += bytes.Length;
        Seconds += segment.Duration;
        try
        {
            if (segment.Map is null)
            {
                findings.AddWrong($"{Name}: segment {segment.Number} has no init segment");
                return;
            }

            if (!_inits.TryGetValue(segment.Map, out var init) && await FetchAsync(segment.Map, stopping) is { } initBytes)
            {
                _inits[segment.Map] = init = InitSegmentReader.Read(initBytes);
            }

            if (init is not null)
            {
                Time(segment, init, FragmentReader.ReadAll(bytes, out var consumed), consumed, bytes.Length);
            }
        }
        catch (InvalidBmffException e)
        {
            findings.AddWrong($"{Name}: segment {segment.Number} is broken: {e.Message}");
        }
    }

    private void Time(Announced segment, InitSegment init, IReadOnlyList<Fragment> fragments, int consumed, int length)
    {
        if (fragments.Count == 0 || consumed != length)
        {
            findings.AddWrong($"{Name}: segment {segment.Number} has {fragments.Count} whole chunks in {consumed} of {length} bytes");
            return;
        }

        var end = _last is { } last && last.Number == segment.Number - 1
            && last.Discontinuity == segment.Discontinuity ? last.End : fragments[0].BaseDecodeTime;
        foreach (var fragment in fragments)
        {
            if (fragment.BaseDecodeTime != end)
            {
                findings.AddWrong(
                    $"{Name}: segment {segment.Number} has a chunk at {fragment.BaseDecodeTime}, the previous one ended at {end} "
                    + $"of {init.Timescale} ticks per second");
            }

            end = fragment.BaseDecodeTime + fragment.Duration;
        }

        var seconds = (end - fragments[0].BaseDecodeTime) / (double)init.Timescale;
        if (Math.Abs(seconds - segment.Duration) > 0.01)
        {
            findings.AddWrong($"{Name}: segment {segment.Number} is {seconds:0.000} s long, {segment.Duration:0.000} s is announced");
        }

        _last = (segment.Number, segment.Discontinuity, end);
    }
}
