using Broadcast.Media;
using Broadcast.Media.Objects;

namespace Broadcast.Control.Recordings;

/// <summary>
/// Playback URLs of a recording or clip. If the channel is not public, viewers need <c>/t/{token}</c> before <c>/vod</c>, as for live.
/// </summary>
/// <param name="Hls">The multivariant playlist.</param>
/// <param name="Dash">The MPD.</param>
/// <param name="Download">The recording as one MP4 file.</param>
/// <param name="Poster">The poster image.</param>
/// <param name="Thumbnails">Thumbnails for seek bars, as WebVTT.</param>
public sealed record RecordingUrls(string Hls, string Dash, string Download, string Poster, string Thumbnails)
{
    /// <summary>Creates the URLs of a recording.</summary>
    /// <param name="media">Base URL of media, without a trailing slash.</param>
    /// <param name="id">The recording or clip.</param>
    public static RecordingUrls Of(string media, string id)
    {
        var recording = RecordingId.Parse(id);
        return new(
            media + MediaUrls.Of(ObjectNames.VodMultivariantPlaylist(recording)), media + MediaUrls.Of(ObjectNames.VodMpd(recording)),
            media + MediaUrls.VodDownload(recording), media + MediaUrls.VodPoster(recording), media + MediaUrls.VodThumbnails(recording));
    }
}
