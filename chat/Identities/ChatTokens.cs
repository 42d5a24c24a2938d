using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcast.Media;

namespace Broadcast.Chat.Identities;

/// <summary>
/// Bearer tokens of participants: the identity and its time of issue, signed with HMAC-SHA256. Any server verifies them without a lookup.
/// Form: <c>base64url(payload).base64url(signature)</c>, payload: JSON.
/// </summary>
/// <param name="key">Signing key, 32 bytes, the same on all servers.</param>
/// <param name="time">Clock.</param>
internal sealed class ChatTokens(ReadOnlyMemory<byte> key, TimeProvider time)
{
    /// <summary>Size of the signing key in bytes.</summary>
    public const int KeyBytes = 32;

    /// <summary>Lifetime of a token. Pages keep it and join again after that.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>Lifetime of the chat token of a viewer with a viewer token, which can be revoked meanwhile.</summary>
    public static readonly TimeSpan ViewerLifetime = TimeSpan.FromDays(1);

    /// <summary>
    /// Lifetime of a token of a user, which pages renew: a user whose role is revoked loses the role in the chat after this time.
    /// </summary>
    public static readonly TimeSpan UserLifetime = TimeSpan.FromMinutes(10);

    /// <summary>Maximum length of a token in characters.</summary>
    public const int MaxLength = 1024;

    // Tokens are read by servers whose clocks differ a little from that of the issuer.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    // Text that no other signed text of the server begins with.
    private static readonly byte[] Purpose = "broadcast chat token 1\0"u8.ToArray();
    private static readonly byte[] IdPurpose = "broadcast chat identity 1\0"u8.ToArray();

    /// <summary>Signs the token of an identity.</summary>
    /// <param name="identity">The identity.</param>
    /// <param name="lifetime">Lifetime; <see cref="Lifetime"/> when not given.</param>
    public string Issue(ChatIdentity identity, TimeSpan? lifetime = null)
    {
        var now = time.GetUtcNow();
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new Payload(identity.Id.Value, identity.Channel.Value, identity.Name, now.ToUnixTimeSeconds(),
                ChatIdentity.NameOf(identity.Role), lifetime is { } limited ? (now + limited).ToUnixTimeSeconds() : null), Options);
        return $"{Base64Url.EncodeToString(payload)}.{Base64Url.EncodeToString(Sign(Purpose, payload))}";
    }

    /// <summary>
    /// Derives the id of a participant who is known elsewhere, so that it stays the same when the participant joins again.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="kind">Kind of the subject, such as <c>user</c>.</param>
    /// <param name="subject">Identifies the participant among those of the kind.</param>
    public Ulid IdOf(ChannelName channel, string kind, string subject) =>
        Ulid.FromBytes(Sign(IdPurpose, JsonSerializer.SerializeToUtf8Bytes<string[]>([channel.Value, kind, subject])).AsSpan(0, 16));

    /// <summary>Verifies a token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="channel">The channel for which it is used.</param>
    /// <returns>
    /// The identity; <see langword="null"/> when the token is malformed, forged, expired, or was issued for another channel.
    /// </returns>
    public ChatIdentity? Verify(string? token, ChannelName channel)
    {
        var dot = token?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        if (token is null || token.Length > MaxLength || dot < 1)
        {
            return null;
        }

        try
        {
            var payload = Base64Url.DecodeFromChars(token.AsSpan(0, dot));
            var signature = Base64Url.DecodeFromChars(token.AsSpan(dot + 1));
            if (!CryptographicOperations.FixedTimeEquals(Sign(Purpose, payload), signature))
            {
                return null;
            }

            var read = JsonSerializer.Deserialize<Payload>(payload);
            var now = time.GetUtcNow();
            return read is not null && read.Channel == channel.Value && Ulid.TryParse(read.Id, out var id)
                && DateTimeOffset.FromUnixTimeSeconds(read.IssuedAt) is var issued && issued <= now + ClockTolerance
                && now - issued < Lifetime && (read.ExpiresAt is not { } end || now < DateTimeOffset.FromUnixTimeSeconds(end))
                ? new ChatIdentity(id, channel, read.Name, ChatIdentity.RoleOf(read.Role)) : null;
        }
        catch (Exception error) when (error is FormatException or JsonException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private byte[] Sign(ReadOnlySpan<byte> purpose, ReadOnlySpan<byte> payload)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Span);
        hash.AppendData(purpose);
        hash.AppendData(payload);
        return hash.GetHashAndReset();
    }

    private sealed record Payload(string Id, string Channel, string Name, long IssuedAt, string? Role = null, long? ExpiresAt = null);
}
