using Broadcast.Media;
using Broadcast.Transcoder.Audio;

namespace Broadcast.Transcoder.Slate;

/// <summary>Silence in place of a source's sound: in its own configuration where that is AAC-LC or Opus, so that players need not be told, else in AAC-LC.</summary>
/// <param name="Track">The track.</param>
/// <param name="Payload">A frame, the same again and again.</param>
/// <param name="Step">Ticks of the track from frame to frame.</param>
internal sealed record SilentSound(Track Track, ReadOnlyMemory<byte> Payload, int Step)
{
    /// <summary>20 ms of Opus at 48 kHz without anything in them: a packet of one frame, CELT, full band, stereo or mono (RFC 6716, 3.1), and a frame that says silence (4.3, "silence").</summary>
    private static readonly byte[] StereoOpus = [0xFC, 0xFF, 0xFE], MonoOpus = [0xF8, 0xFF, 0xFE];

    private const int OpusRate = 48_000;

    /// <summary>Silence for a track.</summary>
    public static SilentSound For(Track sound)
    {
        if (sound.Config is CodecConfig.Opus opus && sound.Timescale == OpusRate && opus.Sound?.Channels is 1 or 2)
        {
            return new SilentSound(sound, opus.Sound?.Channels == 2 ? StereoOpus : MonoOpus, OpusRate / 50);
        }

        if (SilentAac.In(sound.Config) is { } own && sound.Timescale == own.Config.Audio.SampleRate)
        {
            return new SilentSound(sound, own.Payload, own.Samples);
        }

        var usual = SilentAac.Of();
        return new SilentSound(new Track(sound.Id, usual.Config, SilentAac.UsualSampleRate, sound.Language, sound.Name), usual.Payload, usual.Samples);
    }
}
