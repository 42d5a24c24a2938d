using System.Globalization;
using System.Security.Cryptography;
using Broadcast.Media.Bmff;

namespace Broadcast.Benchmarks;

/// <summary>
/// All segments and parts of a rendition as several servers announce and deliver them. A number has one announcement and one content, at
/// all servers; a segment begins with its announced parts; dates and decode times go on from one segment to the next. Thread-safe.
/// </summary>
/// <param name="channel">Name of the channel, for messages.</param>
/// <param name="findings">Receives violations.</param>
internal sealed class AnnouncedSegments(string channel, Findings findings)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, (Announced Segment, string Server)> _announced = [];
    private readonly Dictionary<long, (byte[] Hash, string Server)> _contents = [];
    private readonly Dictionary<long, (long Start, long End)> _times = [];
    private readonly Dictionary<(long Segment, int Part), (byte[] Bytes, string Server)> _parts = [];
    private readonly HashSet<string> _reported = [];
    private (long Segment, int Part) _newest = (-1, -1);
    private long _advanced;
    private TimeSpan _freeze;

    /// <summary>The session.</summary>
    public string? Session { get; private set; }

    /// <summary>Number of the newest announced segment; -1 before the first.</summary>
    public long Newest => Locked(() => _announced.Count > 0 ? _announced.Keys.Last() : -1);

    /// <summary>Number of announced segments.</summary>
    public int Count => Locked(() => _announced.Count);

    /// <summary>Number of fetched parts.</summary>
    public int Parts { get; private set; }

    /// <summary>Time since something new was announced by any server.</summary>
    public TimeSpan Standing => Locked(() => _advanced == 0 ? TimeSpan.MaxValue : TimeProvider.System.GetElapsedTime(_advanced));

    /// <summary>Announced segments with the hashes of their content.</summary>
    public IReadOnlyDictionary<long, byte[]> Hashes => Locked(() => _contents.ToDictionary(c => c.Key, c => c.Value.Hash));

    /// <summary>Checks the session of a multivariant playlist.</summary>
    public void CheckSession(string server, string session)
    {
        lock (_lock)
        {
            if (session != (Session ??= session))
            {
                Report(findings.AddBack, $"{channel} at {server}: session {session} after {Session}");
            }
        }
    }

    /// <summary>Compares a segment of a playlist with the announcements of all servers so far.</summary>
    public void Announce(string server, Announced segment)
    {
        lock (_lock)
        {
            if (!_announced.TryGetValue(segment.Number, out var known))
            {
                _announced[segment.Number] = (segment, server);
            }
            else if (known.Segment != segment)
            {
                Report(findings.AddWrong,
                    $"{channel}: segment {segment.Number} is {known.Segment} at {known.Server} and {segment} at {server}");
            }
        }
    }

    /// <summary>Records the newest part of a playlist.</summary>
    public void Advance(long segment, int part)
    {
        lock (_lock)
        {
            if ((segment, part).CompareTo(_newest) <= 0)
            {
                return;
            }

            var now = TimeProvider.System.GetTimestamp();
            var stood = _advanced == 0 ? TimeSpan.Zero : TimeProvider.System.GetElapsedTime(_advanced, now);
            (_newest, _advanced, _freeze) = ((segment, part), now, stood > _freeze ? stood : _freeze);
        }
    }

    /// <summary>Returns the longest time without anything new since the last call.</summary>
    public TimeSpan TakeFreeze()
    {
        lock (_lock)
        {
            var longest = Standing is var standing && standing > _freeze && standing < TimeSpan.MaxValue ? standing : _freeze;
            _freeze = TimeSpan.Zero;
            return longest;
        }
    }

    /// <summary>Compares a part with that of other servers, and keeps it until its segment is read.</summary>
    public void ReadPart(string server, long segment, int part, byte[] bytes)
    {
        lock (_lock)
        {
            Parts++;
            if (!_parts.TryGetValue((segment, part), out var known))
            {
                _parts[(segment, part)] = (bytes, server);
            }
            else if (!known.Bytes.AsSpan().SequenceEqual(bytes))
            {
                Report(findings.AddLost, $"{channel}: part {segment}.{part} differs between {known.Server} and {server}");
            }

            foreach (var old in _parts.Keys.Where(key => key.Segment < segment - 20).ToList())
            {
                _parts.Remove(old);
            }
        }
    }

    /// <summary>Compares a segment with that of other servers, and with its parts.</summary>
    public void ReadSegment(string server, long number, byte[] bytes)
    {
        lock (_lock)
        {
            var hash = SHA256.HashData(bytes);
            if (_contents.TryGetValue(number, out var known))
            {
                if (!known.Hash.AsSpan().SequenceEqual(hash))
                {
                    Report(findings.AddLost, $"{channel}: segment {number} differs between {known.Server} and {server}");
                }

                return;
            }

            _contents[number] = (hash, server);
            CompareParts(server, number, bytes);
            try
            {
                CheckTimes(number, FragmentReader.ReadAll(bytes, out var consumed), consumed == bytes.Length);
            }
            catch (InvalidBmffException error)
            {
                Report(findings.AddWrong, $"{channel}: segment {number} is broken: {error.Message}");
            }
        }
    }

    /// <summary>Checks at the end that every announced segment was read, and follows the one before.</summary>
    /// <returns>Announced segments marked as gaps, and the seconds of media that are missing between segments.</returns>
    public (int Gaps, double Missing) Conclude()
    {
        lock (_lock)
        {
            var (gaps, missing) = (0, 0.0);
            Announced? before = null;
            foreach (var (segment, server) in _announced.Values)
            {
                gaps += segment.IsGap ? 1 : 0;
                if (!segment.IsGap && !_contents.ContainsKey(segment.Number))
                {
                    Report(findings.AddLost, $"{channel}: segment {segment.Number}, announced by {server}, was never read");
                }

                if (before is not null)
                {
                    missing += Follow(before, segment);
                }

                before = segment;
            }

            return (gaps, missing);
        }
    }

    /// <summary>Seconds of media that are missing between the segments after a number.</summary>
    public double MissingAfter(long number) => Locked(() => _announced.Values.Select(entry => entry.Segment)
        .Where(segment => segment.Number >= number).ToList() is var segments
            ? segments.Zip(segments.Skip(1), MissingBetween).Sum() : 0);

    private static double MissingBetween(Announced before, Announced segment) =>
        Math.Max(0, (segment.WallClock - before.WallClock).TotalSeconds - before.Duration);

    private double Follow(Announced before, Announced segment)
    {
        if (segment.Number != before.Number + 1)
        {
            Report(findings.AddLost, $"{channel}: segments {before.Number + 1} to {segment.Number - 1} were never announced");
        }

        if (segment.Discontinuity < before.Discontinuity || segment.WallClock <= before.WallClock)
        {
            Report(findings.AddWrong, $"{channel}: {segment} after {before}");
        }

        if (segment.Discontinuity == before.Discontinuity && segment.Map == before.Map
            && _times.TryGetValue(before.Number, out var earlier) && _times.TryGetValue(segment.Number, out var later)
            && earlier.End != later.Start)
        {
            Report(findings.AddWrong,
                $"{channel}: segment {segment.Number} begins at {later.Start}, the one before it in its period ends at {earlier.End}");
        }

        return MissingBetween(before, segment);
    }

    private void CompareParts(string server, long number, byte[] bytes)
    {
        var position = 0;
        for (var part = 0; _parts.TryGetValue((number, part), out var known); part++)
        {
            if (position + known.Bytes.Length > bytes.Length
                || !bytes.AsSpan(position, known.Bytes.Length).SequenceEqual(known.Bytes))
            {
                Report(findings.AddLost,
                    $"{channel}: segment {number} at {server} ({bytes.Length} bytes) does not contain its part {part} of {known.Server}");
                return;
            }

            position += known.Bytes.Length;
        }
    }

    private void CheckTimes(long number, IReadOnlyList<Fragment> fragments, bool isWhole)
    {
        if (fragments.Count == 0 || !isWhole)
        {
            Report(findings.AddWrong, $"{channel}: segment {number} does not consist of whole chunks");
            return;
        }

        var end = fragments[0].BaseDecodeTime;
        foreach (var fragment in fragments)
        {
            if (fragment.BaseDecodeTime != end)
            {
                Report(findings.AddWrong, string.Create(CultureInfo.InvariantCulture,
                    $"{channel}: segment {number} has a chunk at {fragment.BaseDecodeTime}, the one before ends at {end}"));
            }

            end = fragment.BaseDecodeTime + fragment.Duration;
        }

        _times[number] = (fragments[0].BaseDecodeTime, end);
    }

    private void Report(Action<string> add, string text)
    {
        if (_reported.Add(text))
        {
            add(text);
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }
}
