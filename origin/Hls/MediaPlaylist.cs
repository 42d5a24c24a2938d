using System.Globalization;
using System.Text;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;

namespace Broadcast.Origin.Hls;

/// <summary>
/// A media playlist (RFC 8216, 4.3.3; draft-pantos-hls-rfc8216bis for tags that RFC 8216 lacks). Each property is one tag.
/// </summary>
internal sealed record MediaPlaylist
{
    /// <summary>
    /// <c>EXT-X-VERSION</c>: <c>EXT-X-GAP</c> requires 8. The first playlist already states it, because a playlist may not change its
    /// version later.
    /// </summary>
    public const int Version = 8;

    /// <summary>
    /// <c>EXT-X-VERSION</c> where <c>EXT-X-SKIP</c> may occur. Skipped date ranges would require 10; there are no date ranges.
    /// </summary>
    public const int SkippingVersion = 9;

    /// <summary><c>EXT-X-TARGETDURATION</c>, in whole seconds.</summary>
    public required int TargetDuration { get; init; }

    /// <summary>
    /// <c>EXT-X-SERVER-CONTROL:HOLD-BACK</c>: minimum distance from the live edge at which players play; at least three target durations.
    /// <see langword="null"/> for playlists served from a bucket: players then use three target durations (RFC 8216, 6.3.3).
    /// </summary>
    public required TimeSpan? HoldBack { get; init; }

    /// <summary><c>EXT-X-MEDIA-SEQUENCE</c>: sequence number of the first segment.</summary>
    public required long MediaSequence { get; init; }

    /// <summary>
    /// <c>EXT-X-DISCONTINUITY-SEQUENCE</c>: number of discontinuities before the first segment, the same for all renditions.
    /// </summary>
    public required long DiscontinuitySequence { get; init; }

    /// <summary><c>EXT-X-INDEPENDENT-SEGMENTS</c>: every segment can be decoded without other segments.</summary>
    public required bool IndependentSegments { get; init; }

    /// <summary><c>EXT-X-PART-INF</c> and its related attributes, or <see langword="null"/> when only whole segments are offered.</summary>
    public LowLatency? LowLatency { get; init; }

    /// <summary>
    /// <c>EXT-X-SKIP:SKIPPED-SEGMENTS</c>: number of segments that a delta update omits at the start; 0 in a full playlist.
    /// </summary>
    public int SkippedSegments { get; init; }

    /// <summary>
    /// <c>EXT-X-PLAYLIST-TYPE</c>: <c>EVENT</c> where no segment is ever removed, otherwise <see langword="null"/>. Constant for a URL.
    /// </summary>
    public string? Type { get; init; }

    /// <summary><c>EXT-X-START</c>: players start at the first segment, although the session is live.</summary>
    public bool StartsAtFirstSegment { get; init; }

    /// <summary>Segments in index blocks, listed before <see cref="Segments"/>.</summary>
    public DvrPlaylistRange DvrRange { get; init; } = new(1, 0, []);

    /// <summary>Segments after the index blocks, oldest first, without skipped segments; the last may be open.</summary>
    public required IReadOnlyList<PlaylistSegment> Segments { get; init; }

    /// <summary><c>EXT-X-PRELOAD-HINT</c>: URI of the next part, or <see langword="null"/>.</summary>
    public string? Hint { get; init; }

    /// <summary><c>EXT-X-RENDITION-REPORT</c>: the other renditions.</summary>
    public IReadOnlyList<RenditionReport> Reports { get; init; } = [];

    /// <summary><c>EXT-X-ENDLIST</c>: no segments follow.</summary>
    public required bool IsEnded { get; init; }

    /// <summary>Writes the playlist.</summary>
    /// <param name="text">Destination.</param>
    /// <param name="map">URI of the last init segment in the index blocks, or <see langword="null"/> when there are none.</param>
    /// <returns>Position in the text at which the index blocks are inserted.</returns>
    public int Write(StringBuilder text, string? map = null)
    {
        var culture = CultureInfo.InvariantCulture;
        text.Append("#EXTM3U\n");
        text.Append(culture, $"#EXT-X-VERSION:{(LowLatency is null ? Version : SkippingVersion)}\n");
        text.Append(culture, $"#EXT-X-TARGETDURATION:{TargetDuration}\n");
        if (HoldBack is { } holdBack)
        {
            text.Append(culture, $"#EXT-X-SERVER-CONTROL:HOLD-BACK={holdBack.TotalSeconds:0.0##}");
            LowLatency?.Write(text, TimeSpan.FromSeconds(TargetDuration));
            text.Append('\n');
        }

        text.Append(culture, $"#EXT-X-MEDIA-SEQUENCE:{MediaSequence}\n");
        text.Append(culture, $"#EXT-X-DISCONTINUITY-SEQUENCE:{DiscontinuitySequence}\n");
        if (Type is not null)
        {
            text.Append(culture, $"#EXT-X-PLAYLIST-TYPE:{Type}\n");
        }

        if (StartsAtFirstSegment)
        {
            text.Append("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n");
        }

        if (IndependentSegments)
        {
            text.Append("#EXT-X-INDEPENDENT-SEGMENTS\n");
        }

        if (SkippedSegments > 0)
        {
            text.Append(culture, $"#EXT-X-SKIP:SKIPPED-SEGMENTS={SkippedSegments}\n");
        }

        // The map is repeated after a skip. A player that merges the update already knows it, but a parser that reads only the update needs
        // it.
        var insertAt = text.Length;
        foreach (var segment in Segments)
        {
            segment.Write(text, segment.Map != map);
            map = segment.Map;
        }

        if (Hint is not null)
        {
            text.Append(culture, $"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{Hint}\"\n");
        }

        foreach (var report in Reports)
        {
            report.Write(text);
        }

        if (IsEnded)
        {
            text.Append("#EXT-X-ENDLIST\n");
        }

        return insertAt;
    }

    /// <summary>The serialized playlist with its index blocks.</summary>
    public Document ToDocument(IReadOnlyList<IndexBlockPlaylist> indexBlocks)
    {
        var text = new StringBuilder(4096 + (Segments.Count * 128));
        var insertAt = Write(text, indexBlocks is [.., var last] ? last.LastMap : null);
        var all = text.ToString();
        using var target = new MemoryStream(all.Length + indexBlocks.Sum(indexBlock => indexBlock.Text.Length + 64));
        target.Write(Encoding.UTF8.GetBytes(all[..insertAt]));
        string? map = null;
        foreach (var indexBlock in indexBlocks)
        {
            indexBlock.Write(target, indexBlock.FirstMap != map);
            map = indexBlock.LastMap;
        }

        target.Write(Encoding.UTF8.GetBytes(all[insertAt..]));
        return new Document(target.ToArray(), ContentTypes.Hls);
    }

    /// <summary>The serialized playlist.</summary>
    public Document ToDocument()
    {
        var text = new StringBuilder(512 + (Segments.Count * 128) + (LowLatency is null ? 0 : 4096));
        Write(text);
        return new Document(Encoding.UTF8.GetBytes(text.ToString()), ContentTypes.Hls);
    }
}

/// <summary>A segment in a media playlist.</summary>
/// <param name="Uri">Its URI, relative to the playlist.</param>
/// <param name="Duration"><c>EXTINF</c>, in seconds.</param>
/// <param name="Map"><c>EXT-X-MAP</c>: URI of its init segment, or <see langword="null"/> when unknown. Written where it changes.</param>
/// <param name="WallClock"><c>EXT-X-PROGRAM-DATE-TIME</c>: wall-clock time of its first sample.</param>
/// <param name="Discontinuity"><c>EXT-X-DISCONTINUITY</c>: timestamps or configuration change at its start.</param>
/// <param name="IsGap"><c>EXT-X-GAP</c>: the segment is not available.</param>
internal sealed record PlaylistSegment(string Uri, double Duration, string? Map, DateTimeOffset WallClock, bool Discontinuity, bool IsGap)
{
    /// <summary>Its parts, where parts are listed.</summary>
    public IReadOnlyList<PlaylistPart> Parts { get; init; } = [];

    /// <summary>Indicates whether more parts follow; an open segment has no <c>EXTINF</c> and no URI yet.</summary>
    public bool IsOpen { get; init; }

    /// <summary>
    /// Writes the segment's tags and URI. Tags that apply to the segment precede its first part (draft-pantos-hls-rfc8216bis, 4.4.4.9).
    /// </summary>
    public void Write(StringBuilder text, bool writeMap)
    {
        var culture = CultureInfo.InvariantCulture;
        if (Discontinuity)
        {
            text.Append("#EXT-X-DISCONTINUITY\n");
        }

        if (writeMap && Map is not null)
        {
            text.Append(culture, $"#EXT-X-MAP:URI=\"{Map}\"\n");
        }

        text.Append(culture, $"#EXT-X-PROGRAM-DATE-TIME:{WallClock.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z\n");
        if (IsGap)
        {
            text.Append("#EXT-X-GAP\n");
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
        text.Append(Uri).Append('\n');
    }
}
