using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>
/// Signatures of Standard Webhooks (<c>webhook-id</c>, <c>webhook-timestamp</c>, <c>webhook-signature</c>). The receiver can verify the
/// sender and detect changed or repeated requests. Verifiers exist for most languages.
/// </summary>
internal static class WebhookSignature
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";
    private const string Base64Prefix = "whsec_";

    /// <summary>
    /// Derives the key from a configured secret: its bytes, or the decoded base64 after <c>whsec_</c>; <see langword="null"/> when it is
    /// too short or invalid.
    /// </summary>
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

    /// <summary>Computes <c>v1,</c> and the base64 of the HMAC-SHA-256 over id, Unix time in seconds and body, separated by dots.</summary>
    public static string Of(byte[] key, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}."));
        byte[] payload = [.. head, .. body];
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, payload));
    }
}
