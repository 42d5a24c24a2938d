using System.Xml;
using Broadcast.Media;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Dash;

/// <summary>
/// The <c>AdaptationSet</c> of thumbnails (DASH-IF IOP 4.3, 6.2.6) in a period: sheets by their times, so that only what exists is listed. Those that begin before the period are in it too, as far as they reach into it.
/// </summary>
/// <param name="Layout">How each sheet is divided.</param>
/// <param name="Bandwidth"><c>@bandwidth</c></param>
/// <param name="PresentationTimeOffset"><c>@presentationTimeOffset</c>, milliseconds.</param>
/// <param name="Timeline">The sheets' starts and lengths, milliseconds.</param>
internal sealed record ThumbnailSet(SheetLayout Layout, long Bandwidth, long PresentationTimeOffset, IReadOnlyList<(long Start, long Duration)> Timeline)
{
    /// <summary><c>@id</c>: behind those of all media.</summary>
    private const int Id = 1000;

    /// <summary>
    /// <c>@availabilityTimeOffset</c>, or <see langword="null"/>. A sheet is listed once it is there, so this promises nothing; but Shaka 5.2 takes a presentation for one of low latency only when all
    /// in it, images too, has one.
    /// </summary>
    public TimeSpan? Early { get; init; }

    /// <summary>The set of a period, or <see langword="null"/> when no sheet reaches into it.</summary>
    /// <param name="track">The session's sheets, or <see langword="null"/>.</param>
    /// <param name="start">Where the period begins.</param>
    /// <param name="end">Where it ends, or <see langword="null"/> while it grows.</param>
    public static ThumbnailSet? Of(ThumbnailTrack? track, TimeSpan start, TimeSpan? end)
    {
        var duration = (long)(track?.Duration.TotalMilliseconds ?? 0);
        List<(long, long)> sheets =
        [
            .. from sheet in track?.Sheets ?? []
               let begin = ThumbnailTrack.Milliseconds(sheet)
               where begin + duration > start.TotalMilliseconds && !(begin >= end?.TotalMilliseconds)
               select (begin, duration),
        ];
        return sheets.Count == 0 ? null : new ThumbnailSet(track!.Layout, track.Bandwidth, (long)start.TotalMilliseconds, sheets);
    }

    /// <summary>Writes the element. Width and height are those of a sheet.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("AdaptationSet");
        xml.WriteAttributeString("id", MpdText.Number(Id));
        xml.WriteAttributeString("contentType", "image");
        xml.WriteAttributeString("mimeType", Delivery.ContentTypes.Jpeg);
        xml.WriteStartElement("Representation");
        xml.WriteAttributeString("id", ThumbnailTrack.Name);
        xml.WriteAttributeString("bandwidth", MpdText.Number(Bandwidth));
        xml.WriteAttributeString("width", MpdText.Number(Layout.Columns * Layout.TileWidth));
        xml.WriteAttributeString("height", MpdText.Number(Layout.Rows * Layout.TileHeight));
        MpdText.Descriptor(xml, "EssentialProperty", "http://dashif.org/guidelines/thumbnail_tile", FormattableString.Invariant($"{Layout.Columns}x{Layout.Rows}"));
        xml.WriteStartElement("SegmentTemplate");
        xml.WriteAttributeString("timescale", "1000");
        xml.WriteAttributeString("presentationTimeOffset", MpdText.Number(PresentationTimeOffset));
        xml.WriteAttributeString("media", $"{ThumbnailTrack.Name}/$Time$.jpg");
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
