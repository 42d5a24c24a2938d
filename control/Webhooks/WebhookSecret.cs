using System.Security.Cryptography;
using Broadcast.Control.AuthCallbacks;

namespace Broadcast.Control.Webhooks;

/// <summary>Signing secret of a webhook in the format of Standard Webhooks: <c>whsec_</c> and 32 random bytes in base64.</summary>
internal static class WebhookSecret
{
    /// <summary>Creates a secret.</summary>
    public static string New() => "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>Computes the signature header: one signature per valid secret, newest first, separated by spaces.</summary>
    public static string Sign(WebhookTarget target, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var current = Signature(target.Secret, id, at, body);
        return target.OldSecret is { } old && at < target.OldSecretUntil ? $"{current} {Signature(old, id, at, body)}" : current;
    }

    private static string Signature(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body) =>
        WebhookSignature.Of(WebhookSignature.KeyOf(secret)
            ?? throw new InvalidOperationException("The database contains an invalid webhook secret."), id, at, body);
}

/// <summary>Target of webhook deliveries.</summary>
/// <param name="Id">Id of the webhook.</param>
/// <param name="Url">URL of the receiver.</param>
/// <param name="Secret">Current secret.</param>
/// <param name="OldSecret">Previous secret while it is valid.</param>
/// <param name="OldSecretUntil">Expiry of the previous secret.</param>
internal sealed record WebhookTarget(string Id, string Url, string Secret, string? OldSecret, DateTimeOffset? OldSecretUntil)
{
    /// <summary>Text without URL and secrets.</summary>
    public override string ToString() => $"webhook {Id}";
}
