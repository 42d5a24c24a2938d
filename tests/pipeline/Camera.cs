using System.Buffers.Binary;
using Broadcast.Ingest.Client;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Chunks;

namespace Broadcast.Pipeline.Tests;

/// <summary>
/// An encoder that sends FLV tags as fast as the stages take them, while the test's clock shows the time at which a real one would have sent each. Its pictures and
/// sounds are numbered, so that what comes out can be compared with what went in.
/// </summary>
internal sealed class Camera(ManualTimeProvider time)
{
    public const int FrameRate = 30;
    public const int SampleRate = 48_000;

    private static readonly byte[] VideoConfiguration = [0x17, 0, 0, 0, 0, .. Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8")];

    /// <summary>The same with another PPS.</summary>
    private static readonly byte[] OtherVideoConfiguration = [.. VideoConfiguration[..^1], 0xC9];

    private static readonly byte[] AudioConfiguration = [0xAF, 0, 0x11, 0x90];

    private PublicationBuilder _feed = null!;
    private DateTimeOffset _began;
    private long _pictures;
    private long _sounds;
    private bool _configured;
    private int _waited;

    /// <summary>Set once ingest has seen enough to begin.</summary>
    public (Publication Publication, Task Running)? Publication { get; set; }

    /// <summary>Wall clock, as the test's clock has it, up to which the session's media are announced.</summary>
    public Func<DateTimeOffset> Announced { get; set; } = () => DateTimeOffset.MaxValue;

    /// <summary>What the encoder's clock says at its beginning, milliseconds.</summary>
    public uint FirstTimestamp { get; init; }

    /// <summary>How far its media runs ahead of the clock, as ffmpeg's does after it has begun with a burst.</summary>
    public TimeSpan Ahead { get; init; }

    /// <summary>Seconds from one keyframe to the next.</summary>
    public double KeyframeSeconds { get; set; } = 2;

    /// <summary>Tells its pictures and sounds from those of others.</summary>
    public byte Name { get; init; }

    public bool HasSound { get; set; } = true;

    public bool HasPictures { get; set; } = true;

    public bool IsReconfigured { get; set; }

    /// <summary>Its video configuration record, where it is another than usual.</summary>
    public byte[]? VideoRecord { get; set; }

    /// <summary>Its audio configuration record, where it is another than usual.</summary>
    public byte[]? AudioRecord { get; set; }

    /// <summary>Samples of sound a second, which the record has to say too.</summary>
    public int SoundRate { get; init; } = SampleRate;

    /// <summary>By how much its clock has jumped, milliseconds.</summary>
    public long Jumped { get; set; }

    /// <summary>By how many parts in a million its own clock, which its pictures, sounds and timestamps go by, runs faster than the one on the wall.</summary>
    public double Drift { get; init; }

    /// <summary>Pictures a second.</summary>
    public int PictureRate { get; init; } = FrameRate;

    /// <summary>Whether <see cref="Pictures"/> and <see cref="Sounds"/> are kept.</summary>
    public bool Keeps { get; init; } = true;

    /// <summary>Whether its keyframes are none.</summary>
    public bool HidesKeyframes { get; set; }

    /// <summary>Payloads of the pictures sent, in order.</summary>
    public List<byte[]> Pictures { get; } = [];

    /// <summary>Payloads of the sounds sent, in order.</summary>
    public List<byte[]> Sounds { get; } = [];

    /// <summary>Samples lost on the way because a stage was too slow.</summary>
    public long Dropped => _feed.Dropped;

    public void Open(PublicationBuilder feed) => (_feed, _began) = (feed, time.GetUtcNow());

    /// <summary>Sends media of some seconds.</summary>
    public async Task SendAsync(double seconds)
    {
        if (!_configured)
        {
            _configured = true;
            Configure();
        }

        var (pictures, sounds) = (_pictures + (long)Math.Round(seconds * PictureRate), _sounds + (long)Math.Round(seconds * SoundRate / 1024));
        while (_pictures < pictures || _sounds < sounds)
        {
            if (_sounds >= sounds || (_pictures < pictures && _pictures * SoundRate <= _sounds * 1024 * PictureRate))
            {
                Picture();
            }
            else
            {
                Sound();
            }

            await PaceAsync(TimeSpan.FromSeconds((double)_pictures / PictureRate));
        }
    }

    /// <summary>Sends what is due before a time of the test's clock; so several can send side by side.</summary>
    public async Task SendToAsync(DateTimeOffset until)
    {
        if (!_configured)
        {
            _configured = true;
            Configure();
        }

        while (true)
        {
            var (picture, sound) = (TimeSpan.FromSeconds((double)_pictures / PictureRate), TimeSpan.FromSeconds(_sounds * 1024.0 / SampleRate));
            var next = picture <= sound ? picture : sound;
            if (WallClockAt(next) >= until)
            {
                return;
            }

            if (picture <= sound)
            {
                Picture();
            }
            else
            {
                Sound();
            }

            await PaceAsync(next);
        }
    }

    /// <summary>Sends an FLV file, its tags at the times that stand in it.</summary>
    public async Task SendAsync(FlvFile file)
    {
        foreach (var tag in file.Tags.Where(t => t.IsAudio || t.IsVideo))
        {
            Take(tag.Type, TimeSpan.FromMilliseconds(tag.Timestamp), tag.Timestamp, tag.Body);
            await PaceAsync(TimeSpan.FromMilliseconds(tag.Timestamp));
        }
    }

    /// <summary>
    /// Waits while the stages are far behind: on a busy machine they would lose samples, as they should, but that is not what these tests are about. What is announced a
    /// few seconds behind what was sent is in no queue; where nothing is announced for other reasons, it goes on after a while.
    /// </summary>
    private async Task PaceAsync(TimeSpan sent)
    {
        await Poll.UntilAsync(() => Publication is null || Publication.Value.Publication.Samples.Count < 256);
        var lead = WallClockAt(sent) - TimeSpan.FromSeconds(6);
        for (; Publication is not null && Announced() < lead && _waited < 300; _waited++)
        {
            await Task.Delay(10);
        }

        // Where nothing is announced for other reasons that is so for all samples that follow: it is waited for once.
        _waited = Announced() < lead ? _waited : 0;
    }

    /// <summary>The encoder is gone; returns when all that it sent is on the timeline.</summary>
    public async Task GoneAsync()
    {
        _feed.Complete();
        if (Publication is { } publication)
        {
            await publication.Running.WaitAsync(TimeSpan.FromSeconds(20)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends its configurations again, as they are now.</summary>
    public void Configure()
    {
        var at = TimeSpan.FromSeconds((double)_pictures / PictureRate);
        if (HasPictures)
        {
            Take(9, at, Timestamp(at), VideoRecord is { } record ? [0x17, 0, 0, 0, 0, .. record] : IsReconfigured ? OtherVideoConfiguration : VideoConfiguration);
        }

        if (HasSound)
        {
            Take(8, at, Timestamp(at), AudioRecord is { } sound ? [0xAF, 0, .. sound] : AudioConfiguration);
        }
    }

    private void Picture()
    {
        var at = TimeSpan.FromSeconds((double)_pictures / PictureRate);
        var isKey = !HidesKeyframes && _pictures % (long)Math.Round(KeyframeSeconds * PictureRate) == 0;
        byte[] payload = [0, 0, 0, 9, (byte)(isKey ? 0x65 : 0x41), .. Number(_pictures, Name)];
        _pictures++;
        if (HasPictures)
        {
            Keep(Pictures, payload);
            Take(9, at, Timestamp(at), (byte[])[(byte)(isKey ? 0x17 : 0x27), 1, 0, 0, 0, .. payload]);
        }
    }

    private void Sound()
    {
        var at = TimeSpan.FromSeconds(_sounds * 1024.0 / SoundRate);
        byte[] payload = [0x21, .. Number(_sounds, Name)];
        _sounds++;
        if (HasSound)
        {
            Keep(Sounds, payload);
            Take(8, at, Timestamp(at), (byte[])[0xAF, 1, .. payload]);
        }
    }

    private void Keep(List<byte[]> kept, byte[] payload)
    {
        if (Keeps)
        {
            kept.Add(payload);
        }
    }

    private void Take(byte type, TimeSpan at, uint timestamp, ReadOnlyMemory<byte> body)
    {
        var late = WallClockAt(at) - Ahead - time.GetUtcNow();
        if (late > TimeSpan.Zero)
        {
            time.Advance(late);
        }

        _feed.Process(new RtmpMessage(type, 1, timestamp, body), time.GetUtcNow());
    }

    /// <summary>When a real encoder would send what its own clock has at a time since its beginning.</summary>
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
