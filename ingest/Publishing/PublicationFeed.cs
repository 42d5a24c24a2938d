using Broadcast.Ingest.Clock;
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
internal sealed class PublicationFeed(PublishGrant grant, Action<Publication> begin)
{
    private readonly VideoTags _videoTags = new();
    private readonly AudioTags _audioTags = new();
    private readonly EncoderClock _clock = new(grant.Session.StartedAt);
    private readonly VideoClock _videoClock = new();
    private readonly AudioClock _audioClock = new();
    private readonly SampleQueue _queue = new();
    private readonly TokenBucket _changes = new(capacity: 20, perSecond: 10.0 / 60);
    private List<MediaSample>? _held = [];
    private long _heldBytes;
    private StreamMetadata? _metadata;
    private DateTimeOffset? _firstConfiguration;
    private int _configurations;

    /// <summary>Samples that were fit to be passed on.</summary>
    public long Samples { get; private set; }

    /// <summary>Pictures among them.</summary>
    public long Pictures { get; private set; }

    /// <summary>Messages that were broken or came before they could be decoded.</summary>
    public long Malformed { get; private set; }

    /// <summary>Samples lost because the next stage was too slow, and frames of sound left out to stay with the encoder's clock.</summary>
    public long Dropped => _queue.Dropped + _audioClock.Dropped;

    /// <summary>Jumps of the encoder's clock.</summary>
    public int Jumps => _clock.Jumps;

    /// <summary>Takes what metadata says.</summary>
    public void Describe(StreamMetadata metadata) => _metadata = metadata;

    /// <summary>Takes an audio or video message.</summary>
    /// <exception cref="RtmpProtocolException">Its codec is not taken, or configurations change all the time.</exception>
    public void Take(in RtmpMessage message, DateTimeOffset arrival)
    {
        AccessUnit unit;
        var content = message.Type == MessageType.Video
            ? _videoTags.Read(message.Payload, out unit)
            : _audioTags.Read(message.Payload, out unit);
        if (_videoTags.Configurations + _audioTags.Configurations is var configurations && configurations != _configurations)
        {
            _configurations = configurations;
            _firstConfiguration ??= arrival;
            if (!_changes.TryTake(arrival))
            {
                throw RtmpProtocolException.ConfigurationFlood();
            }
        }

        if (content == TagContent.Dropped)
        {
            Malformed++;
        }
        else if (content == TagContent.Unit && TryTime(unit, message.Timestamp, arrival, out var sample))
        {
            Pass(sample);
        }

        if (_held is not null)
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

    private bool TryTime(in AccessUnit unit, uint timestamp, DateTimeOffset arrival, out MediaSample sample)
    {
        sample = default;
        var milliseconds = _clock.Map(unit.Track.Kind, timestamp, arrival);
        if (unit.Track.Config is CodecConfig.Aac { Audio: var audio })
        {
            if (!_audioClock.TryNext(milliseconds, audio.SampleRate, audio.SamplesPerFrame, out var time))
            {
                return false;
            }

            sample = new MediaSample(unit.Track, time, time, true, unit.Payload, arrival);
        }
        else
        {
            var (decode, present) = _videoClock.Next(milliseconds, unit.CompositionOffset);
            sample = new MediaSample(unit.Track, decode, present, unit.IsSync, unit.Payload, arrival);
            Pictures++;
        }

        Samples++;
        return true;
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
            _videoTags.Track is not null, _audioTags.Track is not null, _metadata?.HasVideo, _metadata?.HasAudio, media, waited, held.Count, _heldBytes);
        if (opening.IsReady)
        {
            Begin();
        }
    }

    private void Begin()
    {
        var held = _held!;
        _held = null;

        // A track that has changed while samples were held is announced as it was when they began.
        List<Track> tracks = [];
        foreach (var track in (Track?[])[_videoTags.Track, _audioTags.Track])
        {
            if (track is not null)
            {
                tracks.Add(held.Find(s => s.Track.Id == track.Id).Track ?? track);
            }
        }

        foreach (var sample in held)
        {
            _queue.Write(sample);
        }

        begin(new Publication(grant, tracks, _queue.Reader));
    }
}
