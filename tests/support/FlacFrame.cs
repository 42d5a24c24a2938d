namespace Broadcast.Testing;

/// <summary>Frames of FLAC by hand (RFC 9639, 9): 192 samples a channel, stereo, 16 bits, the same value all through.</summary>
public static class FlacFrame
{
    /// <summary>Samples of each channel.</summary>
    public const int Samples = 192;

    /// <summary>Writes one.</summary>
    /// <param name="number">Its number, 0 to 127.</param>
    /// <param name="value">The value; four bytes of the frame are two of these.</param>
    public static byte[] Write(byte number, short value = 0)
    {
        byte[] head = [0xFF, 0xF8, 0x1A, 0x18, number];
        byte[] body = [.. head, (byte)Sum(head, 8, 0x07), 0, (byte)(value >> 8), (byte)value, 0, (byte)(value >> 8), (byte)value];
        var sum = Sum(body, 16, 0x8005);
        return [.. body, (byte)(sum >> 8), (byte)sum];
    }

    /// <summary>A checksum, bit by bit.</summary>
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
