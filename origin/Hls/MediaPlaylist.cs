using System.Globalization;
using System.Text;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Rewinding;

namespace Broadcast.Origin.Hls;

/// <summary>A media playlist (RFC 8216, 4.3.3; tags of draft-pantos-hls-rfc8216bis where RFC 8216 has none). Each property is one tag.</summary>
internal sealed record MediaPlaylist
{
    /// <summary><c>EXT-X-VERSION</c>: 8 is what <c>EXT-X-GAP</c> wants. Said from the first playlist on, because a playlist may not change it later.</summary>
    public const int Version = 8;

    /// <summary>The same where <c>EXT-X-SKIP</c> may come. Date ranges, for which it would be 10, are not skipped, because there are none.</summary>
    public const int SkippingVersion = 9;

    /// <summary><c>EXT-X-TARGETDURATION</c>, whole seconds.</summary>
    public required int TargetDuration { get; init; }

    /// <summary>
    /// <c>EXT-X-SERVER-CONTROL:HOLD-BACK</c>: how far from the end players should stay; three target durations or more. <see langword="null"/> where no server answers: three target durations are then
    /// what players keep (RFC 8216, 6.3.3).
    /// </summary>
    public required TimeSpan? HoldBack { get; init; }

    /// <summary><c>EXT-X-MEDIA-SEQUENCE</c>: number of the first segment.</summary>
    public required long MediaSequence { get; init; }

    /// <summary><c>EXT-X-DISCONTINUITY-SEQUENCE</c>: discontinuities before the first segment, the same for all renditions.</summary>
    public required long DiscontinuitySequence { get; init; }

    /// <summary><c>EXT-X-INDEPENDENT-SEGMENTS</c>: every segment can be decoded without the others.</summary>
    public required bool IndependentSegments { get; init; }

    /// <summary><c>EXT-X-PART-INF</c> and what belongs to it, or <see langword="null"/> when only whole segments are offered.</summary>
    public LowLatency? LowLatency { get; init; }

    /// <summary><c>EXT-X-SKIP:SKIPPED-SEGMENTS</c>: segments that a delta update leaves out at the front; 0 in a whole playlist.</summary>
    public int SkippedSegments { get; init; }

    /// <summary><c>EXT-X-PLAYLIST-TYPE</c>: <c>EVENT</c> where nothing is ever removed, otherwise <see langword="null"/>. Never changed at an address.</summary>
    public string? Type { get; init; }

    /// <summary><c>EXT-X-START</c>: players begin at the first segment, though the live edge goes on.</summary>
    public bool StartsAtBegin { get; init; }

    /// <summary>What stands before the segments, in chapters.</summary>
    public PastRange Past { get; init; } = new(1, 0, []);

    /// <summary>The segments behind those, oldest first, without those skipped; the last may be open.</summary>
    public required IReadOnlyList<PlaylistSegment> Segments { get; init; }

    /// <summary><c>EXT-X-PRELOAD-HINT</c>: address of the part that comes next, or <see langword="null"/>.</summary>
    public string? Hint { get; init; }

    /// <summary><c>EXT-X-RENDITION-REPORT</c>: the other renditions.</summary>
    public IReadOnlyList<RenditionReport> Reports { get; init; } = [];

    /// <summary><c>EXT-X-ENDLIST</c>: nothing follows.</summary>
    public required bool IsEnded { get; init; }

    /// <summary>Writes the playlist.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="map">Address of the init segment that the chapters end with, or <see langword="null"/> when there are none.</param>
    /// <returns>Where in the text the chapters belong.</returns>
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

        if (StartsAtBegin)
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

        // Also said after a skip, where a player that put the playlist together would know it: it costs a line, and one that reads the rest alone needs it.
        var place = text.Length;
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

        return place;
    }

    /// <summary>The playlist as it goes out, with its chapters.</summary>
    public Document ToDocument(IReadOnlyList<ChapterText> chapters)
    {
        var text = new StringBuilder(4096 + (Segments.Count * 128));
        var place = Write(text, chapters is [.., var last] ? last.LastMap : null);
        var all = text.ToString();
        using var target = new MemoryStream(all.Length + chapters.Sum(chapter => chapter.Text.Length + 64));
        target.Write(Encoding.UTF8.GetBytes(all[..place]));
        string? map = null;
        foreach (var chapter in chapters)
        {
            chapter.Write(target, chapter.FirstMap != map);
            map = chapter.LastMap;
        }

        target.Write(Encoding.UTF8.GetBytes(all[place..]));
        return new Document(target.ToArray(), ContentTypes.Hls);
    }

    /// <summary>The playlist as it goes out.</summary>
    public Document ToDocument()
    {
        var text = new StringBuilder(512 + (Segments.Count * 128) + (LowLatency is null ? 0 : 4096));
        Write(text);
        return new Document(Encoding.UTF8.GetBytes(text.ToString()), ContentTypes.Hls);
    }
}

/// <summary>A segment in a media playlist.</summary>
/// <param name="Uri">Its address, relative to the playlist's.</param>
/// <param name="Duration"><c>EXTINF</c>, seconds.</param>
/// <param name="Map"><c>EXT-X-MAP</c>: address of the init segment it needs, or <see langword="null"/> when that is not known. Written where it changes.</param>
/// <param name="WallClock"><c>EXT-X-PROGRAM-DATE-TIME</c>: when its first sample was captured.</param>
/// <param name="Discontinuity"><c>EXT-X-DISCONTINUITY</c>: a new run of timestamps or configurations begins with it.</param>
/// <param name="IsGap"><c>EXT-X-GAP</c>: there is nothing at its address.</param>
internal sealed record PlaylistSegment(string Uri, double Duration, string? Map, DateTimeOffset WallClock, bool Discontinuity, bool IsGap)
{
    /// <summary>Its parts, where they are listed.</summary>
    public IReadOnlyList<PlaylistPart> Parts { get; init; } = [];

    /// <summary>Whether more parts follow, so that neither its address nor its length is said yet.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Writes the segment's tags and its address. What applies to the segment stands before its first part (RFC 8216bis, 4.4.4.9).</summary>
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
