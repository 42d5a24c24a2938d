using System.Collections.Concurrent;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Live;

/// <summary>
/// Cached manifests of a session. Their data is read under the session's lock. All except WebVTT are serialized outside it, once per
/// version for all requests. Thread-safe.
/// </summary>
internal sealed class SessionManifests
{
    private readonly LiveSession _session;
    private readonly ConcurrentDictionary<string, CachedPlaylists> _playlists = new(StringComparer.Ordinal);
    private readonly CachedDocument _multivariant = new();
    private readonly MpdDocuments _mpds;
    private readonly CachedDocument _imagePlaylist = new();
    private readonly CachedDocument _thumbnails = new();
    private readonly CachedDocument _channelThumbnails = new();

    /// <summary>Creates the manifests of a session.</summary>
    public SessionManifests(LiveSession session) => (_session, _mpds) = (session, new MpdDocuments(session, RenderMpd));

    /// <summary>Cached MPD that starts with index blocks.</summary>
    public CachedLongDocument LongMpd { get; } = new();

    /// <summary>Cached MPD with index blocks for the channel's URL.</summary>
    public CachedLongDocument LongChannelMpd { get; } = new();

    /// <summary>Cached MPD with index blocks for the channel's URL behind a token.</summary>
    public CachedLongDocument LongProtectedMpd { get; } = new();

    /// <summary>Cached media playlists of a rendition, or <see langword="null"/> when the rendition is unknown.</summary>
    public CachedPlaylists? PlaylistsOf(string rendition) => _playlists.GetValueOrDefault(rendition);

    /// <summary>The media playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    /// <param name="rendition">Name of the rendition.</param>
    /// <param name="isDelta">Whether old segments may be omitted.</param>
    public Document? MediaPlaylist(string rendition, bool isDelta = false) => PlaylistsOf(rendition)?.Get(isDelta,
        () => _session.Read((timeline, records) => timeline.Find(rendition) is { } found
            ? PlaylistRenderer.Media(timeline, found, records, isDelta) : null)?.ToDocument());

    /// <summary>The I-frame playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    public Document? IFramePlaylist(string rendition) => PlaylistsOf(rendition)?.GetIFrames(
        () => _session.Read((timeline, _) => timeline.Find(rendition) is { } found ? PlaylistRenderer.IFrames(timeline, found) : null)
            ?.ToDocument());

    /// <summary>The multivariant playlist, or <see langword="null"/> before the session is playable.</summary>
    public Document? MultivariantPlaylist() => !_session.IsPlayable ? null :
        _multivariant.Get(_session.ManifestVersion, () => _session.Read(
            (timeline, records) => PlaylistRenderer.Multivariant(timeline, records)).ToDocument());

    /// <summary>The MPD for the session's URL, or <see langword="null"/> before the session is playable.</summary>
    public Document? SessionMpd() => _session.IsPlayable ? _mpds.OfSession(_session.ManifestVersion) : null;

    /// <summary>Changes since an MPD was published, or <see langword="null"/> when none was published at that time.</summary>
    /// <param name="published">Publish time, as given by <see cref="MpdHistory.NumberOf"/>.</param>
    public Document? MpdPatch(long published) => SessionMpd() is null ? null : _mpds.PatchFrom(published);

    /// <summary>The MPD for the channel's URL, or <see langword="null"/> before the session is playable.</summary>
    /// <param name="isProtected">Whether the request path has a token before <c>/live</c>; see
    /// <see cref="MpdDocuments.OfChannel"/>.</param>
    public Document? ChannelMpd(bool isProtected = false) =>
        _session.IsPlayable ? _mpds.OfChannel(_session.ManifestVersion, isProtected) : null;

    /// <summary>The MPD of the live window as data, or <see langword="null"/> before the session is playable.</summary>
    public Mpd? PlainMpd() => _session.IsPlayable ? RenderMpd() : null;

    /// <summary>The image playlist of the thumbnails, or <see langword="null"/> when there are none.</summary>
    public Document? ImagePlaylist() => _imagePlaylist.Get(_session.ManifestVersion,
        () => _session.Read((timeline, _) => ThumbnailTrack.Of(timeline) is { } track
            ? Broadcast.Origin.Thumbnails.ImagePlaylist.Of(track, _session.StartedAt, timeline.IsEnded) : null)?.ToDocument());

    /// <summary>The thumbnails as WebVTT, or <see langword="null"/> when there are none.</summary>
    /// <param name="folder">The session's folder relative to the file: empty at the session's URL.</param>
    public Document? ThumbnailVtt(string folder) => (folder.Length == 0 ? _thumbnails : _channelThumbnails).Get(_session.ManifestVersion,
        () => _session.Read((timeline, _) => timeline.SpriteSheets.Count > 0
            ? Broadcast.Origin.Thumbnails.ThumbnailVtt.Render(timeline.SpriteSheets, EndOf(timeline), folder) : null));

    /// <summary>Adds a rendition. Called only under the session's lock.</summary>
    public void Add(string rendition) => _playlists.TryAdd(rendition, new CachedPlaylists());

    /// <summary>Marks the media playlists of a rendition as outdated. Called only under the session's lock.</summary>
    public void Invalidate(string rendition) => PlaylistsOf(rendition)?.Invalidate();

    /// <summary>Marks the media playlists of all renditions as outdated. Called only under the session's lock.</summary>
    public void InvalidateAll()
    {
        foreach (var (_, playlists) in _playlists)
        {
            playlists.Invalidate();
        }
    }

    private Mpd? RenderMpd() => _session.Read((timeline, records) =>
        LivePresentation.Of(timeline, _session.Mpd, records, _session.StartedAt)) is { } shown ? MpdRenderer.Render(shown) : null;

    private static TimeSpan EndOf(SessionTimeline timeline) => timeline.Renditions.Where(rendition => rendition.Segments.Count > 0)
        .Select(rendition => rendition.Segments[^1].End.ToTimeSpan()).DefaultIfEmpty().Max();
}
