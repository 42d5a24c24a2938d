using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Origin.Hls;

/// <summary>A segment in a media playlist.</summary>
/// <param name="Uri">Its URI, relative to the playlist.</param>
/// <param name="Duration"><c>EXTINF</c>, in seconds.</param>
/// <param name="Map"><c>EXT-X-MAP</c>: URI of its init segment, or <see langword="null"/> when unknown. Written where it changes.</param>
/// <param name="WallClock"><c>EXT-X-PROGRAM-DATE-TIME</c>: wall-clock time of its first sample.</param>
/// <param name="Discontinuity"><c>EXT-X-DISCONTINUITY</c>: timestamps or configuration change at its start.</param>
/// <param name="IsGap"><c>EXT-X-GAP</c>: the segment is not available.</param>
internal sealed record PlaylistSegment(string Uri, double Duration, string? Map, DateTimeOffset WallClock, bool Discontinuity, bool IsGap)
{
    /// <summary>Line of a discontinuity, the first of its segment.</summary>
    public const string DiscontinuityLine = "#EXT-X-DISCONTINUITY\n";

    private const string GapLine = "#EXT-X-GAP\n";

    /// <summary>Its parts, where parts are listed.</summary>
    public IReadOnlyList<PlaylistPart> Parts { get; init; } = [];

    /// <summary>Indicates whether more parts follow; an open segment has no <c>EXTINF</c> and no URI yet.</summary>
    public bool IsOpen { get; init; }

    /// <summary><c>EXT-X-BYTERANGE</c>: number of bytes from the start of the file; <see langword="null"/> for the whole file.</summary>
    public long? ByteRange { get; init; }

    /// <summary><c>EXT-X-TILES</c>: the thumbnails of a sprite sheet; otherwise <see langword="null"/>.</summary>
    public PlaylistTiles? Tiles { get; init; }

    /// <summary>A segment of a rendition as all playlists list it.</summary>
    /// <param name="rendition">Name of the rendition.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="target">The session's target duration.</param>
    /// <param name="folder">The session's folder relative to the playlist: empty or ending in a slash.</param>
    public static PlaylistSegment Of(string rendition, in IndexedSegment segment, TimeSpan target, string folder = "") => new(
        UriOf(rendition, segment.Number, folder), ListedDuration(segment.Duration, segment.IsGap, target),
        MapOf(rendition, segment.Init, folder), segment.WallClock, segment.Discontinuity, segment.IsGap);

    /// <summary>URI of a segment.</summary>
    /// <param name="rendition">Name of the rendition.</param>
    /// <param name="number">Sequence number of the segment.</param>
    /// <param name="folder">The session's folder relative to the playlist: empty or ending in a slash.</param>
    public static string UriOf(string rendition, long number, string folder = "") =>
        $"{folder}{rendition}/{MediaFile.OfSegment(number)}";

    /// <summary>URI of an init segment.</summary>
    /// <param name="rendition">Name of the rendition.</param>
    /// <param name="init">Number of the init segment.</param>
    /// <param name="folder">The session's folder relative to the playlist: empty or ending in a slash.</param>
    public static string MapOf(string rendition, int init, string folder = "") => $"{folder}{rendition}/{MediaFile.OfInit(init)}";

    /// <summary>
    /// The listed duration of a segment, in seconds. A gap may be longer than the target duration, but its <c>EXTINF</c> may not (RFC 8216,
    /// 4.3.3.1). The next program date-time states the real duration.
    /// </summary>
    public static double ListedDuration(MediaTime duration, bool isGap, TimeSpan target) =>
        isGap ? Math.Min(duration.TotalSeconds, target.TotalSeconds) : duration.TotalSeconds;

    /// <summary>Line of <c>EXT-X-MAP</c>.</summary>
    public static string MapLine(string map) => $"#EXT-X-MAP:URI=\"{map}\"\n";

    /// <summary>
    /// Writes the segment's tags and URI. Tags that apply to the segment precede its first part (draft-pantos-hls-rfc8216bis, 4.4.4.9).
    /// Otherwise their order is free.
    /// </summary>
    public void Write(StringBuilder text, bool writeMap)
    {
        var culture = CultureInfo.InvariantCulture;
        if (Discontinuity)
        {
            text.Append(DiscontinuityLine);
        }

        if (writeMap && Map is not null)
        {
            text.Append(MapLine(Map));
        }

        // Before the date-time in image playlists, after it in others: the texts of earlier versions.
        if (IsGap && Tiles is not null)
        {
            text.Append(GapLine);
        }

        text.Append(culture, $"#EXT-X-PROGRAM-DATE-TIME:{WallClock.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z\n");
        if (IsGap && Tiles is null)
        {
            text.Append(GapLine);
        }

        if (ByteRange is { } length)
        {
            text.Append(culture, $"#EXT-X-BYTERANGE:{length}@0\n");
        }

        foreach (var part in Parts)
        {
            part.Write(text);
        }

        if (IsOpen)
        {
            return;
        }

        text.Append(culture, $"#EXTINF:{Duration:0.000###},\n");
        Tiles?.Write(text);
        text.Append(Uri).Append('\n');
    }
}

/// <summary><c>EXT-X-TILES</c> ("Image Media Playlist", version 0.4).</summary>
/// <param name="Layout"><c>RESOLUTION</c> of each thumbnail, and <c>LAYOUT</c> of the sprite sheet.</param>
/// <param name="Duration"><c>DURATION</c> of each thumbnail.</param>
internal sealed record PlaylistTiles(SpriteSheetLayout Layout, TimeSpan Duration)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text) => text.Append(CultureInfo.InvariantCulture,
        $"#EXT-X-TILES:RESOLUTION={Layout.TileWidth}x{Layout.TileHeight},LAYOUT={Layout.Columns}x{Layout.Rows},DURATION={Duration.TotalSeconds:0.000###}\n");
}
