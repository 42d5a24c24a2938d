namespace Broadcast.Media.Codecs;

/// <summary>A parsed AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).</summary>
/// <param name="ObjectType">First signaled audio object type: 2 for AAC-LC, 5 for explicitly signaled SBR, 29 for PS.</param>
/// <param name="SampleRate">Sample rate of the core coder in Hz, which is also the timescale of its frames.</param>
/// <param name="Channels">Channels of the core coder, 1 to 8.</param>
/// <param name="SamplesPerFrame">Samples per frame: 1024 or 960.</param>
public sealed record AudioSpecificConfig(int ObjectType, int SampleRate, int Channels, int SamplesPerFrame)
{
    private static readonly int[] SampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

    /// <summary>Parses a configuration.</summary>
    /// <exception cref="InvalidCodecConfigException">The configuration is malformed, or not playable; the message names the
    /// problem.</exception>
    public static AudioSpecificConfig Parse(ReadOnlySpan<byte> config)
    {
        if (config.Length is < 2 or > 64)
        {
            throw new InvalidCodecConfigException($"An AudioSpecificConfig of {config.Length} bytes is invalid; expected 2 to 64 bytes.");
        }

        var bits = new BitReader(config, "AudioSpecificConfig");
        var signalled = ReadObjectType(ref bits);
        var sampleRate = ReadSampleRate(ref bits);
        var channelConfiguration = (int)bits.Bits(4);
        var core = signalled;
        if (signalled is 5 or 29)
        {
            ReadSampleRate(ref bits);
            core = ReadObjectType(ref bits);
        }

        if (core is not (1 or 2 or 3 or 4))
        {
            throw new InvalidCodecConfigException($"Audio object type {core} is not supported by players; set the encoder to AAC-LC.");
        }

        var channels = channelConfiguration switch
        {
            >= 1 and <= 6 => channelConfiguration,
            7 => 8,
            _ =>
                throw new InvalidCodecConfigException(
                    $"AAC channel configuration {channelConfiguration} is not supported; use mono, stereo or 5.1."),
        };

        return new AudioSpecificConfig(signalled, sampleRate, channels, bits.Flag() ? 960 : 1024);
    }

    private static int ReadObjectType(ref BitReader bits)
    {
        var type = (int)bits.Bits(5);
        return type == 31 ? 32 + (int)bits.Bits(6) : type;
    }

    private static int ReadSampleRate(ref BitReader bits)
    {
        var index = (int)bits.Bits(4);
        var rate = index switch
        {
            15 => (int)bits.Bits(24),
            _ when index < SampleRates.Length => SampleRates[index],
            _ => throw new InvalidCodecConfigException($"AAC sampling frequency index {index} is reserved."),
        };
        return rate is >= 7350 and <= 96000 ? rate
            : throw new InvalidCodecConfigException($"An AAC sample rate of {rate} Hz is outside 7,350 to 96,000.");
    }
}
