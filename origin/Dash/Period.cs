using System.Xml;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Dash;

/// <summary><c>Period</c> (ISO/IEC 23009-1, 5.3.2).</summary>
/// <param name="Id"><c>@id</c></param>
/// <param name="Start"><c>@start</c>, from presentation time zero.</param>
/// <param name="Duration"><c>@duration</c>, when another period follows or the presentation has ended.</param>
/// <param name="Sets"><c>AdaptationSet</c> elements.</param>
internal sealed record Period(string Id, TimeSpan Start, TimeSpan? Duration, IReadOnlyList<AdaptationSet> Sets)
{
    /// <summary>The <c>AdaptationSet</c> of thumbnails, or <see langword="null"/> when there are none.</summary>
    public ThumbnailAdaptationSet? Thumbnails { get; init; }

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

/// <summary><c>AdaptationSet</c> (5.3.3): renditions between which players may switch.</summary>
/// <param name="Id"><c>@id</c></param>
/// <param name="Kind"><c>@contentType</c> and <c>@mimeType</c>.</param>
/// <param name="Language"><c>@lang</c>, or <see langword="null"/>.</param>
/// <param name="IsMain"><c>Role</c>: <c>main</c>, or <c>alternate</c> for further audio renditions.</param>
/// <param name="Representations">The renditions.</param>
internal sealed record AdaptationSet(int Id, TrackKind Kind, string? Language, bool IsMain, IReadOnlyList<Representation> Representations)
{
    private const byte Unspecified = 2;

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
        xml.WriteAttributeString("contentType", Kind == TrackKind.Audio ? "audio" : "video");
        xml.WriteAttributeString("mimeType", Broadcast.Origin.Delivery.ContentTypes.Of(Kind));
        if (Language is not null)
        {
            xml.WriteAttributeString("lang", Language);
        }

        // Segment boundaries are the same in all renditions.
        xml.WriteAttributeString("segmentAlignment", "true");
        if (Kind == TrackKind.Video && Representations[0].Format.Color is { } color)
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
        foreach (var representation in Representations)
        {
            representation.Write(xml);
        }

        xml.WriteEndElement();
    }

    /// <summary>
    /// Writes one descriptor for CEA-608 channels and one for CEA-708 services (SCTE 214-1, 7.7), each with its language; <c>und</c> where
    /// the encoder states none.
    /// </summary>
    private void WriteCaptions(XmlWriter xml)
    {
        const string scheme = "urn:scte:dash:cc:";
        var language = Language ?? "und";
        var channels = Captions.Where(id => Broadcast.Origin.Hls.PlaylistRenderer.ServiceOf(id) is null)
            .Select(id => $"{id}={language}").ToList();
        var services = Captions.Select(Broadcast.Origin.Hls.PlaylistRenderer.ServiceOf).OfType<int>()
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

        var range = Broadcast.Origin.Hls.VideoRange.Of(color);
        var isWide = range is Broadcast.Origin.Hls.VideoRange.Pq or Broadcast.Origin.Hls.VideoRange.Hlg;
        (string Name, byte Value, bool IsEssential)[] points =
        [
            ("ColourPrimaries", color.Primaries, isWide), ("TransferCharacteristics", color.Transfer,
                range == Broadcast.Origin.Hls.VideoRange.Pq), ("MatrixCoefficients", color.Matrix, isWide),
        ];
        foreach (var (name, value, isEssential) in points.Where(point => point.Value != Unspecified)
            .OrderByDescending(point => point.IsEssential))
        {
            MpdText.Descriptor(xml, isEssential ? "EssentialProperty" : "SupplementalProperty", scheme + name, MpdText.Number(value));
        }
    }
}

/// <summary><c>Representation</c> (5.3.5): a rendition.</summary>
/// <param name="Id"><c>@id</c>, also the name of its folder.</param>
/// <param name="Format">Format of its segments.</param>
/// <param name="Bandwidth"><c>@bandwidth</c>, in bits per second.</param>
/// <param name="IsIndependent"><c>@startWithSAP</c>: 1 when every segment starts with a sync sample.</param>
/// <param name="Segments">Its segments.</param>
internal sealed record Representation(string Id, RenditionFormat Format, long Bandwidth, bool IsIndependent, SegmentTemplate Segments)
{
    /// <summary>Writes the element.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("Representation");
        xml.WriteAttributeString("id", Id);
        xml.WriteAttributeString("codecs", Format.Codecs);
        xml.WriteAttributeString("bandwidth", MpdText.Number(Bandwidth));
        if (Format is { Width: > 0, Height: > 0 })
        {
            xml.WriteAttributeString("width", MpdText.Number(Format.Width));
            xml.WriteAttributeString("height", MpdText.Number(Format.Height));
        }

        if (Format.FrameRate > 0)
        {
            xml.WriteAttributeString("frameRate", MpdText.FrameRate(Format.FrameRate));
        }

        if (Format.SampleRate > 0)
        {
            xml.WriteAttributeString("audioSamplingRate", MpdText.Number(Format.SampleRate));
        }

        if (IsIndependent)
        {
            xml.WriteAttributeString("startWithSAP", "1");
        }

        if (Format.Channels > 0)
        {
            // The scheme's values are channel configurations of ISO/IEC 23003-3. AAC's value 7 has eight channels, five of them in front;
            // other codecs have pairs at side and back.
            var isAac = Format.Codecs.StartsWith("mp4a.", StringComparison.Ordinal);
            var configuration = Format.Channels switch { 8 => isAac ? 7 : 12, 7 => 11, var channels => channels };
            MpdText.Descriptor(
                xml, "AudioChannelConfiguration", "urn:mpeg:dash:23003:3:audio_channel_configuration:2011", MpdText.Number(configuration));
        }

        Segments.Write(xml);
        xml.WriteEndElement();
    }
}
