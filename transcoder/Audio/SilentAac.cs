using Broadcast.Media;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// Silence as AAC-LC: a configuration, and the one frame that is repeated. Nothing is encoded for it, because a frame without spectral data is the same few bytes at every sample rate
/// (ISO/IEC 14496-3, 4.4.2.1 <c>raw_data_block</c>); decoders make digital zeros of it, and fade to them from what came before.
/// </summary>
/// <param name="Config">The configuration.</param>
/// <param name="Payload">One frame, a <c>raw_data_block</c>: 4 bytes for mono, 6 for stereo. Shared; never written to.</param>
internal sealed record SilentAac(CodecConfig.Aac Config, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Sample rate where nothing else is known: what most encoders send, so that sound which comes later needs no other configuration.</summary>
    public const int UsualSampleRate = 48_000;

    /// <summary>Channels where nothing else is known.</summary>
    public const int UsualChannels = 2;

    private const int LowComplexity = 2;

    // Of raw_data_block: id_syn_ele of elements with one channel, with two, for low frequencies, and of the end.
    private const int Single = 0;
    private const int Pair = 1;
    private const int LowFrequency = 3;
    private const int End = 7;

    private static readonly int[] SampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

    /// <summary>A frame for each channel configuration of table 1.19, from 1 on; the last, 7, has eight channels.</summary>
    private static readonly ReadOnlyMemory<byte>[] Frames =
    [
        Frame(Single), Frame(Pair), Frame(Single, Pair), Frame(Single, Pair, Single), Frame(Single, Pair, Pair), Frame(Single, Pair, Pair, LowFrequency),
        Frame(Single, Pair, Pair, Pair, LowFrequency),
    ];

    /// <summary>Sound samples of a frame, each channel.</summary>
    public int Samples => Config.Audio.SamplesPerFrame;

    /// <summary>Silence of its own configuration.</summary>
    /// <param name="sampleRate">Samples a second, one of the thirteen that AAC has a number for (7,350 to 96,000).</param>
    /// <param name="channels">Channels, 1 to 6 or 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">AAC has no number for it.</exception>
    public static SilentAac Of(int sampleRate = UsualSampleRate, int channels = UsualChannels)
    {
        var (rate, layout) = (Array.IndexOf(SampleRates, sampleRate), channels switch { 7 => 0, 8 => 7, _ => channels });
        ArgumentOutOfRangeException.ThrowIfNegative(rate, nameof(sampleRate));
        ArgumentOutOfRangeException.ThrowIfLessThan(layout, 1, nameof(channels));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layout, Frames.Length, nameof(channels));
        var bits = (LowComplexity << 11) | (rate << 7) | (layout << 3);
        return new SilentAac(CodecConfig.Aac.Parse([(byte)(bits >> 8), (byte)bits]), Frames[layout - 1]);
    }

    /// <summary>Silence that goes on in a configuration which is there, so that players need not be told; <see langword="null"/> where it is no AAC-LC.</summary>
    public static SilentAac? In(CodecConfig config) =>
        config is CodecConfig.Aac { Audio.ObjectType: LowComplexity } aac ? new SilentAac(aac, Frames[aac.Audio.Channels == 8 ? 6 : aac.Audio.Channels - 1]) : null;

    /// <summary>Whether two configurations of AAC-LC say the same, though encoders spell them in more or fewer bytes.</summary>
    public static bool AreAlike(CodecConfig one, CodecConfig other) =>
        one.Equals(other) || (one is CodecConfig.Aac left && other is CodecConfig.Aac right && left.Audio == right.Audio && IsPlain(left) && IsPlain(right));

    /// <summary>Nothing but AAC-LC in it: two bytes, or five of which the last three say that there is no spectral band replication (1.6.2.1, <c>syncExtensionType</c> 0x2b7).</summary>
    private static bool IsPlain(CodecConfig.Aac config) =>
        config.Audio.ObjectType == LowComplexity && config.Record.Span is [_, _] or [_, _, 0x56, 0xe5, 0x00];

    /// <summary>Writes a <c>raw_data_block</c> whose channels all have no bands (<c>max_sfb</c> 0), which makes every field but the kinds of elements zero.</summary>
    private static ReadOnlyMemory<byte> Frame(params ReadOnlySpan<int> elements)
    {
        // A channel: global_gain 8, ics_info 11, pulse, TNS and gain control 3. A pair has one ics_info for both, and ms_mask_present 2.
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
