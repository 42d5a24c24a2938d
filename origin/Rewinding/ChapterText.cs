using System.Text;
using Broadcast.Media;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Rewinding;

/// <summary>A rendition's segments of a chapter as they stand in a media playlist.</summary>
/// <param name="Text">The lines, as UTF-8, without the <c>EXT-X-MAP</c> of the first segment.</param>
/// <param name="FirstMap">That one's address.</param>
/// <param name="LastMap">Address of the init segment that the last segment needs.</param>
internal sealed record ChapterText(byte[] Text, string FirstMap, string LastMap)
{
    /// <summary>Discontinuities of the chapter before its first segment here.</summary>
    public int Before { get; init; }

    private static ReadOnlySpan<byte> Discontinuity => "#EXT-X-DISCONTINUITY\n"u8;

    /// <summary>Renders segments.</summary>
    /// <param name="rendition">Whose they are.</param>
    /// <param name="segments">At least one.</param>
    /// <param name="target">The target duration.</param>
    public static ChapterText Render(string rendition, IReadOnlyList<ChapterSegment> segments, TimeSpan target)
    {
        var text = new StringBuilder(segments.Count * 96);
        string? map = null;
        foreach (var segment in segments)
        {
            var listed = Listed(rendition, segment, target);
            listed.Write(text, map is not null && listed.Map != map);
            map = listed.Map;
        }

        return new ChapterText(Encoding.UTF8.GetBytes(text.ToString()), MapOf(rendition, segments[0]), MapOf(rendition, segments[^1]));
    }

    /// <summary>Writes the lines.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="withMap">Whether the first segment needs its <c>EXT-X-MAP</c>; it stands where it does in the live window, behind a discontinuity.</param>
    public void Write(Stream target, bool withMap)
    {
        var place = withMap && Text.AsSpan().StartsWith(Discontinuity) ? Discontinuity.Length : 0;
        target.Write(Text.AsSpan(0, place));
        if (withMap)
        {
            target.Write(Encoding.UTF8.GetBytes($"#EXT-X-MAP:URI=\"{FirstMap}\"\n"));
        }

        target.Write(Text.AsSpan(place));
    }

    /// <summary>A segment as playlists list it.</summary>
    public static PlaylistSegment Listed(string rendition, in ChapterSegment segment, TimeSpan target) => new(
        $"{rendition}/{segment.Number}.m4s",
        // As in the live window: what is said of a hole's length may not be over the target duration (RFC 8216, 4.3.3.1).
        segment.IsGap ? Math.Min(segment.Duration.TotalSeconds, target.TotalSeconds) : segment.Duration.TotalSeconds,
        MapOf(rendition, segment),
        segment.WallClock,
        segment.Discontinuity,
        segment.IsGap);

    private static string MapOf(string rendition, in ChapterSegment segment) => $"{rendition}/init-{segment.Init}.mp4";
}
