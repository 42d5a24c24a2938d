using Broadcast.Ingest.Clock;
using Broadcast.Ingest.Publishing;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Health;

/// <summary>
/// Measures one publication from its samples and creates a report every second, which any thread may read. Owned by the connection's loop.
/// </summary>
/// <param name="grant">The permission to publish.</param>
/// <param name="since">Time when publishing started.</param>
internal sealed class SourceMeter(PublishGrant grant, DateTimeOffset since)
{
    private const int ShortWindow = 10;
    private const int Minute = 60;
    private const int TenMinutes = 600;
    private const int HistoryLength = 30;
    private const int MinHistory = 6;

    private readonly RateWindow _bytes = new(Minute + 1);
    private readonly RateWindow _frames = new(ShortWindow + 1);
    private readonly RateWindow _dropped = new(Minute + 1);
    private readonly RateWindow _malformed = new(Minute + 1);
    private readonly RateWindow _jumps = new(TenMinutes + 1);
    private readonly long[] _history = new long[HistoryLength];
    private readonly List<IssueDraft> _issues = [];
    private readonly Dictionary<string, DateTimeOffset> _since = [];
    private long _second = long.MinValue;
    private int _historyCount;
    private (long Dropped, long Malformed, long Jumps) _lastCounts;
    private (int Forward, int Back) _lastJumps;
    private DateTimeOffset? _lastVideo;
    private DateTimeOffset? _lastAudio;
    private MediaTime? _lastDecode;
    private long _lastEncoderTime;
    private MediaTime? _lastSync;
    private long _syncPresent;
    private TimeSpan? _interval;
    private TimeSpan? _maxInterval;
    private double _frameDuration;
    private double _deviation;
    private DateTimeOffset? _lastOpenGop;
    private Track? _video;
    private Track? _audio;
    private volatile SourceReport? _report;

    /// <summary>Session that receives the publication.</summary>
    public BroadcastSession Session => grant.Session;

    /// <summary>ID of the publication.</summary>
    public Guid Publication => grant.PublicationId;

    /// <summary>Latest report; <see langword="null"/> before the first second is complete.</summary>
    public SourceReport? Report => _report;

    /// <summary>Counts a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="encoderTime">The encoder's decode time of it on the session's timeline, before smoothing, in nanoseconds.</param>
    public void Count(in MediaSample sample, long encoderTime)
    {
        _bytes.Add(sample.Payload.Length);
        if ((sample.Track.Kind == TrackKind.Audio ? _audio : _video) is { } known && known.Id != sample.Track.Id)
        {
            // Only the first track of each media type is measured.
            return;
        }

        if (sample.Track.Kind == TrackKind.Audio)
        {
            (_audio, _lastAudio) = (sample.Track, sample.Arrival);
            return;
        }

        _frames.Add(1);
        (_video, _lastVideo) = (sample.Track, sample.Arrival);
        if (_lastDecode is not null)
        {
            // Deviation from the typical frame duration; both are averages over some dozen frames.
            var step = (double)(encoderTime - _lastEncoderTime) / Nanoseconds.PerSecond;
            _frameDuration += (step - _frameDuration) / (_frameDuration == 0 ? 1 : 32);
            _deviation += (Math.Abs(step - _frameDuration) - _deviation) / 32;
        }

        (_lastDecode, _lastEncoderTime) = (sample.Decode, encoderTime);
        if (sample.IsSync)
        {
            if (_lastSync is { } before)
            {
                _interval = (sample.Decode - before).ToTimeSpan();
                _maxInterval = _maxInterval > _interval ? _maxInterval : _interval;
            }

            (_lastSync, _syncPresent) = (sample.Decode, sample.Present.Ticks);
        }
        else if (sample.Present.Ticks < _syncPresent)
        {
            _lastOpenGop = sample.Arrival;
        }
    }

    /// <summary>Advances time. Creates a report when a second is complete.</summary>
    /// <param name="arrival">Current arrival time.</param>
    /// <param name="builder">Builder of the publication, for its own counters.</param>
    public void Advance(DateTimeOffset arrival, PublicationBuilder builder)
    {
        var second = arrival.UtcTicks / TimeSpan.TicksPerSecond;
        if (second <= _second)
        {
            return;
        }

        _dropped.Add(_second == long.MinValue ? 0 : builder.Dropped - _lastCounts.Dropped);
        _malformed.Add(_second == long.MinValue ? 0 : builder.Malformed - _lastCounts.Malformed);
        _jumps.Add(_second == long.MinValue ? 0 : builder.Jumps - _lastCounts.Jumps);
        IngestMetrics.TimestampsJumped(Session.Channel, builder.JumpsForward - _lastJumps.Forward, builder.JumpsBack - _lastJumps.Back);
        _lastJumps = (builder.JumpsForward, builder.JumpsBack);
        _lastCounts = (builder.Dropped, builder.Malformed, builder.Jumps);
        foreach (var window in (ReadOnlySpan<RateWindow>)[_bytes, _frames, _dropped, _malformed, _jumps])
        {
            window.Advance(second);
        }

        _second = second;
        if (_bytes.Age > 0)
        {
            if (_bytes.Age % ShortWindow == 0)
            {
                _history[_historyCount++ % HistoryLength] = GetBitsPerSecond(ShortWindow);
            }

            _report = CreateReport(arrival, builder);
        }
    }

    private SourceReport CreateReport(DateTimeOffset arrival, PublicationBuilder builder)
    {
        var video = DescribeVideo(builder);
        var format = _audio?.Config.AudioFormat;
        var audio = _audio is null ? null : new SourceAudio(_audio.Config.CodecString, format?.SampleRate ?? 0, format?.Channels ?? 0);
        var statistics = new SourceStatistics
        {
            Age = arrival - since,
            TargetDuration = grant.Session.Latency.TargetDuration,
            Video = video,
            Audio = audio,
            AwaitsKeyframe = builder.AwaitsKeyframe,
            TimeSinceVideo = arrival - _lastVideo,
            TimeSinceAudio = arrival - _lastAudio,
            HasVariableFrameRate = _frameDuration > 0 && _deviation > _frameDuration / 5,
            HasOpenGop = arrival - _lastOpenGop < TimeSpan.FromMinutes(1),
            Skew = builder.Skew,
            ArrivalLead = builder.ArrivalLead,
            RecentJumps = _jumps.Sum(TenMinutes),
            RecentDrops = _dropped.Sum(Minute),
            RecentMalformed = _malformed.Sum(Minute),
            BitsPerSecond = GetBitsPerSecond(ShortWindow),
            TypicalBitsPerSecond = GetTypicalBitsPerSecond(),
        };
        SourceIssueRules.Evaluate(statistics, _issues);
        var latest = _lastVideo > _lastAudio ? _lastVideo : _lastAudio ?? _lastVideo;
        return new SourceReport(
            grant.Session.Id, grant.PublicationId, builder.Encoder, since, latest, statistics.BitsPerSecond, GetBitsPerSecond(Minute),
            video, audio,
            builder.Skew,
            builder.JumpsForward, builder.JumpsBack, builder.Dropped, builder.Malformed, AddStartTimes(arrival));
    }

    private SourceVideo? DescribeVideo(PublicationBuilder builder)
    {
        if (_video is null)
        {
            return null;
        }

        var format = _video.Config.VideoFormat;
        var declared = format is { FramesPerSecond: > 0 } ? format.FramesPerSecond : builder.DeclaredFrameRate;
        var current = _interval;
        if (_lastSync is { } sync && _lastDecode is { } last && (last - sync).ToTimeSpan() is var open
            && (current is null ? open > grant.Session.Latency.TargetDuration : open > current))
        {
            current = open;
        }

        return new SourceVideo(
            _video.Config.CodecString, format?.Width ?? 0, format?.Height ?? 0, _frames.PerSecond(ShortWindow), declared, current,
            current > _maxInterval ? current : _maxInterval ?? current);
    }

    private SourceIssue[] AddStartTimes(DateTimeOffset arrival)
    {
        foreach (var code in _since.Keys)
        {
            if (!_issues.Exists(issue => issue.Code == code))
            {
                _since.Remove(code);
            }
        }

        if (_issues.Count == 0)
        {
            return [];
        }

        var issues = new SourceIssue[_issues.Count];
        for (var i = 0; i < issues.Length; i++)
        {
            var (code, severity, advice) = _issues[i];
            _since.TryAdd(code, arrival);
            issues[i] = new SourceIssue(code, severity, advice, _since[code]);
        }

        return issues;
    }

    private long GetBitsPerSecond(int seconds) => (long)(_bytes.PerSecond(seconds) * 8);

    private long GetTypicalBitsPerSecond()
    {
        var count = Math.Min(_historyCount, HistoryLength);
        if (count < MinHistory)
        {
            return 0;
        }

        Span<long> sorted = stackalloc long[HistoryLength];
        _history.AsSpan(0, count).CopyTo(sorted);
        sorted[..count].Sort();
        return sorted[count / 2];
    }
}
