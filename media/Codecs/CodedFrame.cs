namespace Broadcast.Media;

/// <summary>What a sample's payload is, read from its own bits rather than from what a container claims.</summary>
/// <param name="IsSync">Whether decoding can begin here.</param>
/// <param name="IsSkipped">
/// Whether it refers to pictures before the sync sample that it follows (RASL pictures of HEVC): it can be shown only where decoding did not begin at that sync
/// sample.
/// </param>
/// <param name="Samples">Audio samples that it decodes to, on <see cref="SoundFormat.SampleRate"/>'s clock; 0 for pictures.</param>
public readonly record struct CodedFrame(bool IsSync, bool IsSkipped, int Samples)
{
    internal static CodedFrame OfSound(int samples) => new(IsSync: true, IsSkipped: false, samples);

    internal static CodedFrame OfPicture(bool isSync, bool isSkipped = false) => new(isSync, isSkipped, 0);
}

/// <summary>What pictures are, whatever their codec.</summary>
/// <param name="Width">Luma samples across, after cropping; 1 to <see cref="MaxSide"/>.</param>
/// <param name="Height">Luma samples down, after cropping; 1 to <see cref="MaxSide"/>.</param>
/// <param name="SampleAspectWidth">Sample aspect ratio; 1 when not said.</param>
/// <param name="SampleAspectHeight">Sample aspect ratio; 1 when not said.</param>
/// <param name="FramesPerSecond">As the codec's own header claims, or 0 when it does not say.</param>
/// <param name="Color">How colors are coded, or <see langword="null"/> when it is not said.</param>
public sealed record PictureFormat(int Width, int Height, int SampleAspectWidth, int SampleAspectHeight, double FramesPerSecond, CodedColor? Color)
{
    /// <summary>Largest picture accepted, in samples a side.</summary>
    public const int MaxSide = AvcSequenceParameters.MaxSide;

    /// <summary>Displayed pixels across, with the sample aspect ratio applied and the height left as it is; 1 to 65,535.</summary>
    public int DisplayWidth =>
        (int)Math.Clamp((((long)Width * SampleAspectWidth) + (SampleAspectHeight / 2)) / SampleAspectHeight, 1, ushort.MaxValue);
}

/// <summary>What sound is, whatever its codec.</summary>
/// <param name="SampleRate">Samples a second, which is also the clock of its frames' times.</param>
/// <param name="Channels">Channels, low-frequency effects counted as one.</param>
public sealed record SoundFormat(int SampleRate, int Channels);
