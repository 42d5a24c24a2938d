using Broadcast.Media.Codecs;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// Silent AAC-LC: a configuration and one frame that is repeated. No encoder runs: a frame without spectral data has the same few bytes at
/// every sample rate (ISO/IEC 14496-3, 4.4.2.1 <c>raw_data_block</c>). Decoders output digital zeros and fade to them from the preceding
/// audio.
/// </summary>
/// <param name="Config">The configuration.</param>
/// <param name="Payload">One frame, a <c>raw_data_block</c>: 4 bytes for mono, 6 for stereo. Shared and read-only.</param>
internal sealed record SilentAac(CodecConfig.Aac Config, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Default sample rate. Most encoders send it, so audio that starts later needs no other configuration.</summary>
    public const int DefaultSampleRate = 48_000;

    /// <summary>Default number of channels.</summary>
    public const int DefaultChannels = 2;

    private const int LowComplexity = 2;

    // raw_data_block: id_syn_ele of single-channel, channel-pair and LFE elements, and of the end.
    private const int Single = 0;
    private const int Pair = 1;
    private const int LowFrequency = 3;
    private const int End = 7;

    private static readonly int[] SampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

    /// <summary>One frame per channel configuration of table 1.19, starting with 1. The last one, 7, has eight channels.</summary>
    private static readonly ReadOnlyMemory<byte>[] Frames =
    [
        Frame(Single), Frame(Pair), Frame(Single, Pair), Frame(Single, Pair, Single), Frame(Single, Pair, Pair),
        Frame(Single, Pair, Pair, LowFrequency),
        Frame(Single, Pair, Pair, Pair, LowFrequency),
    ];

    /// <summary>Audio samples per frame and channel.</summary>
    public int Samples => Config.Audio.SamplesPerFrame;

    /// <summary>Creates silence with the given configuration.</summary>
    /// <param name="sampleRate">Samples per second: one of the 13 rates with an AAC index (7,350 to 96,000).</param>
    /// <param name="channels">Channels, 1 to 6 or 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">AAC has no index for the value.</exception>
    public static SilentAac Of(int sampleRate = DefaultSampleRate, int channels = DefaultChannels)
    {
        var (rate, layout) = (Array.IndexOf(SampleRates, sampleRate), channels switch { 7 => 0, 8 => 7, _ => channels });
        ArgumentOutOfRangeException.ThrowIfNegative(rate, nameof(sampleRate));
        ArgumentOutOfRangeException.ThrowIfLessThan(layout, 1, nameof(channels));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layout, Frames.Length, nameof(channels));
        var bits = (LowComplexity << 11) | (rate << 7) | (layout << 3);
        return new SilentAac(CodecConfig.Aac.Parse([(byte)(bits >> 8), (byte)bits]), Frames[layout - 1]);
    }

    /// <summary>
    /// Silence in an existing configuration, so that players need no discontinuity; <see langword="null"/> if it is not AAC-LC.
    /// </summary>
    public static SilentAac? ForConfig(CodecConfig config) =>
        config is CodecConfig.Aac { Audio.ObjectType: LowComplexity } aac
        ? new SilentAac(aac, Frames[aac.Audio.Channels == 8 ? 6 : aac.Audio.Channels - 1]) : null;

    /// <summary>Returns whether two AAC-LC configurations are equivalent. Encoders write the same configuration in two or five
    /// bytes.</summary>
    public static bool AreEquivalent(CodecConfig one, CodecConfig other) =>
        one.Equals(other) || (one is CodecConfig.Aac left && other is CodecConfig.Aac right && left.Audio == right.Audio && IsPlain(left)
            && IsPlain(right));

    /// <summary>
    /// Returns whether the record contains plain AAC-LC: two bytes, or five whose last three signal no SBR (1.6.2.1,
    /// <c>syncExtensionType</c> 0x2b7).
    /// </summary>
    private static bool IsPlain(CodecConfig.Aac config) =>
        config.Audio.ObjectType == LowComplexity && config.Record.Span is [_, _] or [_, _, 0x56, 0xe5, 0x00];

    /// <summary>
    /// Builds a <c>raw_data_block</c> whose channels have no bands (<c>max_sfb</c> 0). All fields except the element types are zero.
    /// </summary>
    private static ReadOnlyMemory<byte> Frame(params ReadOnlySpan<int> elements)
    {
        // Bits per channel: global_gain 8, ics_info 11, pulse, TNS and gain control 3. A pair shares one ics_info and adds ms_mask_present,
        // 2.
        const int info = 11, channel = 8 + 3, tag = 4;
        var frame = new byte[32];
        var at = 0;
        Span<int> tags = stackalloc int[End];
        foreach (var element in elements)
        {
            Write(frame, ref at, element, 3);
            Write(frame, ref at, tags[element]++, tag);
            Write(frame, ref at, element == Pair ? 1 : 0, element == Pair ? 1 : 0);
            Write(frame, ref at, 0, element == Pair ? info + 2 + (2 * channel) : info + channel);
        }

        Write(frame, ref at, End, 3);
        return frame.AsMemory(0, (at + 7) / 8);
    }

    private static void Write(Span<byte> to, ref int at, int value, int bits)
    {
        for (var i = bits - 1; i >= 0; i--, at++)
        {
            to[at / 8] |= (byte)(i < 31 ? ((value >> i) & 1) << (7 - (at % 8)) : 0);
        }
    }
}
