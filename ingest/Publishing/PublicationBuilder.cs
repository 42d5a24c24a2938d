using Broadcast.Ingest.Clock;
using Broadcast.Ingest.Health;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;

namespace Broadcast.Ingest.Publishing;

/// <summary>
/// Builds a publication from audio and video messages. Parses and timestamps them, holds samples until the tracks are known, and queues
/// them.
/// </summary>
/// <param name="grant">The permission to publish.</param>
/// <param name="onStarted">Called once, when the publication begins.</param>
/// <param name="resumeAt">End of the session's timeline after earlier connections.</param>
/// <param name="keyframeTimeout">Maximum time from the first video frame to the first keyframe; default 30 s.</param>
internal sealed class PublicationBuilder(PublishGrant grant, Action<Publication> onStarted, TimeSpan resumeAt = default,
    TimeSpan? keyframeTimeout = null) : IMediaReceiver
{
    private readonly VideoTags _videoTags = new();
    private readonly AudioTags _audioTags = new() { Languages = grant.AudioLanguages };
    private readonly EncoderClock _clock = new(grant.Session.StartedAt, resumeAt);
    private readonly Dictionary<int, VideoClock> _videoClocks = [];
    private readonly Dictionary<int, AudioClock> _audioClocks = [];
    private readonly Dictionary<int, TokenBucket> _frameBudgets = [];
    private readonly List<AccessUnit> _units = [];
    private readonly SampleQueue _queue = new();
    private readonly TokenBucket _changeBudget = new(capacity: 20, perSecond: 10.0 / 60);

    // At most 200 in any hour: each change adds an init segment that a recording needs as long as its media.
    private readonly TokenBucket _longTermChangeBudget = new(capacity: 100, perSecond: 100.0 / 3600);

    // Eight tracks of 120 fps have 28,800 frames before a keyframe that arrives just in time.
    private readonly TokenBucket _unusableBudget = new(capacity: 30_000, perSecond: 500);
    private List<MediaSample>? _held = [];
    private long _heldBytes;
    private TimelineShift? _shift;
    private StreamMetadata? _metadata;
    private DateTimeOffset? _firstConfiguration;
    private DateTimeOffset? _firstVideo;
    private int _countedChanges;
    private int _countedUnreadable;
    private int _configurations;

    /// <summary>Maximum frame width or height, in pixels.</summary>
    public int MaxFrameDimension { get; init; } = VideoFormat.MaxSide;

    /// <summary>Maximum frame rate of one track. Up to 5 % more is tolerated, for clock differences.</summary>
    public int MaxFrameRate { get; init; } = 120;

    /// <summary>Number of usable samples.</summary>
    public long Samples { get; private set; }

    /// <summary>Number of video frames among them.</summary>
    public long VideoFrames { get; private set; }

    /// <summary>Number of messages that were malformed or not decodable yet.</summary>
    public long Malformed { get; private set; }

    /// <summary>
    /// Number of samples dropped because the next stage was too slow, and of audio frames dropped to follow the encoder's clock.
    /// </summary>
    public long Dropped => _queue.Dropped + _audioClocks.Values.Sum(c => c.Dropped);

    /// <summary>Number of timestamp jumps.</summary>
    public int Jumps => _clock.Jumps;

    /// <summary>The latest metadata, or <see langword="null"/>.</summary>
    public StreamMetadata? Metadata => _metadata;

    /// <summary>Number of forward jumps.</summary>
    public int JumpsForward => _clock.JumpsForward;

    /// <summary>Number of backward jumps.</summary>
    public int JumpsBack => _clock.JumpsBack;

    /// <summary>Recent time by which audio arrives ahead of video; negative when it arrives behind.</summary>
    public TimeSpan Skew => _clock.Skew;

    /// <summary>Recent maximum lead of media timestamps over arrival; negative when all media arrived late.</summary>
    public TimeSpan ArrivalLead => _clock.ArrivalLead;

    /// <summary>End of the received media on the session's timeline.</summary>
    public TimeSpan Position => _clock.Position;

    /// <summary>Optional meter of the source.</summary>
    public SourceMeter? Meter { get; init; }

    /// <summary>Encoder name from the metadata; empty when absent.</summary>
    public string Encoder => _metadata?.Encoder ?? "";

    /// <summary>Frame rate declared in the metadata; 0 when absent.</summary>
    public double DeclaredFrameRate => _metadata?.FrameRate ?? 0;

    /// <summary>Indicates whether video frames arrive that cannot be decoded, because there was no keyframe yet.</summary>
    public bool AwaitsKeyframe => _firstVideo is not null && VideoFrames == 0;

    /// <summary>Maximum time from the first video frame to the first keyframe.</summary>
    public TimeSpan KeyframeTimeout { get; } = keyframeTimeout ?? TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    void IMediaReceiver.ApplyMetadata(in RtmpMessage message, StreamMetadata metadata, DateTimeOffset arrival) => ApplyMetadata(metadata);

    /// <summary>Applies metadata.</summary>
    public void ApplyMetadata(StreamMetadata metadata)
    {
        _metadata = metadata;
        (_videoTags.Labels, _audioTags.Labels, _videoTags.DeclaredBitsPerSecond) =
            (metadata.VideoTracks, metadata.AudioTracks, metadata.VideoBitsPerSecond);
    }

    /// <summary>Processes an audio or video message.</summary>
    /// <exception cref="RtmpProtocolException">The codec is not supported, the configuration changes too often, too much is unusable, or no
    /// keyframe arrives.</exception>
    public void Process(in RtmpMessage message, DateTimeOffset arrival)
    {
        Meter?.Advance(arrival, this);
        _units.Clear();
        var unusable = message.Type == MessageType.Video
            ? _videoTags.Read(message.Payload, _units)
            : _audioTags.Read(message.Payload, _units);
        if (unusable > 0)
        {
            CountUnusable(unusable, arrival);
        }

        CountConfigurations(arrival);
        if (unusable > 0 && VideoFrames == 0 && message.Type == MessageType.Video)
        {
            ExpectKeyframe(arrival);
        }

        foreach (var unit in _units)
        {
            if (TryTime(unit, message.Timestamp, arrival, out var sample, out var encoderTime))
            {
                Meter?.Count(sample, encoderTime);
                Enqueue(sample);
            }
        }

        // Encoders send the configurations of all their tracks before the first frame of any.
        if (_held is { Count: > 0 })
        {
            TryStart(arrival);
        }
    }

    /// <summary>Passes on the held samples and completes the queue.</summary>
    public void Complete()
    {
        if (_held is { Count: > 0 })
        {
            Start();
        }

        _queue.Complete();
    }

    /// <summary>Configurations that cannot be read count as changes, because reading them costs as much.</summary>
    private void CountUnusable(int packets, DateTimeOffset arrival)
    {
        Malformed += packets;
        if (!_unusableBudget.TryTake(arrival, packets))
        {
            throw RtmpProtocolException.UnusableMedia();
        }

        for (var unreadable = _videoTags.Unreadable + _audioTags.Unreadable; _countedUnreadable < unreadable; _countedUnreadable++)
        {
            if (!_changeBudget.TryTake(arrival))
            {
                throw RtmpProtocolException.ConfigurationFlood();
            }
        }
    }

    /// <summary>A track's first configuration is free. Encoders do not change configurations all the time.</summary>
    private void CountConfigurations(DateTimeOffset arrival)
    {
        var changes = _videoTags.Configurations + _audioTags.Configurations;
        if (changes == 0)
        {
            return;
        }

        _firstConfiguration ??= arrival;
        if (_configurations != changes)
        {
            _configurations = changes;
            CheckFrameSizes();
        }

        changes -= _videoTags.Count + _audioTags.Count;
        for (; _countedChanges < changes; _countedChanges++)
        {
            if (!_changeBudget.TryTake(arrival) || !_longTermChangeBudget.TryTake(arrival))
            {
                throw RtmpProtocolException.ConfigurationFlood();
            }
        }
    }

    private void CheckFrameSizes()
    {
        foreach (var track in _videoTags.Tracks)
        {
            if (track.Config.VideoFormat is { } format && Math.Max(format.Width, format.Height) > MaxFrameDimension)
            {
                throw RtmpProtocolException.FrameTooLarge(format.Width, format.Height, MaxFrameDimension);
            }
        }
    }

    private bool TryTime(in AccessUnit unit, uint timestamp, DateTimeOffset arrival, out MediaSample sample, out long mapped)
    {
        sample = default;
        _clock.Shift = _shift?.Value ?? TimeSpan.Zero;
        mapped = _clock.Map(unit.Track.Id, unit.Track.Kind,
            new RtmpTimestamp(unchecked(timestamp + unit.Milliseconds), unit.Nanoseconds), arrival);
        if (unit.Track.Kind == TrackKind.Audio)
        {
            if (!GetClock(_audioClocks, unit.Track).TryNext(mapped, unit.Track.Timescale, unit.Samples, out var time))
            {
                return false;
            }

            sample = new MediaSample(unit.Track, time, time, true, unit.Payload, arrival);
        }
        else
        {
            CountVideoFrame(unit.Track.Id, arrival);
            var clock = GetClock(_videoClocks, unit.Track);
            clock.SetDeclaredRate(unit.Track.Config.VideoFormat?.FramesPerSecond ?? 0);
            var (decode, present) = clock.Next(mapped, unit.CompositionOffset * Nanoseconds.PerMillisecond, _clock.Slew);
            sample = new MediaSample(unit.Track, decode, present, unit.IsSync, unit.Payload, arrival);
            VideoFrames++;
        }

        Samples++;
        return true;
    }

    private void CountVideoFrame(int track, DateTimeOffset arrival)
    {
        if (!_frameBudgets.TryGetValue(track, out var budget))
        {
            budget = new TokenBucket(capacity: 60 * MaxFrameRate, perSecond: 1.05 * MaxFrameRate);
            _frameBudgets.Add(track, budget);
        }

        if (!budget.TryTake(arrival))
        {
            throw RtmpProtocolException.FrameRateTooHigh(MaxFrameRate);
        }
    }

    /// <summary>Each track has its own clock. The tag parsers limit the number of tracks.</summary>
    private static TClock GetClock<TClock>(Dictionary<int, TClock> clocks, Track track)
        where TClock : new()
    {
        if (!clocks.TryGetValue(track.Id, out var clock))
        {
            clock = new TClock();
            clocks.Add(track.Id, clock);
        }

        return clock;
    }

    private void ExpectKeyframe(DateTimeOffset arrival)
    {
        if (!_videoTags.Tracks.Any())
        {
            return;
        }

        _firstVideo ??= arrival;
        if (arrival - _firstVideo >= KeyframeTimeout)
        {
            throw RtmpProtocolException.NoKeyframe(KeyframeTimeout);
        }
    }

    private void Enqueue(in MediaSample sample)
    {
        if (_held is null)
        {
            _queue.Write(sample);
            return;
        }

        _held.Add(sample);
        _heldBytes += sample.Payload.Length;
    }

    private void TryStart(DateTimeOffset arrival)
    {
        var held = _held!;
        var media = held.Count < 2 ? TimeSpan.Zero : held[^1].Decode.ToTimeSpan() - held[0].Decode.ToTimeSpan();
        var waited = _firstConfiguration is { } first ? arrival - first : TimeSpan.Zero;
        var pending = new PendingPublication(
            _videoTags.Tracks.Any(), _audioTags.Tracks.Any(), _metadata?.HasVideo, _metadata?.HasAudio, media, waited, held.Count,
            _heldBytes, CountMissingTracks());
        if (pending.IsReady)
        {
            Start();
        }
    }

    /// <summary>
    /// Number of tracks that the metadata announces by number and that have no configuration yet. Track 0 is announced by its codec.
    /// </summary>
    private int CountMissingTracks() => _metadata is null
        ? 0
        : _metadata.VideoTracks.Keys.Count(n => n > 0 && !_videoTags.IsConfigured(n))
            + _metadata.AudioTracks.Keys.Count(n => n > 0 && !_audioTags.IsConfigured(n));

    private void Start()
    {
        var held = _held!;
        _held = null;

        // A track that changed while samples were held is announced in its state at the first held sample.
        List<Track> tracks = [];
        foreach (var track in _videoTags.Tracks.Concat(_audioTags.Tracks).OrderBy(t => t.Id))
        {
            tracks.Add(held.Find(s => s.Track.Id == track.Id).Track ?? track);
        }

        foreach (var sample in held)
        {
            _queue.Write(sample);
        }

        var publication = new Publication(grant, tracks, _queue.Reader);
        _shift = publication.Shift;
        onStarted(publication);
    }
}
