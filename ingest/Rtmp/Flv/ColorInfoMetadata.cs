using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// Color information of later frames from a metadata frame (Enhanced RTMP v2, "Metadata Frame", <c>colorInfo</c>). Values are within their
/// ranges or absent.
/// </summary>
/// <param name="BitDepth">8, 10 or 12.</param>
/// <param name="Primaries">ITU-T H.273, 8.1; 0 to 255.</param>
/// <param name="Transfer">ITU-T H.273, 8.2; 0 to 255. 16 is PQ, 18 is HLG.</param>
/// <param name="Matrix">ITU-T H.273, 8.3; 0 to 255.</param>
/// <param name="MaxFrameAverageLight">Maximum frame-average light level, cd/m².</param>
/// <param name="MaxLight">Maximum light level of a pixel, cd/m².</param>
/// <param name="Mastering">Mastering display.</param>
internal sealed record ColorInfoMetadata(
    int? BitDepth, int? Primaries, int? Transfer, int? Matrix, double? MaxFrameAverageLight, double? MaxLight,
    MasteringDisplayMetadata? Mastering)
{
    /// <summary>Parses the name and value pairs of a metadata frame.</summary>
    /// <param name="amf">Body of the frame, AMF0.</param>
    /// <param name="color">The color information; <see langword="null"/> when the frame clears it or contains none.</param>
    /// <returns>Whether the bytes could be read.</returns>
    public static bool TryRead(ReadOnlySpan<byte> amf, out ColorInfoMetadata? color)
    {
        color = null;
        try
        {
            var reader = new AmfReader(amf);
            while (!reader.AtEnd)
            {
                var name = (reader.Read() as AmfValue.Text)?.Value;
                if (reader.AtEnd)
                {
                    return false;
                }

                var value = reader.Read();
                if (name == "colorInfo")
                {
                    color = Parse(value);
                }
            }

            return true;
        }
        catch (RtmpProtocolException)
        {
            return false;
        }
    }

    /// <summary>Converts the usable values; <see langword="null"/> when there are none.</summary>
    public ColorInfo? ToDescription()
    {
        const byte unknown = 2;
        var color = Primaries is null && Transfer is null && Matrix is null
            ? null
            : new ColorDescription((byte)(Primaries ?? unknown), (byte)(Transfer ?? unknown), (byte)(Matrix ?? unknown), FullRange: false);
        ContentLightLevel? light = MaxLight is null && MaxFrameAverageLight is null
            ? null
            : new(Candelas(MaxLight), Candelas(MaxFrameAverageLight));
        var mastering = Mastering?.ToDisplay();
        return color is null && light is null && mastering is null ? null : new ColorInfo(color, mastering, light);
    }

    private static ushort Candelas(double? value) => (ushort)Math.Round(value ?? 0);

    /// <summary>An empty object, like an undefined value, clears the color information.</summary>
    private static ColorInfoMetadata? Parse(AmfValue info)
    {
        if (info is not AmfValue.Map { Properties.Count: > 0 })
        {
            return null;
        }

        var (config, light, mastering) = (info.Find("colorConfig"), info.Find("hdrCll"), info.Find("hdrMdcv"));
        return new ColorInfoMetadata(
            ReadInteger(config, "bitDepth", 12) is 8 or 10 or 12 ? ReadInteger(config, "bitDepth", 12) : null,
            ReadInteger(config, "colorPrimaries", 255),
            ReadInteger(config, "transferCharacteristics", 255),
            ReadInteger(config, "matrixCoefficients", 255),
            light.GetNumber("maxFall", 0.0001, 10_000),
            light.GetNumber("maxCLL", 0.0001, 10_000),
            MasteringDisplayMetadata.Parse(mastering));
    }

    private static int? ReadInteger(AmfValue values, string name, int max) =>
        values.GetNumber(name, 0, max) is { } number ? (int)number : null;
}

/// <summary>Mastering display metadata of SMPTE ST 2086: chromaticities in the CIE 1931 diagram, luminances in cd/m².</summary>
/// <param name="Red">Chromaticity of red. Like all values, <see langword="null"/> when absent or out of range.</param>
/// <param name="Green">Chromaticity of green.</param>
/// <param name="Blue">Chromaticity of blue.</param>
/// <param name="White">Chromaticity of white.</param>
/// <param name="MaxLuminance">5 to 10,000.</param>
/// <param name="MinLuminance">0.0001 to 5.</param>
internal sealed record MasteringDisplayMetadata(
    (double X, double Y)? Red, (double X, double Y)? Green, (double X, double Y)? Blue, (double X, double Y)? White, double? MaxLuminance,
    double? MinLuminance)
{
    /// <summary>Parses a <c>hdrMdcv</c> object; <see langword="null"/> when there is none.</summary>
    public static MasteringDisplayMetadata? Parse(AmfValue values) => values is not AmfValue.Map
        ? null
        : new MasteringDisplayMetadata(
            ReadPoint(values, "red"), ReadPoint(values, "green"), ReadPoint(values, "blue"), ReadPoint(values, "whitePoint"),
            values.GetNumber("maxLuminance", 5, 10_000), values.GetNumber("minLuminance", 0.0001, 5));

    /// <summary>Converts complete metadata; <see langword="null"/> when any value is missing.</summary>
    public MasteringDisplay? ToDisplay() =>
        Red is { } red && Green is { } green && Blue is { } blue && White is { } white && MaxLuminance is { } max && MinLuminance is { } min
            ? new MasteringDisplay(ToSteps(red), ToSteps(green), ToSteps(blue), ToSteps(white), (uint)Math.Round(max * 10_000),
                (uint)Math.Round(min * 10_000))
            : null;

    private static Chromaticity ToSteps((double X, double Y) point) =>
        new((ushort)Math.Round(point.X * 50_000), (ushort)Math.Round(point.Y * 50_000));

    private static (double X, double Y)? ReadPoint(AmfValue values, string name) =>
        values.GetNumber(name + "X", 0.0001, 0.74) is { } x && values.GetNumber(name + "Y", 0.0001, 0.84) is { } y ? (x, y) : null;
}
