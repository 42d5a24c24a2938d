using System.Numerics;

namespace Broadcast.Media;

/// <summary>The beginning of an E-AC-3 syncframe (ETSI TS 102 366, E.1.2.2).</summary>
/// <param name="IsDependent">Whether it adds channels to the independent substream before it.</param>
/// <param name="Substream">substreamid, 0 to 7.</param>
/// <param name="Length">Bytes of the frame.</param>
/// <param name="RateCode">fscod: 0 is 48, 1 is 44.1, 2 is 32 kHz, 3 is half of one of them.</param>
/// <param name="Blocks">Blocks of 256 samples: 1, 2, 3 or 6.</param>
/// <param name="ChannelMode">acmod.</param>
/// <param name="HasEffects">lfeon.</param>
/// <param name="StreamId">bsid, 11 to 16.</param>
/// <param name="Places">Which channels a dependent substream brings, as chan_loc of <c>dec3</c> numbers them.</param>
internal readonly record struct Eac3Frame(
    bool IsDependent, int Substream, int Length, int RateCode, int Blocks, int ChannelMode, bool HasEffects, int StreamId, int Places)
{
    private const int LongestHead = 12;

    // Pairs of loudspeakers count twice (table F.6.1).
    private static readonly byte[] PlaceChannels = [2, 2, 1, 1, 2, 2, 2, 1, 1];

    /// <summary>Channels of a chan_loc.</summary>
    public static int ChannelsOf(int places)
    {
        var channels = 0;
        for (var rest = places; rest != 0; rest &= rest - 1)
        {
            channels += PlaceChannels[BitOperations.TrailingZeroCount(rest)];
        }

        return channels;
    }

    /// <summary>Reads the frame at the beginning of some bytes; <see langword="false"/> when there is none, or not all of it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Eac3Frame frame)
    {
        frame = default;
        if (bytes.Length < LongestHead || bytes[0] != 0x0B || bytes[1] != 0x77)
        {
            return false;
        }

        var bits = new BitReader(bytes[2..LongestHead], "E-AC-3 frame");
        var (type, substream, length) = ((int)bits.Bits(2), (int)bits.Bits(3), ((int)bits.Bits(11) + 1) * 2);
        var (rate, blockCode) = ((int)bits.Bits(2), (int)bits.Bits(2));
        var (mode, hasEffects, stream) = ((int)bits.Bits(3), bits.Flag(), (int)bits.Bits(5));
        if (type == 3 || stream is < 11 or > 16 || length < LongestHead || length > bytes.Length)
        {
            return false;
        }

        var places = type == 1 ? ReadPlaces(ref bits, mode) : 0;
        var blocks = rate == 3 || blockCode == 3 ? 6 : blockCode + 1;
        frame = new Eac3Frame(type == 1, substream, length, rate, blocks, mode, hasEffects, stream, places);
        return true;
    }

    /// <summary>Samples of a payload that is whole frames of all substreams and nothing else, by its first substream; 0 when it is not.</summary>
    public static int SamplesIn(ReadOnlySpan<byte> payload)
    {
        var blocks = 0;
        var isFirst = true;
        while (!payload.IsEmpty)
        {
            if (!TryRead(payload, out var frame) || (isFirst && frame.IsDependent))
            {
                return 0;
            }

            isFirst = false;
            payload = payload[frame.Length..];
            blocks += !frame.IsDependent && frame.Substream == 0 ? frame.Blocks : 0;
        }

        return blocks * 256;
    }

    /// <summary>chanmap (table E.1.4): 16 places from the left of the field, of which 5 to 12 and 14 are not in the independent substream.</summary>
    private static int ReadPlaces(ref BitReader bits, int channelMode)
    {
        for (var programs = channelMode == 0 ? 2 : 1; programs > 0; programs--)
        {
            bits.Skip(5);
            bits.Skip(bits.Flag() ? 8 : 0);
        }

        if (!bits.Flag())
        {
            return 0;
        }

        var (map, places) = (bits.Bits(16), 0);
        for (var i = 0; i < 8; i++)
        {
            places |= (int)((map >> (15 - 5 - i)) & 1) << i;
        }

        return places | ((int)((map >> 1) & 1) << 8);
    }
}
