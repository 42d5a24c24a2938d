namespace Broadcast.Media.Codecs;

/// <summary>Properties of a sample, read from its bitstream instead of from the container.</summary>
/// <param name="IsSync">Whether the sample is a sync sample.</param>
/// <param name="IsSkipped">Whether the sample references frames before the preceding sync sample, as RASL pictures of HEVC do. It cannot be
/// decoded when decoding starts at that sync sample.</param>
/// <param name="Samples">Number of decoded audio samples at <see cref="AudioFormat.SampleRate"/>; 0 for video.</param>
public readonly record struct FrameInfo(bool IsSync, bool IsSkipped, int Samples)
{
    internal static FrameInfo OfAudio(int samples) => new(IsSync: true, IsSkipped: false, samples);

    internal static FrameInfo OfVideo(bool isSync, bool isSkipped = false) => new(isSync, isSkipped, 0);
}

/// <summary>Video format, independent of the codec.</summary>
/// <param name="Width">Width in luma samples, after cropping; 1 to <see cref="MaxSide"/>.</param>
/// <param name="Height">Height in luma samples, after cropping; 1 to <see cref="MaxSide"/>.</param>
/// <param name="SampleAspectWidth">Width of the sample aspect ratio; 1 when unspecified.</param>
/// <param name="SampleAspectHeight">Height of the sample aspect ratio; 1 when unspecified.</param>
/// <param name="FramesPerSecond">Frame rate declared in the codec's own headers; 0 when unspecified.</param>
/// <param name="Color">Color description; <see langword="null"/> when unspecified.</param>
public sealed record VideoFormat(int Width, int Height, int SampleAspectWidth, int SampleAspectHeight, double FramesPerSecond,
    ColorDescription? Color)
{
    /// <summary>Maximum frame width or height, in pixels.</summary>
    public const int MaxSide = AvcSequenceParameterSet.MaxSide;

    /// <summary>Display width in pixels: the width with the sample aspect ratio applied, 1 to 65,535. The height stays unchanged.</summary>
    public int DisplayWidth =>
        (int)Math.Clamp((((long)Width * SampleAspectWidth) + (SampleAspectHeight / 2)) / SampleAspectHeight, 1, ushort.MaxValue);
}

/// <summary>Audio format, independent of the codec.</summary>
/// <param name="SampleRate">Sample rate in Hz, which is also the timescale of the frames.</param>
/// <param name="Channels">Number of channels, including low-frequency effects.</param>
public sealed record AudioFormat(int SampleRate, int Channels);
