namespace Broadcast.Media;

/// <summary>What an encoder says of its pictures beside the codec (Enhanced RTMP v2, <c>colorInfo</c>).</summary>
/// <param name="Color">How colors are coded, or <see langword="null"/> when it does not say. What the coded stream itself says goes before.</param>
/// <param name="Mastering">The display it was made on, or <see langword="null"/> when it does not say all of that.</param>
/// <param name="Light">How bright it gets, or <see langword="null"/> when it does not say.</param>
public sealed record PictureDescription(CodedColor? Color, MasteringDisplay? Mastering, ContentLight? Light);

/// <summary>A point of the CIE 1931 diagram in steps of 0.00002, 0 to 50,000.</summary>
public readonly record struct Chromaticity(ushort X, ushort Y);

/// <summary>A mastering display as SMPTE ST 2086 describes it; the fields of <c>mdcv</c> (ISO/IEC 14496-12, 12.1.6).</summary>
/// <param name="Red">Its red.</param>
/// <param name="Green">Its green.</param>
/// <param name="Blue">Its blue.</param>
/// <param name="White">Its white point.</param>
/// <param name="MaxLuminance">In steps of 0.0001 cd/m².</param>
/// <param name="MinLuminance">In steps of 0.0001 cd/m².</param>
public sealed record MasteringDisplay(Chromaticity Red, Chromaticity Green, Chromaticity Blue, Chromaticity White, uint MaxLuminance, uint MinLuminance);

/// <summary>How bright content gets (CTA-861.3); the fields of <c>clli</c>.</summary>
/// <param name="Max">Brightest pixel, cd/m²; 0 when not known.</param>
/// <param name="MaxFrameAverage">Brightest frame on average, cd/m²; 0 when not known.</param>
public readonly record struct ContentLight(ushort Max, ushort MaxFrameAverage);
