using System.Net;

namespace Broadcast.Media;

/// <summary>Who may watch a channel.</summary>
public enum ViewerAccess
{
    /// <summary>Everybody.</summary>
    Public,

    /// <summary>Who has a token signed with one of the channel's keys.</summary>
    Token,

    /// <summary>Whom a webhook lets in.</summary>
    Webhook,
}

/// <summary>Why somebody may not watch; its name in lower case stands in metrics and in the header <c>X-Refusal</c>.</summary>
public enum ViewerRefusal
{
    /// <summary>The channel wants a token and none came.</summary>
    NoToken,

    /// <summary>What came is no token, is not signed with a key of the channel, or is for another channel. The three are not told apart.</summary>
    BadToken,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>It was revoked.</summary>
    Revoked,

    /// <summary>It is for another address.</summary>
    OtherAddress,

    /// <summary>The webhook said no.</summary>
    Denied,

    /// <summary>There is no such channel.</summary>
    NoChannel,

    /// <summary>It cannot be found out now who may watch; the same request may be let in later.</summary>
    Away,
}

/// <summary>All that a decision about a channel's viewers needs, as it was at one instant.</summary>
/// <param name="Access">Who may watch.</param>
/// <param name="Keys">The signing keys that count, by id: their secrets.</param>
/// <param name="Revoked">Ids of tokens that were revoked.</param>
public sealed record ViewingPolicy(ViewerAccess Access, IReadOnlyDictionary<string, byte[]> Keys, IReadOnlySet<string> Revoked)
{
    private static readonly byte[] NoKey = new byte[32];

    /// <summary>Ids of the keys that only the server signs with: those of tokens for previews.</summary>
    public IReadOnlySet<string> ServerKeys { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Who may watch the sessions of which that was said by themselves: those of events with an access of their own.</summary>
    public IReadOnlyDictionary<SessionId, ViewerAccess> Sessions { get; init; } = new Dictionary<SessionId, ViewerAccess>();

    /// <summary>Who may watch a session, or an event whose session there is not yet; without either, the channel.</summary>
    /// <param name="session">The session; <see langword="null"/> where there is none.</param>
    /// <param name="noted">What is noted with it where it is; counts where nothing is known here, as of one that has begun this moment.</param>
    public ViewerAccess AccessOf(SessionId? session, ViewerAccess? noted) =>
        session is { } id && Sessions.TryGetValue(id, out var own) ? own : noted ?? Access;

    /// <summary>Judges a token. Its channel, its key, then its signature come first, so that only its signer's peer learns more of it.</summary>
    /// <param name="channel">The channel that this is the policy of, and that is to be watched.</param>
    /// <param name="text">What was shown; <see langword="null"/> when nothing was.</param>
    /// <param name="address">Where the viewer is.</param>
    /// <param name="now">The time. There is no leeway: a token is good up to the second before the one that it names.</param>
    /// <param name="token">The token, when it is good.</param>
    /// <returns><see langword="null"/> when it is good, or else why not.</returns>
    public ViewerRefusal? Judge(ChannelName channel, string? text, IPAddress? address, DateTimeOffset now, out ViewerToken? token)
    {
        token = null;
        if (text is null)
        {
            return ViewerRefusal.NoToken;
        }

        if (!ViewerToken.TryParse(text, out var read))
        {
            return ViewerRefusal.BadToken;
        }

        // The same work whether there is such a key or not.
        var isKnown = Keys.TryGetValue(read.KeyId, out var secret);
        if (!read.IsSignedWith(secret ?? NoKey) || !isKnown || read.Channel != channel || (read.IsForPreviews && !ServerKeys.Contains(read.KeyId)))
        {
            return ViewerRefusal.BadToken;
        }

        if (Revoked.Contains(read.Id))
        {
            return ViewerRefusal.Revoked;
        }

        if (read.ExpiresAt <= now)
        {
            return ViewerRefusal.Expired;
        }

        if (read.Network is { } network && !network.Contains(address))
        {
            return ViewerRefusal.OtherAddress;
        }

        token = read;
        return null;
    }
}
