using Broadcast.Origin.Delivery;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Dash;

/// <summary>
/// The MPDs of a session for its own URL and for its channel's URL, each serialized once per version, and the patches for its own URL.
/// </summary>
/// <param name="session">The session.</param>
/// <param name="render">Returns the MPD as data, or <see langword="null"/> before there is one.</param>
internal sealed class MpdDocuments(LiveSession session, Func<Mpd?> render)
{
    private readonly CachedDocument _ofSession = new();
    private readonly CachedDocument _ofChannel = new();
    private readonly CachedDocument _protected = new();
    private readonly MpdHistory _history = new();

    /// <summary>The MPD for the session's URL.</summary>
    /// <param name="version">Minimum version.</param>
    public Document? OfSession(long version) => _ofSession.Get(version, () => render() is not { } mpd ? null
        : !MpdHistory.OffersPatches(session.Latency) ? mpd.ToDocument()
        : _history.Record(mpd.PublishTime!.Value,
            (mpd with { Id = session.Id.Value, PatchLocation = MpdHistory.LocationOf(mpd) }).ToDocument()));

    /// <summary>
    /// Changes since an MPD of the session's URL was published, or <see langword="null"/> when none was published at that time.
    /// </summary>
    /// <param name="published">Publish time, as given by <see cref="MpdHistory.NumberOf"/>.</param>
    public Document? PatchFrom(long published) => _history.PatchFrom(published);

    /// <summary>
    /// The MPD for the channel's URL. Without a token, its Location is the session's URL, so that players request updates there.
    /// </summary>
    /// <param name="version">Minimum version.</param>
    /// <param name="isProtected">Whether the request path has a token before <c>/live</c>; see <see cref="MpdUrls"/>.</param>
    public Document? OfChannel(long version, bool isProtected) => (isProtected ? _protected : _ofChannel).Get(version,
        () => render() is { } mpd ? MpdUrls.Adapt(mpd, session, isProtected).ToDocument() : null);
}
