using System.Text.RegularExpressions;

namespace Broadcast.Benchmarks;

/// <summary>A strict player of a channel: follows all its renditions and compares them.</summary>
internal sealed partial class HlsFollower(HttpClient client, Uri address, Findings findings)
{
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly List<TimeSpan> _interruptions = [];
    private readonly Lock _lock = new();
    private long _lastNew;
    private bool _interrupted;
    private TimeSpan _longest;
    private TimeSpan _undisturbed;

    public IReadOnlyList<RenditionFollower> Renditions { get; private set; } = [];

    /// <summary>Name of the session, once known.</summary>
    public string? Session { get; private set; }

    public int Segments => Renditions.Sum(r => r.Hashes.Count);

    public long Gaps => Renditions.Sum(r => r.Gaps);

    /// <summary>For each kill, the time without a new segment of the first rendition.</summary>
    public IReadOnlyList<TimeSpan> Interruptions => _interruptions;

    /// <summary>The longest such time without a kill.</summary>
    public TimeSpan Undisturbed => _undisturbed;

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await StepAsync(stopping);
                await Task.Delay(250, stopping);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // Temporarily unavailable, or ended.
                await Task.Delay(100, CancellationToken.None);
            }
        }

        foreach (var rendition in Renditions.Skip(1))
        {
            foreach (var (number, segment) in rendition.Known)
            {
                if (Renditions[0].Known.TryGetValue(number, out var first) && first.Discontinuity != segment.Discontinuity)
                {
                    findings.AddWrong(
                        $"segment {number} is in period {first.Discontinuity} of {Renditions[0].Name} and in "
                        + $"period {segment.Discontinuity} of {rendition.Name}");
                }
            }
        }
    }

    /// <summary>Records that the server is about to be killed.</summary>
    public void Interrupted()
    {
        lock (_lock)
        {
            _interrupted = true;
        }
    }

    /// <summary>Fetches all segments of the current playlists again.</summary>
    public async Task CompareAgainAsync()
    {
        foreach (var rendition in Renditions)
        {
            await rendition.CompareAgainAsync(CancellationToken.None);
        }
    }

    private async Task StepAsync(CancellationToken stopping)
    {
        using var answer = await client.GetAsync(address, stopping);
        if (!answer.IsSuccessStatusCode)
        {
            if (Session is not null)
            {
                findings.AddBack($"the channel's existing playlist is answered with {(int)answer.StatusCode}");
            }

            return;
        }

        var master = await answer.Content.ReadAsStringAsync(stopping);
        // Thumbnail tracks are skipped: their segments are named by time.
        var found = MediaAddress().Matches(master).Select(m => m.Value)
            .Where(a => !a.EndsWith("/thumbnails.m3u8", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal).Reverse().ToList();
        var session = found[0].Split('/')[0];
        if (Session is not null && session != Session)
        {
            findings.AddBack($"session {session} after {Session}");
        }

        if (Session != session || found.Count > Renditions.Count)
        {
            Session = session;
            Renditions = [.. found.Select((f, i) => Renditions.FirstOrDefault(r => f == $"{session}/{r.Name}.m3u8")
                ?? Follow(new Uri(address, f), first: i == 0))];
        }

        foreach (var rendition in Renditions)
        {
            await rendition.StepAsync(stopping);
        }
    }

    private RenditionFollower Follow(Uri playlist, bool first)
    {
        var rendition = new RenditionFollower(client, playlist, findings);
        if (first)
        {
            rendition.Fetched += Arrived;
        }

        return rendition;
    }

    private void Arrived()
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            var waited = _lastNew == 0 ? TimeSpan.Zero : _time.GetElapsedTime(_lastNew, now);
            _lastNew = now;
            _longest = waited;
            if (_interrupted)
            {
                _interruptions.Add(_longest);
            }
            else if (_longest > _undisturbed)
            {
                _undisturbed = _longest;
            }

            _interrupted = false;
        }
    }

    [GeneratedRegex(@"[0-9A-Z]{26}/[a-z0-9-]+\.m3u8")]
    private static partial Regex MediaAddress();
}
