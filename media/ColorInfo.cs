using Broadcast.Media.Codecs;

namespace Broadcast.Media;

/// <summary>Color metadata that an encoder sends besides the codec configuration (Enhanced RTMP v2, <c>colorInfo</c>).</summary>
/// <param name="Color">Color description; <see langword="null"/> when absent. Values in the bitstream take precedence.</param>
/// <param name="Mastering">Mastering display; <see langword="null"/> when absent or incomplete.</param>
/// <param name="Light">Content light level; <see langword="null"/> when absent.</param>
public sealed record ColorInfo(ColorDescription? Color, MasteringDisplay? Mastering, ContentLightLevel? Light);

/// <summary>A point of the CIE 1931 diagram in steps of 0.00002, 0 to 50,000.</summary>
public readonly record struct Chromaticity(ushort X, ushort Y);

/// <summary>A mastering display (SMPTE ST 2086), with the fields of <c>mdcv</c> (ISO/IEC 14496-12, 12.1.6).</summary>
/// <param name="Red">Red primary.</param>
/// <param name="Green">Green primary.</param>
/// <param name="Blue">Blue primary.</param>
/// <param name="White">White point.</param>
/// <param name="MaxLuminance">Maximum luminance in steps of 0.0001 cd/m².</param>
/// <param name="MinLuminance">Minimum luminance in steps of 0.0001 cd/m².</param>
public sealed record MasteringDisplay(Chromaticity Red, Chromaticity Green, Chromaticity Blue, Chromaticity White, uint MaxLuminance,
    uint MinLuminance);

/// <summary>Content light level (CTA-861.3), with the fields of <c>clli</c>.</summary>
/// <param name="Max">Maximum content light level in cd/m²; 0 when unknown.</param>
/// <param name="MaxFrameAverage">Maximum frame-average light level in cd/m²; 0 when unknown.</param>
public readonly record struct ContentLightLevel(ushort Max, ushort MaxFrameAverage);
