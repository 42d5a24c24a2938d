using Broadcast.Media;

namespace Broadcast.Transcoder.Audio;

/// <summary>One frame of silence, coded as a track's frames are.</summary>
/// <param name="Payload">Its bytes. Shared; never written to.</param>
/// <param name="Length">Its length, in ticks of the track's clock.</param>
internal readonly record struct SilentFrame(ReadOnlyMemory<byte> Payload, long Length)
{
    /// <summary>An Opus packet of 20 ms (RFC 6716, 3.1): CELT of the full band, with the flag that says silence. It stands for both channels of stereo, too.</summary>
    private static readonly ReadOnlyMemory<byte> Opus = new byte[] { 0xf8, 0xff, 0xfe };

    private const int OpusSamples = 960;

    /// <summary>Silence that can stand among a track's frames; <see langword="null"/> where we know none: there is one for AAC-LC, and for Opus of one or two channels.</summary>
    public static SilentFrame? In(Track track) => track.Config switch
    {
        CodecConfig.Opus { Sound: { Channels: <= 2, SampleRate: var rate } } => new SilentFrame(Opus, (long)OpusSamples * track.Timescale / rate),
        var config when SilentAac.In(config) is { } silence => new SilentFrame(silence.Payload, (long)silence.Samples * track.Timescale / silence.Config.Audio.SampleRate),
        _ => null,
    };
}
