using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Control.Identity;

/// <summary>
/// Time-based one-time passwords (RFC 6238): HMAC-SHA-1 over the number of the 30-second step since 1970, truncated to 6 digits (RFC 4226,
/// section 5.3). SHA-1 because some apps support nothing else; its known weaknesses do not affect HMAC.
/// </summary>
internal static class Totp
{
    /// <summary>Validity of a code, in seconds.</summary>
    public const int Period = 30;

    /// <summary>Number of digits.</summary>
    public const int Digits = 6;

    /// <summary>Length of a new secret, in bytes (RFC 4226, section 4, R6: 160 bits are recommended).</summary>
    public const int SecretLength = 20;

    private const int Modulus = 1_000_000;
    private const string Base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>Creates a secret.</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretLength);

    /// <summary>Gets the step of a time.</summary>
    public static long StepOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / Period;

    /// <summary>Computes the code of a step.</summary>
    public static string CodeOf(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // Required by RFC 6238; see above.
        HMACSHA1.HashData(secret, counter, mac);
#pragma warning restore CA5350
        var truncated = BinaryPrimitives.ReadInt32BigEndian(mac[(mac[^1] & 0xF)..]) & int.MaxValue;
        return (truncated % Modulus).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Finds the step of a code: the current, previous or next one, to allow for clock differences (RFC 6238, section 5.2).
    /// </summary>
    /// <param name="secret">Secret of the user.</param>
    /// <param name="code">Code entered.</param>
    /// <param name="now">Current time.</param>
    /// <param name="after">Last used step; only later ones match, so that a code works once.</param>
    /// <returns>Step of the code; <see langword="null"/> when none matches.</returns>
    public static long? Match(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long after)
    {
        long? match = null;
        var codeBytes = Encoding.UTF8.GetBytes(code);
        for (var step = StepOf(now) - 1; step <= StepOf(now) + 1; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(codeBytes, Encoding.ASCII.GetBytes(CodeOf(secret, step))) && step > after)
            {
                match = step;
            }
        }

        return match;
    }

    /// <summary>Formats a secret for manual entry (RFC 4648, section 6, without padding).</summary>
    public static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder((bytes.Length * 8 + 4) / 5);
        var (buffer, bits) = (0, 0);
        foreach (var value in bytes)
        {
            buffer = ((buffer << 8) | value) & 0xFFFF;
            for (bits += 8; bits >= 5; bits -= 5)
            {
                text.Append(Base32Alphabet[(buffer >> (bits - 5)) & 31]);
            }
        }

        return bits == 0 ? text.ToString() : text.Append(Base32Alphabet[(buffer << (5 - bits)) & 31]).ToString();
    }

    /// <summary>Creates the URI for a QR code (Google Authenticator's key URI format).</summary>
    public static string UriOf(string issuer, string name, ReadOnlySpan<byte> secret) =>
        $"otpauth://totp/{Uri.EscapeDataString(issuer)}:{Uri.EscapeDataString(name)}?secret={Base32(secret)}&issuer={Uri.EscapeDataString(issuer)}&algorithm=SHA1&digits={Digits}&period={Period}";
}
