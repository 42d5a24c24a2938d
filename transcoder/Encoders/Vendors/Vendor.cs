namespace Broadcast.Transcoder.Encoders.Vendors;

/// <summary>Who encodes.</summary>
internal enum Vendor
{
    /// <summary>The processor: x264 and its like.</summary>
    Software,

    /// <summary>NVIDIA's encoder, over CUDA.</summary>
    Nvenc,

    /// <summary>Intel's Quick Sync Video.</summary>
    QuickSync,

    /// <summary>Whatever is behind Linux's VAAPI: Intel, AMD.</summary>
    Vaapi,
}

/// <summary>How a session is encoded.</summary>
/// <param name="Vendor">Who encodes.</param>
/// <param name="StaysOnDevice">Whether pictures are decoded and scaled there too, and never cross the bus; else the processor does that. Always <see langword="false"/> for <see cref="Vendor.Software"/>.</param>
/// <param name="Rungs">Rungs that the hardware takes at most, the largest first; x264 takes the others. Hardware may have a cap on what it encodes at once.</param>
internal sealed record Route(Vendor Vendor, bool StaysOnDevice, int Rungs = int.MaxValue)
{
    /// <summary>x264 for all.</summary>
    public static Route Processor { get; } = new(Vendor.Software, StaysOnDevice: false);

    /// <summary>Whether no hardware is in it.</summary>
    public bool IsProcessor => Vendor == Vendor.Software;

    /// <summary>For the log and status pages.</summary>
    public override string ToString() => VendorParts.Of(Vendor).Name + (StaysOnDevice ? ", pictures stay on the GPU" : "") + (Rungs == int.MaxValue ? "" : FormattableString.Invariant($", {Rungs} rungs"));
}
