using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Transcoder.Audio;

/// <summary>One encoded frame of silence.</summary>
/// <param name="Payload">The frame's bytes. Shared and read-only.</param>
/// <param name="Length">Duration in ticks of the track's timescale.</param>
internal readonly record struct SilentFrame(ReadOnlyMemory<byte> Payload, long Length)
{
    /// <summary>An Opus packet of 20 ms (RFC 6716, 3.1): fullband CELT with the silence flag. It also serves for stereo.</summary>
    private static readonly ReadOnlyMemory<byte> Opus = new byte[] { 0xf8, 0xff, 0xfe };

    private const int OpusSamples = 960;

    /// <summary>Silence in a track's format: AAC-LC, or Opus with one or two channels; <see langword="null"/> for other codecs.</summary>
    public static SilentFrame? ForTrack(Track track) => track.Config switch
    {
        CodecConfig.Opus { AudioFormat: { Channels: <= 2, SampleRate: var rate } } =>
            new SilentFrame(Opus, (long)OpusSamples * track.Timescale / rate),
        var config when SilentAac.ForConfig(config) is { } silence =>
            new SilentFrame(silence.Payload, (long)silence.Samples * track.Timescale / silence.Config.Audio.SampleRate),
        _ => null,
    };
}
