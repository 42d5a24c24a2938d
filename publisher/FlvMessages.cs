using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Publisher;

/// <summary>
/// Converts samples to bodies of RTMP messages: H.264 and AAC as in FLV 10.1, annex E.4; HEVC and AV1 with the headers of Enhanced RTMP v2.
/// </summary>
public static class FlvMessages
{
    private const byte Audio = 8;
    private const byte Video = 9;
    private const byte Data = 18;
    private const byte AvcKeyframe = 0x17;
    private const byte AvcInterFrame = 0x27;

    // AAC, 44 kHz, 16 bits, stereo: fixed for AAC whatever its format is.
    private const byte AacAudio = 0xAF;
    private static readonly byte[] AacFrame = [AacAudio, 1];
    private const int MaxOffset = (1 << 23) - 1;

    /// <summary>
    /// FourCC of a codec that needs Enhanced RTMP; <see langword="null"/> for H.264 and AAC, and for codecs that are not supported.
    /// </summary>
    public static string? FourCcOf(CodecConfig config) => config switch
    {
        CodecConfig.Hevc => "hvc1",
        CodecConfig.Av1 => "av01",
        _ => null,
    };

    /// <summary>Returns whether samples of a codec can be converted.</summary>
    public static bool IsSupported(CodecConfig config) => config is CodecConfig.Avc or CodecConfig.Aac || FourCcOf(config) is not null;

    /// <summary>Creates the message with a track's configuration, timestamp 0.</summary>
    /// <exception cref="NotSupportedException">The codec is not supported (<see cref="IsSupported"/>).</exception>
    public static FlvTag Configuration(CodecConfig config) => config switch
    {
        CodecConfig.Avc => new(Video, 0, (byte[])[AvcKeyframe, 0, 0, 0, 0, .. config.Record.Span]),
        CodecConfig.Aac => new(Audio, 0, (byte[])[AacAudio, 0, .. config.Record.Span]),
        _ when FourCcOf(config) is { } codec =>
            new(Video, 0, EnhancedBody.Video(EnhancedPacket.SequenceStart, codec, config.Record.Span)),
        _ => throw new NotSupportedException($"Codec {config.CodecString} cannot be published over RTMP."),
    };

    /// <summary>Creates the message of a sample, timestamp 0. The payload is not copied (<see cref="FlvTag.Rest"/>).</summary>
    /// <exception cref="NotSupportedException">The codec is not supported (<see cref="IsSupported"/>).</exception>
    public static FlvTag Frame(in MediaSample sample)
    {
        switch (sample.Track.Config)
        {
            case CodecConfig.Aac:
                return new(Audio, 0, AacFrame) { Rest = sample.Payload };
            case CodecConfig.Avc:
                var offset = OffsetOf(sample);
                return new(Video, 0, (byte[])[sample.IsSync ? AvcKeyframe : AvcInterFrame, 1,
                    (byte)(offset >> 16), (byte)(offset >> 8), (byte)offset]) { Rest = sample.Payload };
            default:
                var codec = FourCcOf(sample.Track.Config)
                    ?? throw new NotSupportedException($"Codec {sample.Track.Config.CodecString} cannot be published over RTMP.");
                return new(Video, 0, EnhancedBody.Video(EnhancedPacket.CodedFrames, codec, [], sample.IsSync,
                    compositionOffset: OffsetOf(sample))) { Rest = sample.Payload };
        }
    }

    /// <summary>Creates the message <c>onMetaData</c>, which platforms read for the size and frame rate.</summary>
    public static FlvTag Metadata(Track? video, Track? audio)
    {
        var amf = new AmfWriter();
        amf.Text("onMetaData");
        using (amf.EcmaArray(0))
        {
            if (video is not null)
            {
                amf.Name("videocodecid").Number(FourCcOf(video.Config) is { } codec ? FourCcNumber(codec) : 7);
                if (video.Config.VideoFormat is { } format)
                {
                    amf.Name("width").Number(format.Width).Name("height").Number(format.Height);
                    if (format.FramesPerSecond > 0)
                    {
                        amf.Name("framerate").Number(format.FramesPerSecond);
                    }
                }
            }

            if (audio?.Config.AudioFormat is { } audioFormat)
            {
                amf.Name("audiocodecid").Number(10).Name("audiosamplerate").Number(audioFormat.SampleRate)
                    .Name("audiochannels").Number(audioFormat.Channels).Name("stereo").Boolean(audioFormat.Channels == 2);
            }

            amf.Name("encoder").Text("Broadcast");
        }

        return new(Data, 0, amf.Written.ToArray());
    }

    // A signed 24-bit number of milliseconds.
    private static int OffsetOf(in MediaSample sample)
    {
        var ticks = sample.Present.Ticks - sample.Decode.Ticks;
        var half = sample.Track.Timescale / 2;
        var milliseconds = (ticks * 1000 + (ticks < 0 ? -half : half)) / sample.Track.Timescale;
        return (int)Math.Clamp(milliseconds, -MaxOffset, MaxOffset);
    }

    private static double FourCcNumber(string codec) =>
        ((uint)codec[0] << 24) | ((uint)codec[1] << 16) | ((uint)codec[2] << 8) | codec[3];
}
