using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Transcoder.Audio;

/// <summary>One encoded frame of silence, to be repeated.</summary>
/// <param name="Payload">The frame's bytes. Shared and read-only.</param>
/// <param name="Length">Duration in ticks of the track's timescale.</param>
internal readonly record struct SilentFrame(ReadOnlyMemory<byte> Payload, long Length)
{
    /// <summary>
    /// 20 ms of silent Opus: a one-frame packet, CELT, fullband, stereo or mono (RFC 6716, 3.1), with the silence flag (4.3, "silence").
    /// </summary>
    private static readonly ReadOnlyMemory<byte> StereoOpus = new byte[] { 0xfc, 0xff, 0xfe }, MonoOpus = new byte[] { 0xf8, 0xff, 0xfe };

    private const int OpusFramesPerSecond = 50;

    /// <summary>Silence in a track's format: AAC-LC, or Opus with one or two channels; <see langword="null"/> for other codecs.</summary>
    public static SilentFrame? ForTrack(Track track) => track.Config switch
    {
        CodecConfig.Opus { AudioFormat.Channels: 2 } => new SilentFrame(StereoOpus, track.Timescale / OpusFramesPerSecond),
        CodecConfig.Opus { AudioFormat.Channels: 1 } => new SilentFrame(MonoOpus, track.Timescale / OpusFramesPerSecond),
        var config when SilentAac.ForConfig(config) is { } silence =>
            new SilentFrame(silence.Payload, (long)silence.Samples * track.Timescale / silence.Config.Audio.SampleRate),
        _ => null,
    };

    /// <summary>
    /// Silence that replaces a track's audio: in the same configuration if possible, so that players need no discontinuity, otherwise
    /// AAC-LC in stereo.
    /// </summary>
    /// <param name="audio">The track that stopped.</param>
    /// <returns>The track of the silence and its frame.</returns>
    public static (Track Track, SilentFrame Frame) Replacing(Track audio)
    {
        if (ForTrack(audio) is { } sameFormat)
        {
            return (audio, sameFormat);
        }

        var silence = SilentAac.Of();
        return (new Track(audio.Id, silence.Config, SilentAac.DefaultSampleRate, audio.Language, audio.Name),
            new SilentFrame(silence.Payload, silence.Samples));
    }
}
