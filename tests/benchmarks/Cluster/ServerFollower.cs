using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Broadcast.Benchmarks;

/// <summary>
/// A strict player of one rendition at one server of several. It reads the playlist about ten times per second, fetches each announced part
/// and segment once, and compares all with what the other servers announce. A server may be away; when it answers, it must not go back.
/// </summary>
/// <param name="name">Name of the server, for messages.</param>
/// <param name="address">Address of the channel's multivariant playlist at the server.</param>
/// <param name="segments">Announcements and contents of all servers.</param>
/// <param name="findings">Receives violations.</param>
internal sealed partial class ServerFollower(string name, Uri address, AnnouncedSegments segments, Findings findings) : IDisposable
{
    /// <summary>Time in which errors of a server that answers are retried before media counts as lost.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(80);
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(4) };
    private readonly HashSet<string> _fetched = [];
    private Uri? _playlist;
    private long _sequence = -1;
    private long _newest = -1;
    private long _discontinuity = -1;
    private long _answered;
    private long _master;
    private (long Segment, int Part) _last = (-1, -1);
    private long _advanced;
    private long _freeze;

    /// <summary>Number of the newest segment that the server has announced.</summary>
    public long Newest => Volatile.Read(ref _newest);

    /// <summary>Number of the oldest segment in the server's last playlist.</summary>
    public long Oldest => Volatile.Read(ref _sequence);

    /// <summary>Time since the server's last playlist.</summary>
    public TimeSpan Silence => _answered == 0 ? TimeSpan.MaxValue : TimeProvider.System.GetElapsedTime(Volatile.Read(ref _answered));

    /// <summary>Number of playlists that the server answered with 503.</summary>
    public int Refused { get; private set; }

    /// <summary>Number of playlists read.</summary>
    public int Playlists { get; private set; }

    /// <summary>Follows the playlist until canceled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await StepAsync(stopping);
                await Task.Delay(Pause, stopping);
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
            {
                // The server is away, or the run has ended.
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    /// <summary>Returns the longest time without anything new at the server since the last call.</summary>
    public TimeSpan TakeFreeze()
    {
        var longest = TimeSpan.FromTicks(Interlocked.Exchange(ref _freeze, 0));
        var standing = Volatile.Read(ref _advanced) is > 0 and var since ? TimeProvider.System.GetElapsedTime(since) : TimeSpan.Zero;
        return standing > longest ? standing : longest;
    }

    /// <summary>Fetches all that the playlist lists again, after the end of <see cref="RunAsync"/>; nothing must have changed.</summary>
    public async Task ReadAgainAsync()
    {
        _fetched.Clear();
        try
        {
            await StepAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            findings.AddLost($"{name}: not everything could be read again: {error.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task StepAsync(CancellationToken stopping)
    {
        if (_playlist is null || TimeProvider.System.GetElapsedTime(_master) > TimeSpan.FromSeconds(1))
        {
            if (await TextAsync(address, stopping) is not { } text || MediaAddress().Match(text) is not { Success: true } found)
            {
                return;
            }

            segments.CheckSession(name, found.Groups["session"].Value);
            (_playlist, _master) = (new Uri(address, found.Value), TimeProvider.System.GetTimestamp());
        }

        if (await TextAsync(_playlist, stopping) is not { } media)
        {
            return;
        }

        var playlist = HlsPlaylist.Parse(_playlist, media);
        var (open, parts) = PartsOf(_playlist, media, playlist);
        Compare(playlist);
        segments.Advance(playlist.Sequence + playlist.Segments.Count - 1, int.MaxValue);
        if (open is { } last)
        {
            segments.Advance(last.Segment, last.Part);
        }

        Advance(open ?? (playlist.Sequence + playlist.Segments.Count - 1, int.MaxValue));
        Playlists++;
        Volatile.Write(ref _answered, TimeProvider.System.GetTimestamp());
        foreach (var part in parts.Where(p => !_fetched.Contains(p.Address.AbsolutePath)))
        {
            if (await FetchAsync(part.Address, stopping) is { } bytes)
            {
                segments.ReadPart(name, part.Segment, part.Part, bytes);
            }
        }

        foreach (var segment in playlist.Segments.Where(s => !s.IsGap && !_fetched.Contains(s.Address.AbsolutePath)))
        {
            if (await FetchAsync(segment.Address, stopping) is { } bytes)
            {
                segments.ReadSegment(name, segment.Number, bytes);
            }
        }
    }

    /// <summary>Returns the listed parts, and the newest one if its segment is not closed.</summary>
    private static ((long Segment, int Part)? Open, List<(long Segment, int Part, Uri Address)> Parts) PartsOf(Uri address, string text,
        HlsPlaylist playlist)
    {
        List<(long Segment, int Part, Uri Address)> parts = [.. PartAddress().Matches(text).Select(match => (
            long.Parse(match.Groups["segment"].ValueSpan, CultureInfo.InvariantCulture),
            int.Parse(match.Groups["part"].ValueSpan, CultureInfo.InvariantCulture),
            new Uri(address, match.Groups["address"].Value)))];
        return (parts.Count > 0 && parts[^1].Segment >= playlist.Sequence + playlist.Segments.Count
            ? (parts[^1].Segment, parts[^1].Part) : null, parts);
    }

    private void Advance((long Segment, int Part) newest)
    {
        if (newest.CompareTo(_last) <= 0)
        {
            return;
        }

        var now = TimeProvider.System.GetTimestamp();
        if (_advanced > 0 && TimeProvider.System.GetElapsedTime(_advanced, now).Ticks is var stood && stood > Volatile.Read(ref _freeze))
        {
            Volatile.Write(ref _freeze, stood);
        }

        _last = newest;
        Volatile.Write(ref _advanced, now);
    }

    private void Compare(HlsPlaylist playlist)
    {
        var newest = playlist.Sequence + playlist.Segments.Count - 1;
        if (playlist.Sequence < _sequence || newest < _newest || playlist.DiscontinuitySequence < _discontinuity)
        {
            findings.AddBack($"{name}: segments {playlist.Sequence} to {newest}, period {playlist.DiscontinuitySequence}, after "
                + $"{_sequence} to {_newest}, period {_discontinuity}, of {address.AbsolutePath}");
        }

        if (playlist.IsEnded)
        {
            findings.AddBack($"{name}: the playlist of {address.AbsolutePath} has an end");
        }

        foreach (var segment in playlist.Segments)
        {
            segments.Announce(name,
                segment with { Address = PathOf(segment.Address), Map = segment.Map is null ? null : PathOf(segment.Map) });
        }

        Volatile.Write(ref _sequence, playlist.Sequence);
        Volatile.Write(ref _newest, newest);
        _discontinuity = playlist.DiscontinuitySequence;
    }

    private async Task<string?> TextAsync(Uri playlist, CancellationToken stopping)
    {
        using var answer = await _client.GetAsync(playlist, stopping);
        if (answer.IsSuccessStatusCode)
        {
            return await answer.Content.ReadAsStringAsync(stopping);
        }

        Refused += answer.StatusCode == HttpStatusCode.ServiceUnavailable ? 1 : 0;
        if (_playlist is not null && answer.StatusCode != HttpStatusCode.ServiceUnavailable)
        {
            findings.AddBack($"{name}: {playlist.AbsolutePath}, which exists, is answered with {(int)answer.StatusCode}");
            await Task.Delay(500, stopping);
        }

        return null;
    }

    private async Task<byte[]?> FetchAsync(Uri media, CancellationToken stopping)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var answer = await _client.GetAsync(media, stopping);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                var bytes = await answer.Content.ReadAsByteArrayAsync(stopping);
                _fetched.Add(media.AbsolutePath);
                return bytes;
            }

            if (TimeProvider.System.GetElapsedTime(since) > Timeout)
            {
                findings.AddLost($"{name}: {media.AbsolutePath} is answered with {(int)answer.StatusCode}");
                _fetched.Add(media.AbsolutePath);
                return null;
            }

            await Task.Delay(200, stopping);
        }
    }

    private static Uri PathOf(Uri uri) => new("http://any" + uri.AbsolutePath);

    [GeneratedRegex(@"(?<session>[0-9A-Z]{26})/source\.m3u8")]
    private static partial Regex MediaAddress();

    [GeneratedRegex("#EXT-X-PART:[^\n]*URI=\"(?<address>[^\"]*?(?<segment>\\d+)\\.(?<part>\\d+)\\.m4s)\"(?![^\n]*GAP=YES)")]
    private static partial Regex PartAddress();
}
