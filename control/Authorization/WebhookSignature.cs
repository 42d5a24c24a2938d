using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Control;

/// <summary>
/// How requests of our own form are signed, so that the webhook knows who asks and that nobody changed or repeats it: the headers and the computation of Standard Webhooks
/// (<c>webhook-id</c>, <c>webhook-timestamp</c>, <c>webhook-signature</c>), for which verifiers exist in every language.
/// </summary>
internal static class WebhookSignature
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";
    private const string Base64Prefix = "whsec_";

    /// <summary>The key that a configured secret stands for: its bytes, or what follows <c>whsec_</c> in base 64; <see langword="null"/> when it is too short or broken.</summary>
    public static byte[]? KeyOf(string? secret)
    {
        if (secret is null || !secret.StartsWith(Base64Prefix, StringComparison.Ordinal))
        {
            return secret is { Length: >= AuthorizationOptions.MinSecret } ? Encoding.UTF8.GetBytes(secret) : null;
        }

        var text = secret[Base64Prefix.Length..];
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) && length >= 16 ? bytes[..length] : null;
    }

    /// <summary><c>v1,</c> and the base 64 of the HMAC-SHA-256 over id, seconds since 1970 and body, with points between.</summary>
    public static string Of(byte[] key, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}."));
        byte[] signed = [.. head, .. body];
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed));
    }
}
