using System.Net;

namespace Broadcast.Media;

/// <summary>Somebody wants something of a channel.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Token">What stands behind <c>/t/</c> in the path; <see langword="null"/> when nothing does. Never logged.</param>
/// <param name="Address">Where the viewer is, when that is known.</param>
public readonly record struct ViewerRequest(ChannelName Channel, string? Token, IPAddress? Address)
{
    /// <summary>The session that the address names, whose recording it names, or that is shown at it; <see langword="null"/> where there is none.</summary>
    public SessionId? Session { get; init; }

    /// <summary>Who may watch that session, as it began or as its recording says (<see cref="BroadcastSession.Access"/>); <see langword="null"/> for whom its channel lets in.</summary>
    public ViewerAccess? Noted { get; init; }

    /// <summary>Without the token.</summary>
    public override string ToString() => $"to watch {Channel}";
}

/// <summary>Whether a viewer is let in.</summary>
/// <param name="Refusal">Why not; <see langword="null"/> when so.</param>
/// <param name="Holds">How long the answer holds for the same channel and token, and, where the token names an address or is not ours, the same address. Zero: not beyond this request.</param>
public readonly record struct ViewerVerdict(ViewerRefusal? Refusal, TimeSpan Holds)
{
    /// <summary>Whether it is yes.</summary>
    public bool IsAllowed => Refusal is null;

    /// <summary>Whether the viewer also gets what its audience does not get yet (<see cref="ISessionAudience"/>).</summary>
    public bool MayPreview { get; init; }

    /// <summary>Whether it may be another one for another session of the channel: who keeps it keeps it for that session alone.</summary>
    public bool IsOfSession { get; init; }
}

/// <summary>origin asks control who may watch. Asked for every request, so it must answer from memory wherever it can.</summary>
public interface IViewerAuthority
{
    /// <summary>Decides. Never throws but when cancelled.</summary>
    ValueTask<ViewerVerdict> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken);

    /// <summary>Who may watch a channel, or one of its sessions and its recordings, from memory; <see langword="null"/> where there is no such channel, or it is not known now.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session; <see langword="null"/> for what the channel itself is set to.</param>
    /// <param name="noted">What is noted with the session, for one of which nothing is known here.</param>
    ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null);
}
