using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Control;

/// <summary>
/// One-time codes by the clock (RFC 6238) as every authenticator app makes them: HMAC-SHA-1 over the number of the 30 s that run since 1970, cut to 6 digits (RFC 4226, section 5.3). SHA-1 because some apps read no
/// other; what is known against it does not touch its HMAC.
/// </summary>
internal static class Totp
{
    /// <summary>Seconds that a code lasts.</summary>
    public const int Period = 30;

    /// <summary>Digits of a code.</summary>
    public const int Digits = 6;

    /// <summary>Bytes of a new secret (RFC 4226, section 4, R6: 160 bits are recommended).</summary>
    public const int SecretLength = 20;

    private const int Modulus = 1_000_000;
    private const string Base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>A new secret.</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretLength);

    /// <summary>The number of the 30 s in which an instant is.</summary>
    public static long StepOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / Period;

    /// <summary>The code of a step.</summary>
    public static string CodeOf(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // What RFC 6238 says; see above.
        HMACSHA1.HashData(secret, counter, mac);
#pragma warning restore CA5350
        var truncated = BinaryPrimitives.ReadInt32BigEndian(mac[(mac[^1] & 0xF)..]) & int.MaxValue;
        return (truncated % Modulus).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>The step whose code this is: the one that runs, the one before or the one after, for clocks that differ (RFC 6238, section 5.2).</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="code">What was typed.</param>
    /// <param name="now">What time it is.</param>
    /// <param name="after">Only steps after this one count: a code is taken once.</param>
    /// <returns>The step; <see langword="null"/> when it is none of them.</returns>
    public static long? Match(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long after)
    {
        long? found = null;
        var given = Encoding.UTF8.GetBytes(code);
        for (var step = StepOf(now) - 1; step <= StepOf(now) + 1; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(CodeOf(secret, step))) && step > after)
            {
                found = step;
            }
        }

        return found;
    }

    /// <summary>A secret as it is typed into an app (RFC 4648, section 6, without padding).</summary>
    public static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder((bytes.Length * 8 + 4) / 5);
        var (buffer, bits) = (0, 0);
        foreach (var one in bytes)
        {
            buffer = ((buffer << 8) | one) & 0xFFFF;
            for (bits += 8; bits >= 5; bits -= 5)
            {
                text.Append(Base32Alphabet[(buffer >> (bits - 5)) & 31]);
            }
        }

        return bits == 0 ? text.ToString() : text.Append(Base32Alphabet[(buffer << (5 - bits)) & 31]).ToString();
    }

    /// <summary>What apps read from a QR code (Google Authenticator's key URI format).</summary>
    public static string UriOf(string issuer, string name, ReadOnlySpan<byte> secret) =>
        $"otpauth://totp/{Uri.EscapeDataString(issuer)}:{Uri.EscapeDataString(name)}?secret={Base32(secret)}&issuer={Uri.EscapeDataString(issuer)}&algorithm=SHA1&digits={Digits}&period={Period}";
}
