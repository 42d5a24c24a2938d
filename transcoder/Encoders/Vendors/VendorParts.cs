using System.Diagnostics;

namespace Broadcast.Transcoder.Encoders.Vendors;

/// <summary>What an encoder is told of a rung.</summary>
/// <param name="BitsPerSecond">Bits a second on average. The cap, and the buffer of the hypothetical decoder, follow from it.</param>
/// <param name="Haste">0 to 2: how much quality is given up for speed.</param>
/// <param name="IsHurried">Whether pictures come out as soon as they went in.</param>
/// <param name="Threads">Threads of an encoder on the processor; 0 for its own choice.</param>
internal sealed record RungOrder(int BitsPerSecond, int Haste, bool IsHurried, int Threads = 0)
{
    /// <summary>Pictures that an encoder may look ahead by where it is not hurried.</summary>
    public const int LookAhead = 10;

    /// <summary>Most bits of any second; a decoder's buffer holds as many.</summary>
    public long Cap => BitsPerSecond * 3L / 2;
}

/// <summary>
/// The parts of an ffmpeg command line that differ by vendor. Names and values are those of ffmpeg 5.1 to 7.1 (<c>ffmpeg -h encoder=h264_nvenc</c> tells them). Keyframes are forced where the source has them; what
/// keeps an encoder from adding others, and makes of the forced ones IDR pictures, is said here.
/// </summary>
internal abstract class VendorParts
{
    /// <summary>What a device is called on the command line.</summary>
    protected const string Device = "gpu";

    /// <summary>The vendor's name for people.</summary>
    public abstract string Name { get; }

    /// <summary>Name in the option <c>Encoding:Encoder</c>.</summary>
    public abstract string Word { get; }

    /// <summary>Opens the device; before the input.</summary>
    /// <param name="node">Path of the render node, where the vendor needs one.</param>
    /// <param name="staysOnDevice">See <see cref="Route"/>.</param>
    public virtual IReadOnlyList<string> Open(string? node, bool staysOnDevice) => [];

    /// <summary>Decodes on the device; before the input.</summary>
    public virtual IReadOnlyList<string> Decode => [];

    /// <summary>The first filter where pictures stay on the device, with a comma behind it, or empty.</summary>
    public virtual string Enter => "";

    /// <summary>The filter that scales on the device.</summary>
    public virtual string Scale(int width, int height) => throw new UnreachableException();

    /// <summary>The filter that gives a picture that the processor has scaled the form that the encoder wants.</summary>
    public abstract string Form { get; }

    /// <summary>The filter that brings it to the device, or empty where the encoder does that itself.</summary>
    public virtual string Upload => "";

    /// <summary>The encoder and its options.</summary>
    /// <param name="codec">As in the encoder's name: <c>h264</c>, <c>hevc</c> or <c>av1</c>.</param>
    /// <param name="order">What of it.</param>
    public abstract IReadOnlyList<string> Encode(string codec, RungOrder order);

    /// <summary>The parts of a vendor.</summary>
    public static VendorParts Of(Vendor vendor) => vendor switch
    {
        Vendor.Software => SoftwareParts.Instance,
        Vendor.Nvenc => NvencParts.Instance,
        Vendor.QuickSync => QuickSyncParts.Instance,
        Vendor.Vaapi => VaapiParts.Instance,
        _ => throw new UnreachableException(),
    };

    /// <summary>Bits a second on average, at most, and the buffer.</summary>
    protected static IReadOnlyList<string> Rate(RungOrder order) => ["-b:v", Text(order.BitsPerSecond), "-maxrate", Text(order.Cap), "-bufsize", Text(order.Cap)];

    /// <summary>The number as ffmpeg reads it.</summary>
    protected static string Text(long number) => FormattableString.Invariant($"{number}");
}
