using Broadcast.Ingest.Clock;
using Broadcast.Ingest.Health;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media;

namespace Broadcast.Ingest.Publishing;

/// <summary>Makes a publication out of audio and video messages: reads them, times them, holds them until it is known what there is, and queues them.</summary>
/// <param name="grant">Whose publication it is.</param>
/// <param name="begin">Called once, when the publication begins.</param>
/// <param name="front">How far earlier connections of the session have come on its timeline.</param>
/// <param name="keyframeTimeout">Longest from the first picture to the first keyframe; 30 s when not given.</param>
internal sealed class PublicationFeed(PublishGrant grant, Action<Publication> begin, TimeSpan front = default, TimeSpan? keyframeTimeout = null)
{
    private readonly VideoTags _videoTags = new();
    private readonly AudioTags _audioTags = new() { Languages = grant.AudioLanguages };
    private readonly EncoderClock _clock = new(grant.Session.StartedAt, front);
    private readonly Dictionary<int, VideoClock> _videoClocks = [];
    private readonly Dictionary<int, AudioClock> _audioClocks = [];
    private readonly Dictionary<int, TokenBucket> _pictureBudgets = [];
    private readonly List<AccessUnit> _units = [];
    private readonly SampleQueue _queue = new();
    private readonly TokenBucket _changes = new(capacity: 20, perSecond: 10.0 / 60);
    private List<MediaSample>? _held = [];
    private long _heldBytes;
    private StreamMetadata? _metadata;
    private DateTimeOffset? _firstConfiguration;
    private DateTimeOffset? _firstPicture;
    private int _changed;
    private int _configurations;

    /// <summary>Largest picture taken, samples a side.</summary>
    public int MaxPictureSide { get; init; } = PictureFormat.MaxSide;

    /// <summary>Most pictures a second of one track. A twentieth more is let pass, for clocks that differ.</summary>
    public int MaxFrameRate { get; init; } = 120;

    /// <summary>Samples that were fit to be passed on.</summary>
    public long Samples { get; private set; }

    /// <summary>Pictures among them.</summary>
    public long Pictures { get; private set; }

    /// <summary>Messages that were broken or came before they could be decoded.</summary>
    public long Malformed { get; private set; }

    /// <summary>Samples lost because the next stage was too slow, and frames of sound left out to stay with the encoder's clock.</summary>
    public long Dropped => _queue.Dropped + _audioClocks.Values.Sum(c => c.Dropped);

    /// <summary>Jumps of the encoder's clock.</summary>
    public int Jumps => _clock.Jumps;

    /// <summary>What metadata said last, or <see langword="null"/>.</summary>
    public StreamMetadata? Metadata => _metadata;

    /// <summary>Those into the future.</summary>
    public int JumpsForward => _clock.JumpsForward;

    /// <summary>Those into the past.</summary>
    public int JumpsBack => _clock.JumpsBack;

    /// <summary>How far sound came ahead of the picture of the same time lately; negative when it came behind.</summary>
    public TimeSpan Skew => _clock.Skew;

    /// <summary>How far media came ahead of its time lately, at best; negative when all came late.</summary>
    public TimeSpan Ahead => _clock.Ahead;

    /// <summary>How far it has come on the session's timeline.</summary>
    public TimeSpan Front => _clock.Front;

    /// <summary>Measures what goes by, if anybody wants to know.</summary>
    public SourceMeter? Meter { get; init; }

    /// <summary>What the encoder calls itself in its metadata; empty when it does not say.</summary>
    public string Encoder => _metadata?.Encoder ?? "";

    /// <summary>Frame rate that the metadata claim; 0 when they do not.</summary>
    public double ClaimedFrameRate => _metadata?.FrameRate ?? 0;

    /// <summary>Whether pictures come of which none can be decoded, because there was no keyframe yet.</summary>
    public bool AwaitsKeyframe => _firstPicture is not null && Pictures == 0;

    /// <summary>Longest from the first picture to the first keyframe.</summary>
    public TimeSpan KeyframeTimeout { get; } = keyframeTimeout ?? TimeSpan.FromSeconds(30);

    /// <summary>Takes what metadata says.</summary>
    public void Describe(StreamMetadata metadata)
    {
        _metadata = metadata;
        (_videoTags.Labels, _audioTags.Labels, _videoTags.ClaimedBitsPerSecond) = (metadata.VideoTracks, metadata.AudioTracks, metadata.VideoBitsPerSecond);
    }

    /// <summary>Takes an audio or video message.</summary>
    /// <exception cref="RtmpProtocolException">Its codec is not taken, configurations change all the time, or no keyframe comes.</exception>
    public void Take(in RtmpMessage message, DateTimeOffset arrival)
    {
        Meter?.Pass(arrival, this);
        _units.Clear();
        var unusable = message.Type == MessageType.Video
            ? _videoTags.Read(message.Payload, _units)
            : _audioTags.Read(message.Payload, _units);
        Malformed += unusable;
        CountConfigurations(arrival);
        if (unusable > 0 && Pictures == 0 && message.Type == MessageType.Video)
        {
            ExpectKeyframe(arrival);
        }

        foreach (var unit in _units)
        {
            if (TryTime(unit, message.Timestamp, arrival, out var sample))
            {
                Meter?.Count(sample);
                Pass(sample);
            }
        }

        // Encoders send the configurations of all their tracks before the first frame of any.
        if (_held is { Count: > 0 })
        {
            TryBegin(arrival);
        }
    }

    /// <summary>No more will come: what is held is passed on.</summary>
    public void Complete()
    {
        if (_held is { Count: > 0 })
        {
            Begin();
        }

        _queue.Complete();
    }

    /// <summary>A track's first configuration is free; what changes them all the time is no encoder.</summary>
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
            CheckPictures();
        }

        changes -= _videoTags.Count + _audioTags.Count;
        for (; _changed < changes; _changed++)
        {
            if (!_changes.TryTake(arrival))
            {
                throw RtmpProtocolException.ConfigurationFlood();
            }
        }
    }

    private void CheckPictures()
    {
        foreach (var track in _videoTags.Tracks)
        {
            if (track.Config.Picture is { } picture && Math.Max(picture.Width, picture.Height) > MaxPictureSide)
            {
                throw RtmpProtocolException.PictureTooLarge(picture.Width, picture.Height, MaxPictureSide);
            }
        }
    }

    private bool TryTime(in AccessUnit unit, uint timestamp, DateTimeOffset arrival, out MediaSample sample)
    {
        sample = default;
        var mapped = _clock.Map(unit.Track.Id, unit.Track.Kind, new Timestamp(unchecked(timestamp + unit.Milliseconds), unit.Nanoseconds), arrival);
        if (unit.Track.Kind == TrackKind.Audio)
        {
            if (!ClockOf(_audioClocks, unit.Track).TryNext(mapped, unit.Track.Timescale, unit.Samples, out var time))
            {
                return false;
            }

            sample = new MediaSample(unit.Track, time, time, true, unit.Payload, arrival);
        }
        else
        {
            CountPicture(unit.Track.Id, arrival);
            var clock = ClockOf(_videoClocks, unit.Track);
            clock.Expect(unit.Track.Config.Picture?.FramesPerSecond ?? 0);
            var (decode, present) = clock.Next(mapped, unit.CompositionOffset * Nanoseconds.PerMillisecond);
            sample = new MediaSample(unit.Track, decode, present, unit.IsSync, unit.Payload, arrival);
            Pictures++;
        }

        Samples++;
        return true;
    }

    private void CountPicture(int track, DateTimeOffset arrival)
    {
        if (!_pictureBudgets.TryGetValue(track, out var budget))
        {
            budget = new TokenBucket(capacity: 60 * MaxFrameRate, perSecond: 1.05 * MaxFrameRate);
            _pictureBudgets.Add(track, budget);
        }

        if (!budget.TryTake(arrival))
        {
            throw RtmpProtocolException.FrameRateTooHigh(MaxFrameRate);
        }
    }

    /// <summary>Each track counts for itself; there are as many as the tags let through.</summary>
    private static TClock ClockOf<TClock>(Dictionary<int, TClock> clocks, Track track)
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

        _firstPicture ??= arrival;
        if (arrival - _firstPicture >= KeyframeTimeout)
        {
            throw RtmpProtocolException.NoKeyframe(KeyframeTimeout);
        }
    }

    private void Pass(in MediaSample sample)
    {
        if (_held is null)
        {
            _queue.Write(sample);
            return;
        }

        _held.Add(sample);
        _heldBytes += sample.Payload.Length;
    }

    private void TryBegin(DateTimeOffset arrival)
    {
        var held = _held!;
        var media = held.Count < 2 ? TimeSpan.Zero : held[^1].Decode.ToTimeSpan() - held[0].Decode.ToTimeSpan();
        var waited = _firstConfiguration is { } first ? arrival - first : TimeSpan.Zero;
        var opening = new PublicationOpening(
            _videoTags.Tracks.Any(), _audioTags.Tracks.Any(), _metadata?.HasVideo, _metadata?.HasAudio, media, waited, held.Count, _heldBytes, Missing());
        if (opening.IsReady)
        {
            Begin();
        }
    }

    /// <summary>Tracks that metadata announces by number and that have no configuration yet. A track 0 is announced by its codec.</summary>
    private int Missing() => _metadata is null
        ? 0
        : _metadata.VideoTracks.Keys.Count(n => n > 0 && !_videoTags.Has(n)) + _metadata.AudioTracks.Keys.Count(n => n > 0 && !_audioTags.Has(n));

    private void Begin()
    {
        var held = _held!;
        _held = null;

        // A track that has changed while samples were held is announced as it was when they began.
        List<Track> tracks = [];
        foreach (var track in _videoTags.Tracks.Concat(_audioTags.Tracks).OrderBy(t => t.Id))
        {
            tracks.Add(held.Find(s => s.Track.Id == track.Id).Track ?? track);
        }

        foreach (var sample in held)
        {
            _queue.Write(sample);
        }

        begin(new Publication(grant, tracks, _queue.Reader));
    }
}
