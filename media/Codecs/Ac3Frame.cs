namespace Broadcast.Media.Codecs;

/// <summary>Header of an AC-3 syncframe (ETSI TS 102 366, 4.3 and 4.4).</summary>
/// <param name="RateCode">fscod: 0 is 48 kHz, 1 is 44.1 kHz, 2 is 32 kHz.</param>
/// <param name="StreamId">bsid, 8 or less.</param>
/// <param name="Mode">bsmod: the type of service.</param>
/// <param name="ChannelMode">acmod: the channels except low-frequency effects.</param>
/// <param name="HasLfe">lfeon: whether there is a low-frequency effects channel.</param>
/// <param name="BitRateCode">frmsizecod without its lowest bit: the bitrate index.</param>
/// <param name="Length">Frame size in bytes.</param>
internal readonly record struct Ac3Frame(int RateCode, int StreamId, int Mode, int ChannelMode, bool HasLfe, int BitRateCode, int Length)
{
    /// <summary>Samples per frame: six blocks of 256.</summary>
    public const int Samples = 1536;

    private const int MaxHeaderLength = 8;

    private static readonly int[] Rates = [48_000, 44_100, 32_000];
    private static readonly byte[] ChannelCounts = [2, 1, 2, 3, 3, 4, 4, 5];
    private static readonly int[] KilobitRates = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

    /// <summary>Sample rate of an fscod below 3, in Hz.</summary>
    public static int RateOf(int code) => Rates[code];

    /// <summary>Number of channels for acmod and lfeon.</summary>
    public static int ChannelsOf(int channelMode, bool hasLfe) => ChannelCounts[channelMode] + (hasLfe ? 1 : 0);

    /// <summary>Reads the frame at the start of a buffer; <see langword="false"/> when it is invalid or incomplete.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Ac3Frame frame)
    {
        frame = default;
        if (bytes.Length < MaxHeaderLength || bytes[0] != 0x0B || bytes[1] != 0x77)
        {
            return false;
        }

        var (rate, size, stream) = (bytes[4] >> 6, bytes[4] & 63, bytes[5] >> 3);
        if (rate == 3 || size >= KilobitRates.Length * 2 || stream > 8)
        {
            return false;
        }

        var bits = new BitReader(bytes[6..MaxHeaderLength], "AC-3 frame");
        var mode = (int)bits.Bits(3);
        bits.Skip((mode & 1) != 0 && mode != 1 ? 2 : 0); // center mix level
        bits.Skip((mode & 4) != 0 ? 2 : 0); // surround mix level
        bits.Skip(mode == 2 ? 2 : 0); // Dolby Surround mode
        var length = LengthOf(rate, size);
        frame = new Ac3Frame(rate, stream, bytes[5] & 7, mode, bits.Flag(), size >> 1, length);
        return length <= bytes.Length;
    }

    /// <summary>Samples in a payload of complete frames; 0 when the payload contains anything else.</summary>
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

    /// <summary>
    /// Table 4.13: frame size in 16-bit words; at 44.1 kHz rounded down, plus one when the lowest bit of frmsizecod is set.
    /// </summary>
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
