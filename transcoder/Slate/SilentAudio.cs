using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Audio;

namespace Broadcast.Transcoder.Slate;

/// <summary>
/// Silence that replaces a source's audio: in the same configuration for AAC-LC and Opus, so that players need no discontinuity, otherwise
/// AAC-LC.
/// </summary>
/// <param name="Track">The track.</param>
/// <param name="Payload">One frame, repeated.</param>
/// <param name="FrameDuration">Frame duration in ticks of the track.</param>
internal sealed record SilentAudio(Track Track, ReadOnlyMemory<byte> Payload, int FrameDuration)
{
    /// <summary>
    /// 20 ms of silent Opus at 48 kHz: a one-frame packet, CELT, fullband, stereo or mono (RFC 6716, 3.1), with the silence flag (4.3,
    /// "silence").
    /// </summary>
    private static readonly byte[] StereoOpus = [0xFC, 0xFF, 0xFE], MonoOpus = [0xF8, 0xFF, 0xFE];

    private const int OpusRate = 48_000;

    /// <summary>Creates silence for an audio track.</summary>
    public static SilentAudio For(Track audio)
    {
        if (audio.Config is CodecConfig.Opus opus && audio.Timescale == OpusRate && opus.AudioFormat?.Channels is 1 or 2)
        {
            return new SilentAudio(audio, opus.AudioFormat?.Channels == 2 ? StereoOpus : MonoOpus, OpusRate / 50);
        }

        if (SilentAac.ForConfig(audio.Config) is { } inTrackFormat && audio.Timescale == inTrackFormat.Config.Audio.SampleRate)
        {
            return new SilentAudio(audio, inTrackFormat.Payload, inTrackFormat.Samples);
        }

        var defaultSilence = SilentAac.Of();
        return new SilentAudio(new Track(audio.Id, defaultSilence.Config, SilentAac.DefaultSampleRate, audio.Language, audio.Name),
            defaultSilence.Payload, defaultSilence.Samples);
    }
}
