using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Dash;

/// <summary>The MPDs of a session as they are at its own address and at its channel's, each written once a version, and the patches between those of its own address.</summary>
/// <param name="session">The session as it is known now; its identity, channel and latency stay the same.</param>
/// <param name="draw">The MPD as data, or <see langword="null"/> before there is one.</param>
internal sealed class MpdDocuments(Func<BroadcastSession> session, Func<Mpd?> draw)
{
    private readonly DocumentCell _ofSession = new();
    private readonly DocumentCell _ofChannel = new();
    private readonly DocumentCell _guarded = new();
    private readonly MpdHistory _history = new();

    /// <summary>The MPD as the session's own address has it.</summary>
    /// <param name="version">The version wanted at least.</param>
    public Document? OfSession(long version) => _ofSession.Get(version, () => draw() is not { } mpd ? null
        : !MpdHistory.IsWorthIt(session().Latency) ? mpd.ToDocument()
        : _history.Keep(mpd.PublishTime!.Value, (mpd with { Id = session().Id.Value, PatchLocation = MpdHistory.LocationOf(mpd) }).ToDocument()));

    /// <summary>What has changed since an MPD of the session's own address was published, or <see langword="null"/> when none was then.</summary>
    /// <param name="published">When, as <see cref="MpdHistory.NumberOf"/> says it.</param>
    public Document? PatchFrom(long published) => _history.PatchFrom(published);

    /// <summary>The MPD as the channel's address has it: with the session's address as its Location, so that nobody comes back to it there, and what is over begins with what is left of it.</summary>
    /// <param name="version">The version wanted at least.</param>
    /// <param name="isGuarded">
    /// Whether a token stands before <c>/live</c> in the path that the player used. Then there is no Location, so that all addresses can be relative, on which players agree only without one, and no
    /// answer holds the token. A player then stays at the channel's address; it has seen this session's end there when the next one begins.
    /// </param>
    public Document? OfChannel(long version, bool isGuarded) => isGuarded
        ? _guarded.Get(version, () => draw() is { } mpd ? (mpd with { BaseUrl = $"{session().Id}/" }).ToDocument() : null)
        : _ofChannel.Get(version, () => draw() is { } mpd
            ? (MpdTrim.ToItsMedia(mpd) with { Location = $"{session().Id}/manifest.mpd", BaseUrl = $"/live/{session().Channel}/{session().Id}/" }).ToDocument()
            : null);
}
