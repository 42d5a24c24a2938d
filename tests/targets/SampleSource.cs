using System.Buffers.Binary;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Targets.Tests;

/// <summary>Samples of one session: video at 25 frames per second with a keyframe each second, and AAC at 48 kHz.</summary>
internal sealed class SampleSource
{
    public static readonly Rendition VideoRendition = new("source", TrackKind.Video, IsLeading: true);
    public static readonly Rendition AudioRendition = new("audio", TrackKind.Audio, IsLeading: false);

    /// <summary>H.264.</summary>
    public static readonly CodecConfig Avc = CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8"));

    /// <summary>The same with another PPS.</summary>
    public static readonly CodecConfig Changed = CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC9"));

    public static readonly CodecConfig Aac = CodecConfig.Aac.Parse([0x11, 0x90]);
    private readonly Track _audio = new(2, Aac, 48_000);
    private Track _video = new(1, Avc, MediaTime.VideoTimescale);
    private long _frames;
    private long _audioFrames;

    /// <summary>Size of a video frame in bytes.</summary>
    public int FrameSize { get; set; } = 300;

    /// <summary>Changes the configuration from the next frame on.</summary>
    public void Change(CodecConfig config) => _video = _video with { Config = config };

    /// <summary>Leaves out some time, as without an encoder and a slate.</summary>
    public void Skip(TimeSpan time)
    {
        _frames += (long)(time.TotalSeconds * 25);
        _audioFrames = _frames * 40 * 48 / 1024;
    }

    /// <summary>Samples of the next frames, in order of arrival.</summary>
    public IEnumerable<RenditionSample> Frames(int count)
    {
        for (var i = 0; i < count; i++, _frames++)
        {
            var decode = new MediaTime(_frames * 3600, MediaTime.VideoTimescale);
            var payload = new byte[FrameSize];
            BinaryPrimitives.WriteInt32BigEndian(payload, FrameSize - 4);
            payload[4] = _frames % 25 == 0 ? (byte)0x65 : (byte)0x41;
            BinaryPrimitives.WriteInt64BigEndian(payload.AsSpan(5), _frames);
            yield return new(VideoRendition, new(_video, decode, decode + new MediaTime(7200, MediaTime.VideoTimescale), _frames % 25 == 0,
                payload, DateTimeOffset.UnixEpoch));
            for (; _audioFrames * 1024 < (_frames + 1) * 1920; _audioFrames++)
            {
                var time = new MediaTime(_audioFrames * 1024, 48_000);
                yield return new(AudioRendition, new(_audio, time, time, true, new byte[] { 0x21, 0x11, (byte)_audioFrames },
                    DateTimeOffset.UnixEpoch));
            }
        }
    }
}
