using System.Net;

namespace Broadcast.Media;

/// <summary>Somebody wants something of a channel.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Token">What stands behind <c>/t/</c> in the path; <see langword="null"/> when nothing does. Never logged.</param>
/// <param name="Address">Where the viewer is, when that is known.</param>
public readonly record struct ViewerRequest(ChannelName Channel, string? Token, IPAddress? Address)
{
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
}

/// <summary>origin asks control who may watch. Asked for every request, so it must answer from memory wherever it can.</summary>
public interface IViewerAuthority
{
    /// <summary>Decides. Never throws but when cancelled.</summary>
    ValueTask<ViewerVerdict> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken);

    /// <summary>Who may watch a channel, from memory; <see langword="null"/> where there is no such channel, or it is not known now.</summary>
    ViewerAccess? AccessOf(ChannelName channel);
}
