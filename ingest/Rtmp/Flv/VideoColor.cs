using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// What a metadata frame says about the pictures behind it (Enhanced RTMP v2, "Metadata Frame", <c>colorInfo</c>). Every value is a claim within its range, or
/// absent.
/// </summary>
/// <param name="BitDepth">8, 10 or 12.</param>
/// <param name="Primaries">ITU-T H.273, 8.1; 0 to 255.</param>
/// <param name="Transfer">ITU-T H.273, 8.2; 0 to 255. 16 is PQ, 18 is HLG.</param>
/// <param name="Matrix">ITU-T H.273, 8.3; 0 to 255.</param>
/// <param name="MaxFrameAverageLight">Brightest frame on average, cd/m².</param>
/// <param name="MaxLight">Brightest pixel, cd/m².</param>
/// <param name="Mastering">The display it was made on.</param>
internal sealed record VideoColor(
    int? BitDepth, int? Primaries, int? Transfer, int? Matrix, double? MaxFrameAverageLight, double? MaxLight, MasteringClaim? Mastering)
{
    /// <summary>Reads the name and value pairs of a metadata frame.</summary>
    /// <param name="amf">The frame's body, AMF0.</param>
    /// <param name="color">What it says; <see langword="null"/> when it takes back what was said before, or says nothing about colors.</param>
    /// <returns>Whether the bytes could be read.</returns>
    public static bool TryRead(ReadOnlySpan<byte> amf, out VideoColor? color)
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
                    color = Of(value);
                }
            }

            return true;
        }
        catch (RtmpProtocolException)
        {
            return false;
        }
    }

    /// <summary>What of it can be handed on; <see langword="null"/> when nothing can.</summary>
    public PictureDescription? ToDescription()
    {
        const byte unknown = 2;
        var color = Primaries is null && Transfer is null && Matrix is null
            ? null
            : new CodedColor((byte)(Primaries ?? unknown), (byte)(Transfer ?? unknown), (byte)(Matrix ?? unknown), FullRange: false);
        ContentLight? light = MaxLight is null && MaxFrameAverageLight is null ? null : new(Candelas(MaxLight), Candelas(MaxFrameAverageLight));
        var mastering = Mastering?.ToDisplay();
        return color is null && light is null && mastering is null ? null : new PictureDescription(color, mastering, light);
    }

    private static ushort Candelas(double? value) => (ushort)Math.Round(value ?? 0);

    /// <summary>An empty object, like an undefined value, says that nothing is known any more.</summary>
    private static VideoColor? Of(AmfValue info)
    {
        if (info is not AmfValue.Map { Properties.Count: > 0 })
        {
            return null;
        }

        var (config, light, mastering) = (info.Find("colorConfig"), info.Find("hdrCll"), info.Find("hdrMdcv"));
        return new VideoColor(
            Whole(config, "bitDepth", 12) is 8 or 10 or 12 ? Whole(config, "bitDepth", 12) : null,
            Whole(config, "colorPrimaries", 255),
            Whole(config, "transferCharacteristics", 255),
            Whole(config, "matrixCoefficients", 255),
            light.NumberOf("maxFall", 0.0001, 10_000),
            light.NumberOf("maxCLL", 0.0001, 10_000),
            MasteringClaim.Of(mastering));
    }

    private static int? Whole(AmfValue values, string name, int max) => values.NumberOf(name, 0, max) is { } number ? (int)number : null;
}

/// <summary>A mastering display as SMPTE ST 2086 describes it: chromaticities in the CIE 1931 diagram, luminances in cd/m².</summary>
/// <param name="Red">Chromaticity of red, or <see langword="null"/> like all that was not said or is out of range.</param>
/// <param name="Green">Chromaticity of green.</param>
/// <param name="Blue">Chromaticity of blue.</param>
/// <param name="White">Chromaticity of white.</param>
/// <param name="MaxLuminance">5 to 10,000.</param>
/// <param name="MinLuminance">0.0001 to 5.</param>
internal sealed record MasteringClaim(
    (double X, double Y)? Red, (double X, double Y)? Green, (double X, double Y)? Blue, (double X, double Y)? White, double? MaxLuminance, double? MinLuminance)
{
    /// <summary>Reads a <c>hdrMdcv</c> object; <see langword="null"/> when there is none.</summary>
    public static MasteringClaim? Of(AmfValue values) => values is not AmfValue.Map
        ? null
        : new MasteringClaim(
            Point(values, "red"), Point(values, "green"), Point(values, "blue"), Point(values, "whitePoint"),
            values.NumberOf("maxLuminance", 5, 10_000), values.NumberOf("minLuminance", 0.0001, 5));

    /// <summary>The display, when all of it was said: half a description would be taken for a whole one.</summary>
    public MasteringDisplay? ToDisplay() =>
        Red is { } red && Green is { } green && Blue is { } blue && White is { } white && MaxLuminance is { } max && MinLuminance is { } min
            ? new MasteringDisplay(Steps(red), Steps(green), Steps(blue), Steps(white), (uint)Math.Round(max * 10_000), (uint)Math.Round(min * 10_000))
            : null;

    private static Chromaticity Steps((double X, double Y) point) => new((ushort)Math.Round(point.X * 50_000), (ushort)Math.Round(point.Y * 50_000));

    private static (double X, double Y)? Point(AmfValue values, string name) =>
        values.NumberOf(name + "X", 0.0001, 0.74) is { } x && values.NumberOf(name + "Y", 0.0001, 0.84) is { } y ? (x, y) : null;
}
