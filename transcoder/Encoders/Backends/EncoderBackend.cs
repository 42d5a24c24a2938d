using System.Diagnostics;

namespace Broadcast.Transcoder.Encoders.Backends;

/// <summary>Encoder settings of a rung.</summary>
/// <param name="BitsPerSecond">Average bits per second. The cap and the decoder buffer size derive from it.</param>
/// <param name="SpeedLevel">Speed level, 0 to 2: higher levels trade quality for speed.</param>
/// <param name="IsLowLatency">Whether to encode without lookahead.</param>
/// <param name="Threads">Threads of a software encoder; 0 for its default.</param>
internal sealed record RungEncodeSettings(int BitsPerSecond, int SpeedLevel, bool IsLowLatency, int Threads = 0)
{
    /// <summary>Lookahead in frames, unless low latency is required.</summary>
    public const int LookAhead = 10;

    /// <summary>Maximum bits in any second; also the decoder buffer size.</summary>
    public long Cap => BitsPerSecond * 3L / 2;
}

/// <summary>
/// Vendor-specific parts of an ffmpeg command line. Names and values are those of ffmpeg 5.1 to 7.1 (see <c>ffmpeg -h
/// encoder=h264_nvenc</c>). Keyframes are forced where the source has them. The options here prevent additional keyframes and make forced
/// ones IDR pictures.
/// </summary>
internal abstract class EncoderBackend
{
    /// <summary>Device name on the command line.</summary>
    protected const string Device = "gpu";

    /// <summary>Display name.</summary>
    public abstract string Name { get; }

    /// <summary>Name in the option <c>Encoding:Encoder</c>.</summary>
    public abstract string OptionName { get; }

    /// <summary>Options that open the device; before the input.</summary>
    /// <param name="renderNode">Path of the render node, for backends that need one.</param>
    /// <param name="staysOnDevice">See <see cref="EncodePath"/>.</param>
    public virtual IReadOnlyList<string> Open(string? renderNode, bool staysOnDevice) => [];

    /// <summary>Options that decode on the device; before the input.</summary>
    public virtual IReadOnlyList<string> Decode => [];

    /// <summary>First filter for frames on the device, with a trailing comma, or empty.</summary>
    public virtual string MapToEncoder => "";

    /// <summary>Filter that scales on the device.</summary>
    public virtual string Scale(int width, int height) => throw new UnreachableException();

    /// <summary>Filter that converts a CPU-scaled frame to the encoder's pixel format.</summary>
    public abstract string PixelFormatFilter { get; }

    /// <summary>Filter that uploads a frame to the device; empty if the encoder does so itself.</summary>
    public virtual string Upload => "";

    /// <summary>Encoder and its options.</summary>
    /// <param name="codec">Codec prefix of the encoder's name: <c>h264</c>, <c>hevc</c> or <c>av1</c>.</param>
    /// <param name="settings">Encoder settings.</param>
    public abstract IReadOnlyList<string> Encode(string codec, RungEncodeSettings settings);

    /// <summary>Backend of a vendor.</summary>
    public static EncoderBackend Of(EncoderVendor vendor) => vendor switch
    {
        EncoderVendor.Software => SoftwareBackend.Instance,
        EncoderVendor.Nvenc => NvencBackend.Instance,
        EncoderVendor.QuickSync => QuickSyncBackend.Instance,
        EncoderVendor.Vaapi => VaapiBackend.Instance,
        _ => throw new UnreachableException(),
    };

    /// <summary>Options for average bitrate, cap and buffer.</summary>
    protected static IReadOnlyList<string> Rate(RungEncodeSettings settings) =>
        ["-b:v", Text(settings.BitsPerSecond), "-maxrate", Text(settings.Cap), "-bufsize", Text(settings.Cap)];

    /// <summary>Formats a number for ffmpeg.</summary>
    protected static string Text(long number) => FormattableString.Invariant($"{number}");
}
