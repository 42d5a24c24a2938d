namespace Broadcast.Testing;

/// <summary>Generates FLAC frames (RFC 9639, 9): 192 samples per channel, stereo, 16 bits, one constant value.</summary>
public static class FlacFrame
{
    /// <summary>Samples per channel.</summary>
    public const int Samples = 192;

    /// <summary>Writes a frame.</summary>
    /// <param name="number">Frame number, 0 to 127.</param>
    /// <param name="value">Value of the samples; four bytes of the frame consist of two of these.</param>
    public static byte[] Write(byte number, short value = 0)
    {
        byte[] head = [0xFF, 0xF8, 0x1A, 0x18, number];
        byte[] body = [.. head, (byte)Sum(head, 8, 0x07), 0, (byte)(value >> 8), (byte)value, 0, (byte)(value >> 8), (byte)value];
        var sum = Sum(body, 16, 0x8005);
        return [.. body, (byte)(sum >> 8), (byte)sum];
    }

    /// <summary>Computes a checksum bit by bit.</summary>
    private static int Sum(byte[] bytes, int width, int polynomial)
    {
        var sum = 0;
        foreach (var value in bytes)
        {
            for (var bit = 7; bit >= 0; bit--)
            {
                var carry = ((sum >> (width - 1)) & 1) ^ ((value >> bit) & 1);
                sum = ((sum << 1) & ((1 << width) - 1)) ^ (carry == 1 ? polynomial : 0);
            }
        }

        return sum;
    }
}
