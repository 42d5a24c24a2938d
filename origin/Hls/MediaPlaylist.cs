using System.Globalization;
using System.Text;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;

namespace Broadcast.Origin.Hls;

/// <summary>Kinds of media playlists.</summary>
internal enum MediaPlaylistKind
{
    /// <summary>Whole segments.</summary>
    Segments,

    /// <summary><c>EXT-X-I-FRAMES-ONLY</c> (RFC 8216, 4.3.3.6): the first frame of each segment.</summary>
    IFrames,

    /// <summary><c>EXT-X-IMAGES-ONLY</c> ("Image Media Playlist", version 0.4): sprite sheets.</summary>
    Images,
}

/// <summary>
/// A media playlist (RFC 8216, 4.3.3; draft-pantos-hls-rfc8216bis for tags that RFC 8216 lacks): the description that all sources of
/// playlists create, and the only writer of its tags. Each property is one tag.
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

    /// <summary>The kind: <c>EXT-X-I-FRAMES-ONLY</c> or <c>EXT-X-IMAGES-ONLY</c>.</summary>
    public MediaPlaylistKind Kind { get; init; }

    /// <summary><c>EXT-X-TARGETDURATION</c>, written in whole seconds.</summary>
    public required TimeSpan TargetDuration { get; init; }

    /// <summary>
    /// Indicates whether <c>EXT-X-SERVER-CONTROL</c> is written. Its <c>HOLD-BACK</c>, the minimum distance from the live edge at which
    /// players play, is three target durations. Playlists served from a bucket lack the tag; players then use the same distance (RFC 8216,
    /// 6.3.3).
    /// </summary>
    public bool HasServerControl { get; init; } = true;

    /// <summary><c>EXT-X-MEDIA-SEQUENCE</c>: sequence number of the first segment.</summary>
    public required long MediaSequence { get; init; }

    /// <summary>
    /// <c>EXT-X-DISCONTINUITY-SEQUENCE</c>: number of discontinuities before the first segment, the same for all renditions.
    /// <see langword="null"/> for images, which have none.
    /// </summary>
    public required long? DiscontinuitySequence { get; init; }

    /// <summary><c>EXT-X-INDEPENDENT-SEGMENTS</c>: every segment can be decoded without other segments.</summary>
    public bool IndependentSegments { get; init; }

    /// <summary><c>EXT-X-PART-INF</c> and its related attributes, or <see langword="null"/> when only whole segments are offered.</summary>
    public LowLatency? LowLatency { get; init; }

    /// <summary>
    /// <c>EXT-X-SKIP:SKIPPED-SEGMENTS</c>: number of segments that a delta update omits at the start; 0 in a full playlist.
    /// </summary>
    public int SkippedSegments { get; init; }

    /// <summary>
    /// Indicates whether no segment is ever removed: <c>EXT-X-PLAYLIST-TYPE:EVENT</c>. Constant for a URL, because the type may not change
    /// (draft-pantos-hls-rfc8216bis, 6.2.1). Finished playlists are not <c>VOD</c>, because they may have been requested while they grew.
    /// </summary>
    public bool IsEvent { get; init; }

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
        var target = (int)Math.Ceiling(TargetDuration.TotalSeconds);
        text.Append(culture, $"#EXT-X-TARGETDURATION:{target}\n");
        if (HasServerControl)
        {
            text.Append(culture, $"#EXT-X-SERVER-CONTROL:HOLD-BACK={(3 * TargetDuration).TotalSeconds:0.0##}");
            LowLatency?.Write(text, TimeSpan.FromSeconds(target));
            text.Append('\n');
        }

        text.Append(culture, $"#EXT-X-MEDIA-SEQUENCE:{MediaSequence}\n");
        if (DiscontinuitySequence is { } discontinuities)
        {
            text.Append(culture, $"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}\n");
        }

        if (IsEvent)
        {
            text.Append("#EXT-X-PLAYLIST-TYPE:EVENT\n");
        }

        if (StartsAtFirstSegment)
        {
            text.Append("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n");
        }

        if (Kind != MediaPlaylistKind.Segments)
        {
            text.Append(Kind == MediaPlaylistKind.IFrames ? "#EXT-X-I-FRAMES-ONLY\n" : "#EXT-X-IMAGES-ONLY\n");
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
