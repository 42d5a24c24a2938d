using System.Numerics;

namespace Broadcast.Media.Codecs;

/// <summary>Header of an E-AC-3 syncframe (ETSI TS 102 366, E.1.2.2).</summary>
/// <param name="IsDependent">Whether the frame adds channels to the preceding independent substream.</param>
/// <param name="Substream">substreamid, 0 to 7.</param>
/// <param name="Length">Frame size in bytes.</param>
/// <param name="RateCode">fscod: 0 is 48 kHz, 1 is 44.1 kHz, 2 is 32 kHz, 3 is half of one of them.</param>
/// <param name="Blocks">Number of blocks of 256 samples: 1, 2, 3 or 6.</param>
/// <param name="ChannelMode">acmod.</param>
/// <param name="HasLfe">lfeon.</param>
/// <param name="StreamId">bsid, 11 to 16.</param>
/// <param name="ChannelLocations">Channel locations added by a dependent substream, as chan_loc of <c>dec3</c>.</param>
internal readonly record struct Eac3Frame(
    bool IsDependent, int Substream, int Length, int RateCode, int Blocks, int ChannelMode, bool HasLfe, int StreamId, int ChannelLocations)
{
    private const int MaxHeaderLength = 12;

    // Pairs of speakers count as two channels (table F.6.1).
    private static readonly byte[] LocationChannels = [2, 2, 1, 1, 2, 2, 2, 1, 1];

    /// <summary>Number of channels in a chan_loc.</summary>
    public static int ChannelsOf(int locations)
    {
        var channels = 0;
        for (var rest = locations; rest != 0; rest &= rest - 1)
        {
            channels += LocationChannels[BitOperations.TrailingZeroCount(rest)];
        }

        return channels;
    }

    /// <summary>Reads the frame at the start of a buffer; <see langword="false"/> when it is invalid or incomplete.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Eac3Frame frame)
    {
        frame = default;
        if (bytes.Length < MaxHeaderLength || bytes[0] != 0x0B || bytes[1] != 0x77)
        {
            return false;
        }

        var bits = new BitReader(bytes[2..MaxHeaderLength], "E-AC-3 frame");
        var (type, substream, length) = ((int)bits.Bits(2), (int)bits.Bits(3), ((int)bits.Bits(11) + 1) * 2);
        var (rate, blockCode) = ((int)bits.Bits(2), (int)bits.Bits(2));
        var (mode, hasLfe, stream) = ((int)bits.Bits(3), bits.Flag(), (int)bits.Bits(5));
        if (type == 3 || stream is < 11 or > 16 || length < MaxHeaderLength || length > bytes.Length)
        {
            return false;
        }

        var locations = type == 1 ? ReadChannelLocations(ref bits, mode) : 0;
        var blocks = rate == 3 || blockCode == 3 ? 6 : blockCode + 1;
        frame = new Eac3Frame(type == 1, substream, length, rate, blocks, mode, hasLfe, stream, locations);
        return true;
    }

    /// <summary>
    /// Samples in a payload of complete frames of all substreams, counted in the first substream; 0 when the payload contains anything
    /// else.
    /// </summary>
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

    /// <summary>
    /// Converts chanmap (table E.1.4) to chan_loc. Of its 16 locations, 5 to 12 and 14 (from the left) are not in the independent
    /// substream.
    /// </summary>
    private static int ReadChannelLocations(ref BitReader bits, int channelMode)
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

        var (map, locations) = (bits.Bits(16), 0);
        for (var i = 0; i < 8; i++)
        {
            locations |= (int)((map >> (15 - 5 - i)) & 1) << i;
        }

        return locations | ((int)((map >> 1) & 1) << 8);
    }
}
