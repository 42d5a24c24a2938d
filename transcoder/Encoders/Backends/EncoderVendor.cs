namespace Broadcast.Transcoder.Encoders.Backends;

/// <summary>Encoder vendor.</summary>
internal enum EncoderVendor
{
    /// <summary>Software: x264, x265, SVT-AV1.</summary>
    Software,

    /// <summary>NVIDIA NVENC, through CUDA.</summary>
    Nvenc,

    /// <summary>Intel Quick Sync Video.</summary>
    QuickSync,

    /// <summary>VAAPI on Linux: Intel, AMD.</summary>
    Vaapi,
}

/// <summary>Encode path of a session.</summary>
/// <param name="Vendor">Encoder vendor.</param>
/// <param name="StaysOnDevice">
/// Whether frames are also decoded and scaled on the device and never cross the bus; otherwise the CPU does that. Always
/// <see langword="false"/> for <see cref="EncoderVendor.Software"/>.
/// </param>
/// <param name="Rungs">
/// Maximum rungs for the hardware, largest first; x264 encodes the others. Hardware may limit concurrent encodes.
/// </param>
internal sealed record EncodePath(EncoderVendor Vendor, bool StaysOnDevice, int Rungs = int.MaxValue)
{
    /// <summary>The software path.</summary>
    public static EncodePath Software { get; } = new(EncoderVendor.Software, StaysOnDevice: false);

    /// <summary>Indicates whether the path uses no hardware.</summary>
    public bool IsSoftware => Vendor == EncoderVendor.Software;

    /// <summary>Display text for the log and status pages.</summary>
    public override string ToString() => EncoderBackend.Of(Vendor).Name + (StaysOnDevice ? ", frames stay on the GPU" : "")
        + (Rungs == int.MaxValue ? "" : FormattableString.Invariant($", {Rungs} rungs"));
}
