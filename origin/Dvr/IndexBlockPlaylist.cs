using System.Text;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Dvr;

/// <summary>A rendition's segments of an index block as text of a media playlist.</summary>
/// <param name="Text">The lines in UTF-8, without the <c>EXT-X-MAP</c> of the first segment.</param>
/// <param name="FirstMap">URI of the first segment's init segment.</param>
/// <param name="LastMap">URI of the last segment's init segment.</param>
internal sealed record IndexBlockPlaylist(byte[] Text, string FirstMap, string LastMap)
{
    private static readonly byte[] Discontinuity = Encoding.UTF8.GetBytes(PlaylistSegment.DiscontinuityLine);

    /// <summary>Number of discontinuities in the index block before its first segment here.</summary>
    public int DiscontinuitiesBefore { get; init; }

    /// <summary>Renders segments.</summary>
    /// <param name="rendition">The rendition.</param>
    /// <param name="segments">The segments; at least one.</param>
    /// <param name="target">The target duration.</param>
    public static IndexBlockPlaylist Render(string rendition, IReadOnlyList<IndexedSegment> segments, TimeSpan target)
    {
        var text = new StringBuilder(segments.Count * 96);
        string? map = null;
        foreach (var segment in segments)
        {
            var listed = PlaylistSegment.Of(rendition, segment, target);
            listed.Write(text, map is not null && listed.Map != map);
            map = listed.Map;
        }

        return new IndexBlockPlaylist(Encoding.UTF8.GetBytes(text.ToString()), PlaylistSegment.MapOf(rendition, segments[0].Init),
            PlaylistSegment.MapOf(rendition, segments[^1].Init));
    }

    /// <summary>Writes the lines.</summary>
    /// <param name="target">Destination.</param>
    /// <param name="withMap">
    /// Whether to write the <c>EXT-X-MAP</c> of the first segment; after its discontinuity, as in the live window.
    /// </param>
    public void Write(Stream target, bool withMap)
    {
        var mapAt = withMap && Text.AsSpan().StartsWith(Discontinuity) ? Discontinuity.Length : 0;
        target.Write(Text.AsSpan(0, mapAt));
        if (withMap)
        {
            target.Write(Encoding.UTF8.GetBytes(PlaylistSegment.MapLine(FirstMap)));
        }

        target.Write(Text.AsSpan(mapAt));
    }
}
