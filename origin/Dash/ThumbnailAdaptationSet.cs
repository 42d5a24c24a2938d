using System.Xml;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dash;

/// <summary>
/// The <c>AdaptationSet</c> of thumbnails (DASH-IF IOP 4.3, 6.2.6) in a period. Sprite sheets are addressed by time, so that only existing
/// ones are listed. Sheets that start before the period but overlap it are included.
/// </summary>
/// <param name="Layout">Grid of each sprite sheet.</param>
/// <param name="Bandwidth"><c>@bandwidth</c></param>
/// <param name="PresentationTimeOffset"><c>@presentationTimeOffset</c>, in milliseconds.</param>
/// <param name="Timeline">Starts and durations of the sprite sheets, in milliseconds.</param>
internal sealed record ThumbnailAdaptationSet(SpriteSheetLayout Layout, long Bandwidth, long PresentationTimeOffset,
    IReadOnlyList<(long Start, long Duration)> Timeline)
{
    /// <summary><c>@id</c>: above those of all media.</summary>
    private const int Id = 1000;

    /// <summary>
    /// <c>@availabilityTimeOffset</c>, or <see langword="null"/>. A sprite sheet is listed once it exists, so this promises nothing. But
    /// Shaka 5.2 treats a presentation as low-latency only when all adaptation sets, including images, have one.
    /// </summary>
    public TimeSpan? Early { get; init; }

    /// <summary>The adaptation set of a period, or <see langword="null"/> when no sprite sheet overlaps it.</summary>
    /// <param name="track">The session's sprite sheets, or <see langword="null"/>.</param>
    /// <param name="start">Start of the period.</param>
    /// <param name="end">End of the period, or <see langword="null"/> while it grows.</param>
    public static ThumbnailAdaptationSet? Of(ThumbnailTrack? track, TimeSpan start, TimeSpan? end)
    {
        var duration = (long)(track?.Duration.TotalMilliseconds ?? 0);
        List<(long, long)> sheets =
        [
            .. from sheet in track?.Sheets ?? []
               let sheetStart = ThumbnailTrack.Milliseconds(sheet)
               where sheetStart + duration > start.TotalMilliseconds && !(sheetStart >= end?.TotalMilliseconds)
               select (sheetStart, duration),
        ];
        return sheets.Count == 0 ? null : new ThumbnailAdaptationSet(track!.Layout, track.Bandwidth, (long)start.TotalMilliseconds, sheets);
    }

    /// <summary>Writes the element. Width and height are those of a sprite sheet.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("AdaptationSet");
        xml.WriteAttributeString("id", MpdText.Number(Id));
        xml.WriteAttributeString("contentType", "image");
        xml.WriteAttributeString("mimeType", Broadcast.Origin.Delivery.ContentTypes.Jpeg);
        xml.WriteStartElement("Representation");
        xml.WriteAttributeString("id", ThumbnailTrack.Name);
        xml.WriteAttributeString("bandwidth", MpdText.Number(Bandwidth));
        xml.WriteAttributeString("width", MpdText.Number(Layout.Columns * Layout.TileWidth));
        xml.WriteAttributeString("height", MpdText.Number(Layout.Rows * Layout.TileHeight));
        MpdText.Descriptor(xml, "EssentialProperty", "http://dashif.org/guidelines/thumbnail_tile",
            FormattableString.Invariant($"{Layout.Columns}x{Layout.Rows}"));
        xml.WriteStartElement("SegmentTemplate");
        xml.WriteAttributeString("timescale", "1000");
        xml.WriteAttributeString("presentationTimeOffset", MpdText.Number(PresentationTimeOffset));
        xml.WriteAttributeString("media", SessionObjectNames.SpriteSheetTemplate);
        if (Early is { } early)
        {
            xml.WriteAttributeString("availabilityTimeOffset", MpdText.Seconds(early));
        }

        SegmentTemplate.WriteTimeline(xml, Timeline);
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }
}
