using System.Buffers.Binary;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Publisher;

namespace Broadcast.Pipeline.Tests;

/// <summary>
/// An encoder that sends FLV tags as fast as the stages accept them, while the test's clock shows the time at which a real encoder would
/// have sent each. Its video and audio frames are numbered, so that output and input can be compared.
/// </summary>
internal sealed class FlvEncoder(ManualTimeProvider time)
{
    public const int FrameRate = 30;
    public const int SampleRate = 48_000;

    private static readonly byte[] VideoConfiguration = [0x17, 0, 0, 0, 0, .. Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8")];

    /// <summary>The same record with another PPS.</summary>
    private static readonly byte[] OtherVideoConfiguration = [.. VideoConfiguration[..^1], 0xC9];

    private static readonly byte[] AudioConfiguration = [0xAF, 0, 0x11, 0x90];

    private PublicationBuilder _feed = null!;
    private DateTimeOffset _began;
    private long _frames;
    private long _audioFrames;
    private bool _configured;
    private int _waited;

    /// <summary>Set when ingest has received enough to start the session.</summary>
    public (Publication Publication, Task Running)? Publication { get; set; }

    /// <summary>Wall-clock time on the test's clock up to which the session's media are announced.</summary>
    public Func<DateTimeOffset> Announced { get; set; } = () => DateTimeOffset.MaxValue;

    /// <summary>Initial timestamp of the encoder, in milliseconds.</summary>
    public uint FirstTimestamp { get; init; }

    /// <summary>Lead of its media over the clock, as with ffmpeg after an initial burst.</summary>
    public TimeSpan Ahead { get; init; }

    /// <summary>Seconds from one keyframe to the next.</summary>
    public double KeyframeSeconds { get; set; } = 2;

    /// <summary>Distinguishes its frames from those of other encoders.</summary>
    public byte Name { get; init; }

    public bool HasAudio { get; set; } = true;

    public bool HasVideo { get; set; } = true;

    public bool IsReconfigured { get; set; }

    /// <summary>Custom video configuration record.</summary>
    public byte[]? VideoRecord { get; set; }

    /// <summary>Custom audio configuration record.</summary>
    public byte[]? AudioRecord { get; set; }

    /// <summary>Audio sample rate, which the record must also contain.</summary>
    public int AudioRate { get; init; } = SampleRate;

    /// <summary>Jump of its timestamps, in milliseconds.</summary>
    public long Jumped { get; set; }

    /// <summary>
    /// Drift of the encoder's clock in parts per million; positive if it runs faster than real time. It affects frames and timestamps.
    /// </summary>
    public double Drift { get; init; }

    /// <summary>Video frames per second.</summary>
    public int VideoRate { get; init; } = FrameRate;

    /// <summary>Indicates whether <see cref="Frames"/> and <see cref="AudioFrames"/> are filled.</summary>
    public bool Keeps { get; init; } = true;

    /// <summary>Indicates whether keyframes are sent as other frames.</summary>
    public bool HidesKeyframes { get; set; }

    /// <summary>Payloads of the sent video frames, in order.</summary>
    public List<byte[]> Frames { get; } = [];

    /// <summary>Payloads of the sent audio frames, in order.</summary>
    public List<byte[]> AudioFrames { get; } = [];

    /// <summary>Samples lost because a stage was too slow.</summary>
    public long Dropped => _feed.Dropped;

    public void Open(PublicationBuilder feed) => (_feed, _began) = (feed, time.GetUtcNow());

    /// <summary>Sends some seconds of media.</summary>
    public async Task SendAsync(double seconds)
    {
        if (!_configured)
        {
            _configured = true;
            Configure();
        }

        var (frames, audioFrames) = (_frames + (long)Math.Round(seconds * VideoRate),
            _audioFrames + (long)Math.Round(seconds * AudioRate / 1024));
        while (_frames < frames || _audioFrames < audioFrames)
        {
            if (_audioFrames >= audioFrames || (_frames < frames && _frames * AudioRate <= _audioFrames * 1024 * VideoRate))
            {
                Frame();
            }
            else
            {
                Audio();
            }

            await PaceAsync(TimeSpan.FromSeconds((double)_frames / VideoRate));
        }
    }

    /// <summary>Sends all frames due before a time of the test's clock, so that several encoders can send in parallel.</summary>
    public async Task SendToAsync(DateTimeOffset until)
    {
        if (!_configured)
        {
            _configured = true;
            Configure();
        }

        while (true)
        {
            var (frame, audioTrack) = (TimeSpan.FromSeconds((double)_frames / VideoRate),
                TimeSpan.FromSeconds(_audioFrames * 1024.0 / SampleRate));
            var next = frame <= audioTrack ? frame : audioTrack;
            if (WallClockAt(next) >= until)
            {
                return;
            }

            if (frame <= audioTrack)
            {
                Frame();
            }
            else
            {
                Audio();
            }

            await PaceAsync(next);
        }
    }

    /// <summary>Sends an FLV file with its own timestamps.</summary>
    public async Task SendAsync(FlvFile file)
    {
        foreach (var tag in file.Tags.Where(t => t.IsAudio || t.IsVideo))
        {
            Take((MessageType)tag.Type, TimeSpan.FromMilliseconds(tag.Timestamp), tag.Timestamp, tag.Body);
            await PaceAsync(TimeSpan.FromMilliseconds(tag.Timestamp));
        }
    }

    /// <summary>
    /// Waits while the stages lag far behind: on a busy machine they would drop samples by design, which these tests do not cover. Media
    /// announced within a few seconds of the input are in no queue. If nothing is announced for other reasons, sending continues after a
    /// while.
    /// </summary>
    private async Task PaceAsync(TimeSpan sent)
    {
        await Poll.UntilAsync(() => Publication is null || Publication.Value.Publication.Samples.Count < 256);
        var lead = WallClockAt(sent) - TimeSpan.FromSeconds(6);
        for (; Publication is not null && Announced() < lead && _waited < 300; _waited++)
        {
            await Task.Delay(10);
        }

        // If nothing is announced for other reasons, this applies to all later samples too, so it waits only once.
        _waited = Announced() < lead ? _waited : 0;
    }

    /// <summary>Ends the publication and waits until all its media are on the timeline.</summary>
    public async Task GoneAsync()
    {
        _feed.Complete();
        if (Publication is { } publication)
        {
            await publication.Running.WaitAsync(TimeSpan.FromSeconds(20)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends the current configurations again.</summary>
    public void Configure()
    {
        var at = TimeSpan.FromSeconds((double)_frames / VideoRate);
        if (HasVideo)
        {
            Take(MessageType.Video, at, Timestamp(at), VideoRecord is { } record ? [0x17, 0, 0, 0, 0, .. record]
                : IsReconfigured ? OtherVideoConfiguration
                : VideoConfiguration);
        }

        if (HasAudio)
        {
            Take(MessageType.Audio, at, Timestamp(at), AudioRecord is { } audioTrack ? [0xAF, 0, .. audioTrack] : AudioConfiguration);
        }
    }

    private void Frame()
    {
        var at = TimeSpan.FromSeconds((double)_frames / VideoRate);
        var isKey = !HidesKeyframes && _frames % (long)Math.Round(KeyframeSeconds * VideoRate) == 0;
        byte[] payload = [0, 0, 0, 9, (byte)(isKey ? 0x65 : 0x41), .. Number(_frames, Name)];
        _frames++;
        if (HasVideo)
        {
            Keep(Frames, payload);
            Take(MessageType.Video, at, Timestamp(at), (byte[])[(byte)(isKey ? 0x17 : 0x27), 1, 0, 0, 0, .. payload]);
        }
    }

    private void Audio()
    {
        var at = TimeSpan.FromSeconds(_audioFrames * 1024.0 / AudioRate);
        byte[] payload = [0x21, .. Number(_audioFrames, Name)];
        _audioFrames++;
        if (HasAudio)
        {
            Keep(AudioFrames, payload);
            Take(MessageType.Audio, at, Timestamp(at), (byte[])[0xAF, 1, .. payload]);
        }
    }

    private void Keep(List<byte[]> kept, byte[] payload)
    {
        if (Keeps)
        {
            kept.Add(payload);
        }
    }

    private void Take(MessageType type, TimeSpan at, uint timestamp, ReadOnlyMemory<byte> body)
    {
        var late = WallClockAt(at) - Ahead - time.GetUtcNow();
        if (late > TimeSpan.Zero)
        {
            time.Advance(late);
        }

        _feed.Process(new RtmpMessage(type, 1, timestamp, body), time.GetUtcNow());
    }

    /// <summary>Time at which a real encoder would send media with an encoder timestamp.</summary>
    public DateTimeOffset WallClockAt(TimeSpan at) => _began + (at / (1 + (Drift / 1e6)));

    private uint Timestamp(TimeSpan at) => unchecked(FirstTimestamp + (uint)(long)at.TotalMilliseconds + (uint)Jumped);

    private static byte[] Number(long number, byte name)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        bytes[0] = name;
        return bytes;
    }
}
