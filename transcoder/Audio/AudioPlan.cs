using Broadcast.Media.Codecs;

namespace Broadcast.Transcoder.Audio;

/// <summary>Audio encoding target; the codec is AAC-LC.</summary>
/// <param name="SampleRate">Samples per second, 16,000 to 48,000.</param>
/// <param name="Channels">1 or 2.</param>
/// <param name="BitsPerSecond">Bits per second.</param>
internal sealed record AudioEncodeTarget(int SampleRate, int Channels, int BitsPerSecond);

/// <summary>Decides how an audio track is delivered. Pure.</summary>
/// <param name="Passes">Whether the track is passed through.</param>
/// <param name="Target">
/// Target to encode to, instead of or in addition to passthrough; <see langword="null"/> if players support the source.
/// </param>
internal sealed record AudioPlan(bool Passes, AudioEncodeTarget? Target)
{
    private static readonly AudioPlan Passthrough = new(true, null);

    private static readonly int[] Rates = [16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

    /// <summary>
    /// Plans one track. AAC-LC, HE-AAC and Opus with one or two channels pass through. Formats that only some players support (more
    /// channels, AC-3, E-AC-3) pass through and are also encoded. Other formats (FLAC, other AAC profiles, sample rates below 16 or above
    /// 48 kHz) are encoded only.
    /// </summary>
    public static AudioPlan For(CodecConfig config) => config switch
    {
        CodecConfig.Aac { Audio: { ObjectType: 5 or 29, Channels: <= 2 } } => Passthrough,
        CodecConfig.Aac { Audio: { ObjectType: 2, Channels: <= 2, SampleRate: >= 16_000 and <= 48_000 } } => Passthrough,
        CodecConfig.Opus { AudioFormat.Channels: <= 2 } => Passthrough,
        CodecConfig.Aac { Audio: { ObjectType: 2 or 5 or 29, Channels: > 2, SampleRate: <= 48_000 } } or CodecConfig.Opus or CodecConfig.Ac3
            or CodecConfig.Eac3 => new(true, TargetOf(config.AudioFormat!)),
        { AudioFormat: { } audio } => new(false, TargetOf(audio)),
        _ => Passthrough,
    };

    private static AudioEncodeTarget TargetOf(AudioFormat audio)
    {
        var channels = Math.Clamp(audio.Channels, 1, 2);
        var rate = audio.SampleRate > Rates[^1] ? (audio.SampleRate % 44_100 == 0 ? 44_100 : 48_000)
            : Array.Find(Rates, r => r >= audio.SampleRate);
        return new AudioEncodeTarget(rate, channels, (rate >= 32_000 ? 80_000 : 48_000) * channels);
    }
}
