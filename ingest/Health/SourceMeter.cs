using Broadcast.Ingest.Publishing;
using Broadcast.Media;

namespace Broadcast.Ingest.Health;

/// <summary>
/// Measures one publication as its samples go by: a few additions a sample, and once a second a report that any thread may read. Owned by the connection's loop.
/// </summary>
/// <param name="grant">Whose publication it is.</param>
/// <param name="since">Since when it has been publishing.</param>
internal sealed class SourceMeter(PublishGrant grant, DateTimeOffset since)
{
    private const int Brief = 10;
    private const int Minute = 60;
    private const int TenMinutes = 600;
    private const int UsualAges = 30;
    private const int FewAges = 6;

    private readonly RateWindow _bytes = new(Minute + 1);
    private readonly RateWindow _pictures = new(Brief + 1);
    private readonly RateWindow _dropped = new(Minute + 1);
    private readonly RateWindow _malformed = new(Minute + 1);
    private readonly RateWindow _jumps = new(TenMinutes + 1);
    private readonly long[] _usual = new long[UsualAges];
    private readonly List<Finding> _found = [];
    private readonly Dictionary<string, DateTimeOffset> _since = [];
    private long _second = long.MinValue;
    private int _usualCount;
    private (long Dropped, long Malformed, long Jumps) _counted;
    private (int Forward, int Back) _jumped;
    private DateTimeOffset? _lastPicture;
    private DateTimeOffset? _lastSound;
    private MediaTime? _lastDecode;
    private MediaTime? _lastSync;
    private long _syncPresent;
    private TimeSpan? _interval;
    private TimeSpan? _longest;
    private double _step;
    private double _deviation;
    private DateTimeOffset? _openGroup;
    private Track? _video;
    private Track? _audio;
    private volatile SourceReport? _report;

    /// <summary>The session it delivers to.</summary>
    public BroadcastSession Session => grant.Session;

    /// <summary>Identity of the publication.</summary>
    public Guid Publication => grant.PublicationId;

    /// <summary>The newest report; <see langword="null"/> before the first second is over.</summary>
    public SourceReport? Report => _report;

    /// <summary>Counts a sample.</summary>
    public void Count(in MediaSample sample)
    {
        _bytes.Add(sample.Payload.Length);
        if ((sample.Track.Kind == TrackKind.Audio ? _audio : _video) is { } known && known.Id != sample.Track.Id)
        {
            // Of several tracks of a kind the first is measured.
            return;
        }

        if (sample.Track.Kind == TrackKind.Audio)
        {
            (_audio, _lastSound) = (sample.Track, sample.Arrival);
            return;
        }

        _pictures.Add(1);
        (_video, _lastPicture) = (sample.Track, sample.Arrival);
        if (_lastDecode is { } last && last.Timescale == sample.Decode.Timescale)
        {
            // How far lengths are from the usual one, each on an average of some dozen pictures.
            var step = (double)(sample.Decode.Ticks - last.Ticks) / last.Timescale;
            _step += (step - _step) / (_step == 0 ? 1 : 32);
            _deviation += (Math.Abs(step - _step) - _deviation) / 32;
        }

        _lastDecode = sample.Decode;
        if (sample.IsSync)
        {
            if (_lastSync is { } before)
            {
                _interval = (sample.Decode - before).ToTimeSpan();
                _longest = _longest > _interval ? _longest : _interval;
            }

            (_lastSync, _syncPresent) = (sample.Decode, sample.Present.Ticks);
        }
        else if (sample.Present.Ticks < _syncPresent)
        {
            _openGroup = sample.Arrival;
        }
    }

    /// <summary>Time goes on. When a second is over, the report is made.</summary>
    /// <param name="arrival">Now, as messages arrive.</param>
    /// <param name="feed">What the publication counts itself.</param>
    public void Pass(DateTimeOffset arrival, PublicationFeed feed)
    {
        var second = arrival.UtcTicks / TimeSpan.TicksPerSecond;
        if (second <= _second)
        {
            return;
        }

        _dropped.Add(_second == long.MinValue ? 0 : feed.Dropped - _counted.Dropped);
        _malformed.Add(_second == long.MinValue ? 0 : feed.Malformed - _counted.Malformed);
        _jumps.Add(_second == long.MinValue ? 0 : feed.Jumps - _counted.Jumps);
        IngestMetrics.Jumped(Session.Channel, feed.JumpsForward - _jumped.Forward, feed.JumpsBack - _jumped.Back);
        _jumped = (feed.JumpsForward, feed.JumpsBack);
        _counted = (feed.Dropped, feed.Malformed, feed.Jumps);
        foreach (var window in (ReadOnlySpan<RateWindow>)[_bytes, _pictures, _dropped, _malformed, _jumps])
        {
            window.Advance(second);
        }

        _second = second;
        if (_bytes.Age > 0)
        {
            if (_bytes.Age % Brief == 0)
            {
                _usual[_usualCount++ % UsualAges] = Bits(Brief);
            }

            _report = Judge(arrival, feed);
        }
    }

    private SourceReport Judge(DateTimeOffset arrival, PublicationFeed feed)
    {
        var video = VideoOf(feed);
        var sound = _audio?.Config.Sound;
        var audio = _audio is null ? null : new SourceAudio(_audio.Config.CodecString, sound?.SampleRate ?? 0, sound?.Channels ?? 0);
        var figures = new SourceFigures
        {
            Age = arrival - since,
            TargetDuration = grant.Session.Latency.TargetDuration,
            Video = video,
            Audio = audio,
            AwaitsKeyframe = feed.AwaitsKeyframe,
            WithoutPicture = arrival - _lastPicture,
            WithoutSound = arrival - _lastSound,
            IsVariable = _step > 0 && _deviation > _step / 5,
            HasOpenGroups = arrival - _openGroup < TimeSpan.FromMinutes(1),
            Skew = feed.Skew,
            Ahead = feed.Ahead,
            RecentJumps = _jumps.Sum(TenMinutes),
            RecentDrops = _dropped.Sum(Minute),
            RecentMalformed = _malformed.Sum(Minute),
            BitsPerSecond = Bits(Brief),
            UsualBitsPerSecond = Usual(),
        };
        Findings.Of(figures, _found);
        var latest = _lastPicture > _lastSound ? _lastPicture : _lastSound ?? _lastPicture;
        return new SourceReport(
            grant.Session.Id, grant.PublicationId, feed.Encoder, since, latest, figures.BitsPerSecond, Bits(Minute), video, audio, feed.Skew,
            feed.JumpsForward, feed.JumpsBack, feed.Dropped, feed.Malformed, Dated(arrival));
    }

    private SourceVideo? VideoOf(PublicationFeed feed)
    {
        if (_video is null)
        {
            return null;
        }

        var picture = _video.Config.Picture;
        var claimed = picture is { FramesPerSecond: > 0 } ? picture.FramesPerSecond : feed.ClaimedFrameRate;
        var current = _interval;
        if (_lastSync is { } sync && _lastDecode is { } last && (last - sync).ToTimeSpan() is var open && (current is null ? open > grant.Session.Latency.TargetDuration : open > current))
        {
            current = open;
        }

        return new SourceVideo(
            _video.Config.CodecString, picture?.Width ?? 0, picture?.Height ?? 0, _pictures.PerSecond(Brief), claimed, current, current > _longest ? current : _longest ?? current);
    }

    private SourceFinding[] Dated(DateTimeOffset arrival)
    {
        foreach (var code in _since.Keys)
        {
            if (!_found.Exists(finding => finding.Code == code))
            {
                _since.Remove(code);
            }
        }

        if (_found.Count == 0)
        {
            return [];
        }

        var dated = new SourceFinding[_found.Count];
        for (var i = 0; i < dated.Length; i++)
        {
            var (code, severity, advice) = _found[i];
            _since.TryAdd(code, arrival);
            dated[i] = new SourceFinding(code, severity, advice, _since[code]);
        }

        return dated;
    }

    private long Bits(int over) => (long)(_bytes.PerSecond(over) * 8);

    private long Usual()
    {
        var count = Math.Min(_usualCount, UsualAges);
        if (count < FewAges)
        {
            return 0;
        }

        Span<long> sorted = stackalloc long[UsualAges];
        _usual.AsSpan(0, count).CopyTo(sorted);
        sorted[..count].Sort();
        return sorted[count / 2];
    }
}
