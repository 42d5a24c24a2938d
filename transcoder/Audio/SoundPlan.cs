using Broadcast.Media;

namespace Broadcast.Transcoder.Audio;

/// <summary>What sound is encoded to, as AAC-LC.</summary>
/// <param name="SampleRate">Samples a second, 16,000 to 48,000.</param>
/// <param name="Channels">1 or 2.</param>
/// <param name="BitsPerSecond">Bits a second.</param>
internal sealed record SoundTarget(int SampleRate, int Channels, int BitsPerSecond);

/// <summary>What becomes of a track of sound where something may be encoded. Pure.</summary>
/// <param name="Passes">Whether it is passed on as it is.</param>
/// <param name="Target">What it is encoded to, instead of that or beside it; <see langword="null"/> when players take it as it is.</param>
internal sealed record SoundPlan(bool Passes, SoundTarget? Target)
{
    private static readonly SoundPlan AsItIs = new(true, null);

    private static readonly int[] Rates = [16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

    /// <summary>
    /// AAC-LC, HE-AAC and Opus with one or two channels are what players take. What some of them take (more channels, AC-3, E-AC-3) is passed on with a copy for the others. Anything else (FLAC, other kinds of
    /// AAC, sample rates below 16 or above 48 kHz) is replaced.
    /// </summary>
    public static SoundPlan For(CodecConfig config) => config switch
    {
        CodecConfig.Aac { Audio: { ObjectType: 5 or 29, Channels: <= 2 } } => AsItIs,
        CodecConfig.Aac { Audio: { ObjectType: 2, Channels: <= 2, SampleRate: >= 16_000 and <= 48_000 } } => AsItIs,
        CodecConfig.Opus { Sound.Channels: <= 2 } => AsItIs,
        CodecConfig.Aac { Audio: { ObjectType: 2 or 5 or 29, Channels: > 2, SampleRate: <= 48_000 } } or CodecConfig.Opus or CodecConfig.Ac3 or CodecConfig.Eac3 => new(true, TargetOf(config.Sound!)),
        { Sound: { } sound } => new(false, TargetOf(sound)),
        _ => AsItIs,
    };

    private static SoundTarget TargetOf(SoundFormat sound)
    {
        var channels = Math.Clamp(sound.Channels, 1, 2);
        var rate = sound.SampleRate > Rates[^1] ? (sound.SampleRate % 44_100 == 0 ? 44_100 : 48_000) : Array.Find(Rates, r => r >= sound.SampleRate);
        return new SoundTarget(rate, channels, (rate >= 32_000 ? 80_000 : 48_000) * channels);
    }
}
