using Broadcast.Media.Objects;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Thumbnails;

/// <summary>
/// The image media playlist of HLS ("Image Media Playlist", version 0.4, supported by Roku and others). Each segment is a sprite sheet. A
/// missing sprite sheet is listed as a gap, so that sequence numbers follow from times and never change.
/// </summary>
internal static class ImagePlaylist
{
    /// <summary>Describes the playlist.</summary>
    /// <param name="track">The sprite sheets.</param>
    /// <param name="startedAt">Wall-clock time at the session's time zero.</param>
    /// <param name="isEnded">Whether no sprite sheets follow.</param>
    public static MediaPlaylist Of(ThumbnailTrack track, DateTimeOffset startedAt, bool isEnded)
    {
        var first = NumberOf(track, 0);
        var tiles = new PlaylistTiles(track.Layout, track.TileDuration);
        var segments = new List<PlaylistSegment>();
        for (var i = 0; i < track.Sheets.Count; i++)
        {
            while (first + segments.Count < NumberOf(track, i))
            {
                Add(SessionObjectNames.SpriteSheetFile((first + segments.Count) * (long)track.Duration.TotalMilliseconds), isGap: true);
            }

            Add(ThumbnailTrack.UriOf(track.Sheets[i]), isGap: false);
        }

        return new MediaPlaylist
        {
            Kind = MediaPlaylistKind.Images,
            TargetDuration = track.Duration,
            HasServerControl = false,
            MediaSequence = first,
            DiscontinuitySequence = null,
            Segments = segments,
            IsEnded = isEnded,
        };

        void Add(string uri, bool isGap) => segments.Add(new PlaylistSegment(uri, track.Duration.TotalSeconds, Map: null,
            startedAt + (track.Duration * (first + segments.Count)), Discontinuity: false, isGap) { Tiles = tiles });
    }

    private static long NumberOf(ThumbnailTrack track, int index) =>
        ThumbnailTrack.Milliseconds(track.Sheets[index]) / (long)track.Duration.TotalMilliseconds;
}
