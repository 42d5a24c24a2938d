namespace Broadcast.Control;

/// <summary>Where a recording or clip is played. Where the channel is not public, viewers need <c>/t/{token}</c> before <c>/vod</c>, as for live.</summary>
/// <param name="Hls">The multivariant playlist.</param>
/// <param name="Dash">The MPD.</param>
/// <param name="Download">All of it as one MP4.</param>
/// <param name="Poster">A picture.</param>
/// <param name="Thumbnails">Small pictures for players' seek bars, as WebVTT.</param>
public sealed record RecordingAddresses(string Hls, string Dash, string Download, string Poster, string Thumbnails)
{
    /// <summary>The addresses of a recording.</summary>
    /// <param name="media">Where playlists and media are, without a slash at the end.</param>
    /// <param name="id">The recording or clip.</param>
    public static RecordingAddresses Of(string media, string id) => new(
        $"{media}/vod/{id}/index.m3u8", $"{media}/vod/{id}/manifest.mpd", $"{media}/vod/{id}/download.mp4", $"{media}/vod/{id}/poster.jpg", $"{media}/vod/{id}/thumbnails.vtt");
}
