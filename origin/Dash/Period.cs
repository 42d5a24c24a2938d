using System.Xml;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Dash;

/// <summary><c>Period</c> (ISO/IEC 23009-1, 5.3.2).</summary>
/// <param name="Id"><c>@id</c></param>
/// <param name="Start"><c>@start</c>, from presentation time zero.</param>
/// <param name="Duration"><c>@duration</c>, when another period follows or the presentation has ended.</param>
/// <param name="Sets"><c>AdaptationSet</c> elements.</param>
internal sealed record Period(string Id, TimeSpan Start, TimeSpan? Duration, IReadOnlyList<AdaptationSet> Sets)
{
    /// <summary>The <c>AdaptationSet</c> of thumbnails, or <see langword="null"/> when there are none.</summary>
    public AdaptationSet? Thumbnails { get; init; }

    /// <summary>Writes the element.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("Period");
        xml.WriteAttributeString("id", Id);
        xml.WriteAttributeString("start", MpdText.Duration(Start));
        if (Duration is { } duration)
        {
            xml.WriteAttributeString("duration", MpdText.Duration(duration));
        }

        foreach (var set in Sets)
        {
            set.Write(xml);
        }

        Thumbnails?.Write(xml);
        xml.WriteEndElement();
    }
}

/// <summary><c>AdaptationSet</c> (5.3.3): renditions between which players may switch, or thumbnails.</summary>
/// <param name="Id"><c>@id</c></param>
/// <param name="Kind"><c>@contentType</c> and <c>@mimeType</c>; <see langword="null"/> for images.</param>
/// <param name="Representations">The renditions; at least one.</param>
internal sealed record AdaptationSet(int Id, TrackKind? Kind, IReadOnlyList<Representation> Representations)
{
    private const byte Unspecified = 2;

    /// <summary><c>@lang</c>, or <see langword="null"/>.</summary>
    public string? Language { get; init; }

    /// <summary><c>Role</c> of media: <c>main</c>, or <c>alternate</c> for further audio renditions.</summary>
    public bool IsMain { get; init; }

    /// <summary><c>Label</c>: the encoder's label, or <see langword="null"/>.</summary>
    public string? Label { get; init; }

    /// <summary><c>ProducerReferenceTime</c>, or <see langword="null"/>.</summary>
    public ProducerReferenceTime? Reference { get; init; }

    /// <summary>
    /// <c>Accessibility</c>: embedded captions, named as in <see cref="CaptionServices"/>. Taken from the first representation, from which
    /// the others are encoded.
    /// </summary>
    public IReadOnlyList<string> Captions { get; init; } = [];

    /// <summary>Writes the element.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("AdaptationSet");
        xml.WriteAttributeString("id", MpdText.Number(Id));
        xml.WriteAttributeString("contentType", Kind switch { TrackKind.Audio => "audio", TrackKind.Video => "video", _ => "image" });
        xml.WriteAttributeString("mimeType", Kind is { } kind ? ContentTypes.Of(kind) : ContentTypes.Jpeg);
        if (Kind is not null)
        {
            WriteMediaProperties(xml);
        }

        foreach (var representation in Representations)
        {
            representation.Write(xml);
        }

        xml.WriteEndElement();
    }

    private void WriteMediaProperties(XmlWriter xml)
    {
        if (Language is not null)
        {
            xml.WriteAttributeString("lang", Language);
        }

        // Segment boundaries are the same in all renditions.
        xml.WriteAttributeString("segmentAlignment", "true");
        if (Kind == TrackKind.Video && Representations[0].Format?.Color is { } color)
        {
            WriteColors(xml, color);
        }

        if (Label is not null)
        {
            xml.WriteElementString("Label", Label);
        }

        Reference?.Write(xml, Representations[0].Segments.Timescale);
        WriteCaptions(xml);
        MpdText.Descriptor(xml, "Role", "urn:mpeg:dash:role:2011", IsMain ? "main" : "alternate");
    }

    /// <summary>
    /// Writes one descriptor for CEA-608 channels and one for CEA-708 services (SCTE 214-1, 7.7), each with its language; <c>und</c> where
    /// the encoder states none.
    /// </summary>
    private void WriteCaptions(XmlWriter xml)
    {
        const string scheme = "urn:scte:dash:cc:";
        var language = Language ?? "und";
        var channels = Captions.Where(id => RenditionDescription.ServiceOf(id) is null)
            .Select(id => $"{id}={language}").ToList();
        var services = Captions.Select(RenditionDescription.ServiceOf).OfType<int>()
            .Select(number => $"{MpdText.Number(number)}=lang:{language}").ToList();
        if (channels.Count > 0)
        {
            MpdText.Descriptor(xml, "Accessibility", scheme + "cea-608:2015", string.Join(';', channels));
        }

        if (services.Count > 0)
        {
            MpdText.Descriptor(xml, "Accessibility", scheme + "cea-708:2015", string.Join(';', services));
        }
    }

    /// <summary>
    /// Writes code points of ISO/IEC 23091-2 as in DASH-IF's HDR guidelines. Properties that a player must support to show the video are
    /// essential, so that other players select another adaptation set. Hybrid log-gamma and SDR video can be shown without support. BT.709
    /// is the default and not written.
    /// </summary>
    private static void WriteColors(XmlWriter xml, ColorDescription color)
    {
        const string scheme = "urn:mpeg:mpegB:cicp:";
        if (color is { Primaries: 1, Transfer: 1, Matrix: 1 })
        {
            return;
        }

        var range = VideoRange.Of(color);
        var isWide = range is VideoRange.Pq or VideoRange.Hlg;
        (string Name, byte Value, bool IsEssential)[] points =
        [
            ("ColourPrimaries", color.Primaries, isWide), ("TransferCharacteristics", color.Transfer,
                range == VideoRange.Pq), ("MatrixCoefficients", color.Matrix, isWide),
        ];
        foreach (var (name, value, isEssential) in points.Where(point => point.Value != Unspecified)
            .OrderByDescending(point => point.IsEssential))
        {
            MpdText.Descriptor(xml, isEssential ? "EssentialProperty" : "SupplementalProperty", scheme + name, MpdText.Number(value));
        }
    }
}

/// <summary><c>Representation</c> (5.3.5): a rendition or the thumbnails.</summary>
/// <param name="Id"><c>@id</c>, also the name of its folder.</param>
/// <param name="Bandwidth"><c>@bandwidth</c>, in bits per second.</param>
/// <param name="Segments">Its segments.</param>
internal sealed record Representation(string Id, long Bandwidth, SegmentTemplate Segments)
{
    /// <summary>Format of the segments of a rendition; <see langword="null"/> for thumbnails.</summary>
    public RenditionFormat? Format { get; init; }

    /// <summary><c>@startWithSAP</c>: 1 when every segment starts with a sync sample.</summary>
    public bool IsIndependent { get; init; }

    /// <summary>Grid of the sprite sheets; <see langword="null"/> for media.</summary>
    public SpriteSheetLayout? Tiles { get; init; }

    /// <summary>Writes the element.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("Representation");
        xml.WriteAttributeString("id", Id);
        if (Format is not null)
        {
            xml.WriteAttributeString("codecs", Format.Codecs);
        }

        xml.WriteAttributeString("bandwidth", MpdText.Number(Bandwidth));
        if (Format is not null)
        {
            WriteFormat(xml, Format);
        }

        if (Tiles is { } tiles)
        {
            // Width and height are those of a sprite sheet.
            WriteSize(xml, tiles.Columns * tiles.TileWidth, tiles.Rows * tiles.TileHeight);
            MpdText.Descriptor(xml, "EssentialProperty", "http://dashif.org/guidelines/thumbnail_tile",
                FormattableString.Invariant($"{tiles.Columns}x{tiles.Rows}"));
        }

        Segments.Write(xml);
        xml.WriteEndElement();
    }

    private static void WriteSize(XmlWriter xml, int width, int height)
    {
        xml.WriteAttributeString("width", MpdText.Number(width));
        xml.WriteAttributeString("height", MpdText.Number(height));
    }

    private void WriteFormat(XmlWriter xml, RenditionFormat format)
    {
        if (format is { Width: > 0, Height: > 0 })
        {
            WriteSize(xml, format.Width, format.Height);
        }

        if (format.FrameRate > 0)
        {
            xml.WriteAttributeString("frameRate", MpdText.FrameRate(format.FrameRate));
        }

        if (format.SampleRate > 0)
        {
            xml.WriteAttributeString("audioSamplingRate", MpdText.Number(format.SampleRate));
        }

        if (IsIndependent)
        {
            xml.WriteAttributeString("startWithSAP", "1");
        }

        if (format.Channels > 0)
        {
            // The scheme's values are channel configurations of ISO/IEC 23003-3. AAC's value 7 has eight channels, five of them in front;
            // other codecs have pairs at side and back.
            var isAac = format.Codecs.StartsWith("mp4a.", StringComparison.Ordinal);
            var configuration = format.Channels switch { 8 => isAac ? 7 : 12, 7 => 11, var channels => channels };
            MpdText.Descriptor(
                xml, "AudioChannelConfiguration", "urn:mpeg:dash:23003:3:audio_channel_configuration:2011", MpdText.Number(configuration));
        }
    }
}
