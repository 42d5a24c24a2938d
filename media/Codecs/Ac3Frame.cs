namespace Broadcast.Media;

/// <summary>The beginning of an AC-3 syncframe (ETSI TS 102 366, 4.3 and 4.4).</summary>
/// <param name="RateCode">fscod: 0 is 48, 1 is 44.1, 2 is 32 kHz.</param>
/// <param name="StreamId">bsid, 8 or less.</param>
/// <param name="Mode">bsmod: what kind of service it is.</param>
/// <param name="ChannelMode">acmod: which channels besides low-frequency effects.</param>
/// <param name="HasEffects">lfeon.</param>
/// <param name="BitRateCode">frmsizecod without its lowest bit: an index of bit rates.</param>
/// <param name="Length">Bytes of the frame.</param>
internal readonly record struct Ac3Frame(int RateCode, int StreamId, int Mode, int ChannelMode, bool HasEffects, int BitRateCode, int Length)
{
    /// <summary>Samples in every frame: six blocks of 256.</summary>
    public const int Samples = 1536;

    private const int LongestHead = 8;

    private static readonly int[] Rates = [48_000, 44_100, 32_000];
    private static readonly byte[] ChannelCounts = [2, 1, 2, 3, 3, 4, 4, 5];
    private static readonly int[] KilobitRates = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

    /// <summary>Sample rate of a code that is below 3.</summary>
    public static int RateOf(int code) => Rates[code];

    /// <summary>Channels of acmod and lfeon.</summary>
    public static int ChannelsOf(int channelMode, bool hasEffects) => ChannelCounts[channelMode] + (hasEffects ? 1 : 0);

    /// <summary>Reads the frame at the beginning of some bytes; <see langword="false"/> when there is none, or not all of it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Ac3Frame frame)
    {
        frame = default;
        if (bytes.Length < LongestHead || bytes[0] != 0x0B || bytes[1] != 0x77)
        {
            return false;
        }

        var (rate, size, stream) = (bytes[4] >> 6, bytes[4] & 63, bytes[5] >> 3);
        if (rate == 3 || size >= KilobitRates.Length * 2 || stream > 8)
        {
            return false;
        }

        var bits = new BitReader(bytes[6..LongestHead], "AC-3 frame");
        var mode = (int)bits.Bits(3);
        bits.Skip((mode & 1) != 0 && mode != 1 ? 2 : 0); // center mix
        bits.Skip((mode & 4) != 0 ? 2 : 0); // surround mix
        bits.Skip(mode == 2 ? 2 : 0); // Dolby Surround
        var length = LengthOf(rate, size);
        frame = new Ac3Frame(rate, stream, bytes[5] & 7, mode, bits.Flag(), size >> 1, length);
        return length <= bytes.Length;
    }

    /// <summary>Samples of a payload that is whole frames and nothing else; 0 when it is not.</summary>
    public static int SamplesIn(ReadOnlySpan<byte> payload)
    {
        var samples = 0;
        while (!payload.IsEmpty)
        {
            if (!TryRead(payload, out var frame))
            {
                return 0;
            }

            payload = payload[frame.Length..];
            samples += Samples;
        }

        return samples;
    }

    /// <summary>Table 4.13: words of 16 bits that hold 1,536 samples; at 44.1 kHz rounded down, and one more where the lowest bit says so.</summary>
    private static int LengthOf(int rate, int size)
    {
        var kilobits = KilobitRates[size >> 1];
        return rate switch
        {
            0 => kilobits * 4,
            2 => kilobits * 6,
            _ => ((kilobits * 1000 * Samples / 44_100 / 16) + (size & 1)) * 2,
        };
    }
}
