using System.Net;

namespace Broadcast.Media.OriginToControl;

/// <summary>Access policy of a channel or session.</summary>
public enum ViewerAccess
{
    /// <summary>Everyone may watch.</summary>
    Public,

    /// <summary>Viewers need a token signed with one of the channel's keys.</summary>
    Token,

    /// <summary>An auth callback decides.</summary>
    Webhook,
}

/// <summary>Reasons for denying a viewer; their snake_case names appear in metrics and in the header <c>X-Denial-Reason</c>.</summary>
public enum ViewerDenialReason
{
    /// <summary>The channel requires a token and the request has none.</summary>
    NoToken,

    /// <summary>
    /// The token is malformed, not signed with a key of the channel, or for another channel. The cases are indistinguishable.
    /// </summary>
    InvalidToken,

    /// <summary>The token has expired.</summary>
    Expired,

    /// <summary>The token was revoked.</summary>
    Revoked,

    /// <summary>The token is bound to another address.</summary>
    AddressMismatch,

    /// <summary>The auth callback denied access.</summary>
    Denied,

    /// <summary>The channel does not exist.</summary>
    NoChannel,

    /// <summary>The access policy is currently unknown; the request may succeed later.</summary>
    Unavailable,
}

/// <summary>Access policy of a channel: a snapshot of everything needed to authorize its viewers.</summary>
/// <param name="Access">Access policy of the channel.</param>
/// <param name="Keys">Secrets of the valid signing keys, by key ID.</param>
/// <param name="Revoked">IDs of revoked tokens.</param>
public sealed record ViewerAccessPolicy(ViewerAccess Access, IReadOnlyDictionary<string, byte[]> Keys, IReadOnlySet<string> Revoked)
{
    private static readonly byte[] DummyKey = new byte[32];

    /// <summary>IDs of the keys with which only the server signs, for preview tokens.</summary>
    public IReadOnlySet<string> ServerKeys { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Policies of sessions that differ from the channel's: those of events with their own policy.</summary>
    public IReadOnlyDictionary<SessionId, ViewerAccess> Sessions { get; init; } = new Dictionary<SessionId, ViewerAccess>();

    /// <summary>Policy of a session, or of an event before its session exists; otherwise of the channel.</summary>
    /// <param name="session">The session; <see langword="null"/> when there is none.</param>
    /// <param name="storedAccess">Policy stored with the session, used when none is known here, as for a session that has just
    /// started.</param>
    public ViewerAccess AccessOf(SessionId? session, ViewerAccess? storedAccess) =>
        session is { } id && Sessions.TryGetValue(id, out var sessionAccess) ? sessionAccess : storedAccess ?? Access;

    /// <summary>
    /// Validates a token. Channel, key and signature are checked first, so that only holders of signed tokens learn more.
    /// </summary>
    /// <param name="channel">Channel of this policy and of the request.</param>
    /// <param name="text">The token as text; <see langword="null"/> when absent.</param>
    /// <param name="address">Address of the viewer.</param>
    /// <param name="now">Current time. There is no tolerance: the token is invalid from its expiry second on.</param>
    /// <param name="token">The token, when it is valid.</param>
    /// <returns><see langword="null"/> when the token is valid, otherwise the reason of the denial.</returns>
    public ViewerDenialReason? ValidateToken(ChannelName channel, string? text, IPAddress? address, DateTimeOffset now,
        out ViewerToken? token)
    {
        token = null;
        if (text is null)
        {
            return ViewerDenialReason.NoToken;
        }

        if (!ViewerToken.TryParse(text, out var read))
        {
            return ViewerDenialReason.InvalidToken;
        }

        // Takes the same time for known and unknown keys.
        var isKnown = Keys.TryGetValue(read.KeyId, out var secret);
        if (!read.IsSignedWith(secret ?? DummyKey) || !isKnown || read.Channel != channel
            || (read.GrantsPreview && !ServerKeys.Contains(read.KeyId)))
        {
            return ViewerDenialReason.InvalidToken;
        }

        if (Revoked.Contains(read.Id))
        {
            return ViewerDenialReason.Revoked;
        }

        if (read.ExpiresAt <= now)
        {
            return ViewerDenialReason.Expired;
        }

        if (read.Network is { } network && !network.Contains(address))
        {
            return ViewerDenialReason.AddressMismatch;
        }

        token = read;
        return null;
    }
}
