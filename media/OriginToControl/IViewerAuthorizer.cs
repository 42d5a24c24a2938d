using System.Net;

namespace Broadcast.Media.OriginToControl;

/// <summary>A viewer's request for content of a channel.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Token">Path segment after <c>/t/</c>; <see langword="null"/> when absent. Never logged.</param>
/// <param name="Address">Address of the viewer, if known.</param>
public readonly record struct ViewerRequest(ChannelName Channel, string? Token, IPAddress? Address)
{
    /// <summary>
    /// Session addressed by the request, directly, by a recording, or as the one on air; <see langword="null"/> when there is none.
    /// </summary>
    public SessionId? Session { get; init; }

    /// <summary>
    /// Access policy stored with that session or its recording (<see cref="BroadcastSession.Access"/>); <see langword="null"/> for the
    /// channel's policy.
    /// </summary>
    public ViewerAccess? StoredAccess { get; init; }

    /// <summary>Indicates whether the request must know the viewer of a token, also where no token is required.</summary>
    public bool NeedsViewer { get; init; }

    /// <summary>A description without the token.</summary>
    public override string ToString() => $"to watch {Channel}";
}

/// <summary>Result of a viewer authorization.</summary>
/// <param name="DenialReason">Reason of a denial; <see langword="null"/> when access is granted.</param>
/// <param name="CacheDuration">Validity of the result for the same channel and token. When the token is bound to an address or issued
/// elsewhere, also for the same address only. Zero for this request only.</param>
public readonly record struct ViewerDecision(ViewerDenialReason? DenialReason, TimeSpan CacheDuration)
{
    /// <summary>Indicates whether access is granted.</summary>
    public bool IsAllowed => DenialReason is null;

    /// <summary>
    /// Identifies the viewer among those with tokens of the channel, for a request with <see cref="ViewerRequest.NeedsViewer"/> and a valid
    /// token that this server or an own signer has issued; otherwise <see langword="null"/>.
    /// </summary>
    public string? Viewer { get; init; }

    /// <summary>Indicates whether the viewer may also watch hidden sessions (<see cref="ISessionVisibility"/>).</summary>
    public bool AllowsPreview { get; init; }

    /// <summary>Indicates whether the result may differ for other sessions of the channel, so that it may be cached for this session
    /// only.</summary>
    public bool IsSessionSpecific { get; init; }

    /// <summary>
    /// Indicates that a denial as <see cref="ViewerDenialReason.Unavailable"/> also ends access that edges have cached: the auth callback
    /// has been unavailable for longer than its grace period. Otherwise the server itself is not ready, and earlier decisions stay valid.
    /// </summary>
    public bool ReplacesEarlier { get; init; }
}

/// <summary>
/// Authorization of viewers, which the origin requests from control. Called on every request, so implementations should answer from memory
/// where possible.
/// </summary>
public interface IViewerAuthorizer
{
    /// <summary>Authorizes a request. Throws only when canceled.</summary>
    ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Access policy of a channel or session from memory; <see langword="null"/> when the channel does not exist or the policy is currently
    /// unknown.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session; <see langword="null"/> for the channel's own policy.</param>
    /// <param name="storedAccess">Policy stored with the session, used when none is known here.</param>
    ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? storedAccess = null);
}
