using System.Security.Cryptography;

namespace Broadcast.Control;

/// <summary>What requests to a webhook are signed with, as Standard Webhooks writes it: <c>whsec_</c> and 32 random bytes in base 64.</summary>
internal static class HookSecret
{
    /// <summary>Makes a new one.</summary>
    public static string New() => "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>The header's value: a signature for each secret that is good, the newest first, with spaces between.</summary>
    public static string Sign(HookTarget target, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var newest = Signature(target.Secret, id, at, body);
        return target.OldSecret is { } old && at < target.OldSecretUntil ? $"{newest} {Signature(old, id, at, body)}" : newest;
    }

    private static string Signature(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body) =>
        WebhookSignature.Of(WebhookSignature.KeyOf(secret) ?? throw new InvalidOperationException("A webhook's secret in the database is no secret."), id, at, body);
}

/// <summary>Where a webhook is told, and with what that is signed.</summary>
/// <param name="Id">The webhook.</param>
/// <param name="Url">Where.</param>
/// <param name="Secret">The newest secret.</param>
/// <param name="OldSecret">The one before, while it is good.</param>
/// <param name="OldSecretUntil">Until when.</param>
internal sealed record HookTarget(string Id, string Url, string Secret, string? OldSecret, DateTimeOffset? OldSecretUntil)
{
    /// <summary>Without address and secrets.</summary>
    public override string ToString() => $"webhook {Id}";
}
