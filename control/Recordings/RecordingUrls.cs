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
    public static RecordingUrls Of(string media, string id) => new(
        $"{media}/vod/{id}/index.m3u8", $"{media}/vod/{id}/manifest.mpd", $"{media}/vod/{id}/download.mp4", $"{media}/vod/{id}/poster.jpg", $"{media}/vod/{id}/thumbnails.vtt");
}
