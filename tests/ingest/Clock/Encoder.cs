using Broadcast.Ingest.Health;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;

namespace Broadcast.Ingest.Tests.Clock;

/// <summary>A real-time encoder with an adjustable clock, and ingest's samples of its media.</summary>
internal sealed class Encoder
{
    public static readonly DateTimeOffset Start = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly List<MediaSample> _samples = [];
    private Publication? _publication;
    private double _time;
    private long _frames;
    private long _audioFrames;

    public Encoder(TimeSpan? keyframeTimeout = null)
    {
        var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.New(Start), 1, Start, LatencyProfile.Standard);
        var grant = new PublishGrant(Guid.NewGuid(), session, "passthrough", CancellationToken.None);
        Meter = new SourceMeter(grant, Start);
        Feed = new PublicationBuilder(grant, p => _publication = p, keyframeTimeout: keyframeTimeout) { Meter = Meter };
    }

    public PublicationBuilder Feed { get; }

    public SourceMeter Meter { get; }

    /// <summary>Video frames per second.</summary>
    public double FrameRate { get; init; } = 30;

    public double KeyframeSeconds { get; init; } = 2;

    public bool HasVideo { get; set; } = true;

    public bool HasAudio { get; set; } = true;

    /// <summary>Video timestamp at time zero, in milliseconds.</summary>
    public double FrameTimes { get; set; }

    /// <summary>Audio timestamp at time zero, in milliseconds.</summary>
    public double AudioFrameTimes { get; set; }

    /// <summary>Value at which its timestamps wrap.</summary>
    public long Modulus { get; init; } = 1L << 32;

    /// <summary>Composition offset of a video frame by its number, in milliseconds.</summary>
    public Func<long, int> Offset { get; init; } = _ => 0;

    /// <summary>Duration of a video frame by its number, in milliseconds; by default from the frame rate.</summary>
    public Func<long, double>? Length { get; init; }

    /// <summary>Bytes of a video frame's slice.</summary>
    public int FrameSize { get; set; } = 60;

    /// <summary>Delay of a message by its time, in milliseconds.</summary>
    public Func<double, double> Delay { get; set; } = _ => 0;

    /// <summary>Time of the sent media, in milliseconds.</summary>
    public double Time => _time;

    public IReadOnlyList<MediaSample> Samples => _samples;

    public List<MediaSample> Video => [.. _samples.Where(s => s.Track.Kind == TrackKind.Video)];

    public List<MediaSample> Audio => [.. _samples.Where(s => s.Track.Kind == TrackKind.Audio)];

    public Encoder Configured()
    {
        if (HasVideo)
        {
            ConfigureVideo();
        }

        if (HasAudio)
        {
            ConfigureAudio();
        }

        return this;
    }

    public void ConfigureVideo(byte[]? record = null) =>
        Take(MessageType.Video, FrameTimes, [0x17, 0, 0, 0, 0, .. record ?? Wire.AvcRecord]);

    public void ConfigureAudio(byte[]? record = null) => Take(MessageType.Audio, AudioFrameTimes, [0xAF, 0, .. record ?? Wire.AacRecord]);

    /// <summary>Makes both clocks jump.</summary>
    public void Jump(double milliseconds)
    {
        FrameTimes += milliseconds;
        AudioFrameTimes += milliseconds;
    }

    /// <summary>Sends some seconds of media.</summary>
    public Encoder Run(double seconds)
    {
        var end = _time + (seconds * 1000);
        while (true)
        {
            var frame = Length is null ? _frames * 1000 / FrameRate : _nextFrame;
            var audio = _audioFrames * 1024 / 48.0;
            if (Math.Min(frame, audio) >= end)
            {
                _time = end;
                return this;
            }

            if (frame <= audio)
            {
                _time = frame;
                var interval = Length is null ? Math.Round(KeyframeSeconds * FrameRate) : 30;
                if (HasVideo)
                {
                    Take(MessageType.Video, FrameTimes + frame, Wire.VideoBody(_frames % interval == 0, FrameSize, Offset(_frames)));
                }

                _nextFrame += Length?.Invoke(_frames) ?? 0;
                _frames++;
            }
            else
            {
                _time = audio;
                if (HasAudio)
                {
                    Take(MessageType.Audio, AudioFrameTimes + audio, [0xAF, 1, 0x21, 1, 2, 3]);
                }

                _audioFrames++;
            }
        }
    }

    private double _nextFrame;

    public void Take(MessageType type, double timestamp, byte[] body) =>
        TakeAt(type, (uint)(((long)Math.Floor(timestamp) % Modulus + Modulus) % Modulus), body,
            Start.AddMilliseconds(_time + Delay(_time)));

    public void TakeAt(MessageType type, uint timestamp, byte[] body, DateTimeOffset arrival)
    {
        Feed.Process(new RtmpMessage(type, 1, timestamp, body), arrival);
        while (_publication is not null && _publication.Samples.TryRead(out var sample))
        {
            _samples.Add(sample);
        }
    }
}

/// <summary>Measurements of samples for assertions.</summary>
internal static class SampleAssertions
{
    /// <summary>Intervals of the decode times, in milliseconds.</summary>
    public static List<double> Steps(this IReadOnlyList<MediaSample> samples) =>
        [.. samples.Zip(samples.Skip(1), (a, b) => (b.Decode.TotalSeconds - a.Decode.TotalSeconds) * 1000)];

    /// <summary>Lead of decode times over arrival times, in milliseconds.</summary>
    public static List<double> Leads(this IReadOnlyList<MediaSample> samples) =>
        [.. samples.Select(s => (s.Decode.TotalSeconds * 1000) - (s.Arrival - Encoder.Start).TotalMilliseconds)];
}
