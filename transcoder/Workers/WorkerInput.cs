using System.Diagnostics;
using Broadcast.Media.TranscoderToControl;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// ffmpeg's options for an input with untrusted bytes. The demuxer is fixed, because ffmpeg would otherwise guess it from the bytes, and
/// some demuxers open further files that the bytes name. Protocols, demuxers and decoders outside the lists are refused.
/// </summary>
/// <param name="Protocol">The only protocol that the input may use.</param>
/// <param name="Demuxer">The only demuxer.</param>
/// <param name="Decoders">Permitted decoders, separated by commas.</param>
/// <param name="Address">The input's address in the protocol.</param>
internal sealed record WorkerInput(string Protocol, string Demuxer, string Decoders, string Address)
{
    /// <summary>Maximum pixels of a frame in a slate file: twice a frame in 4K.</summary>
    public const int MaxSlatePixels = 16 << 20;

    /// <summary>Decoders for video that publishers may send. AV1 has several, depending on the build of ffmpeg.</summary>
    private const string VideoDecoders = "h264,hevc,vp9,libdav1d,libaom-av1,av1";

    /// <summary>Decoders for audio that is encoded again.</summary>
    private const string AudioDecoders = "aac,opus,libopus,flac,ac3,eac3";

    /// <summary>Maximum pixels of a frame; <see langword="null"/> for the limit of ingest.</summary>
    public int? MaxPixels { get; init; }

    /// <summary>Video that the server writes as NUT to standard input.</summary>
    public static WorkerInput VideoPipe { get; } = new("pipe", "nut", VideoDecoders, "pipe:0");

    /// <summary>Video that the server writes as NUT to a socket.</summary>
    /// <param name="address">Address of the socket (<see cref="Sandbox.AddressesOf"/>).</param>
    public static WorkerInput VideoSocket(string address) => new(ProtocolOf(address), "nut", VideoDecoders, address);

    /// <summary>Audio that the server writes as NUT to a socket.</summary>
    /// <param name="address">Address of the socket (<see cref="Sandbox.AddressesOf"/>).</param>
    public static WorkerInput AudioSocket(string address) => new(ProtocolOf(address), "nut", AudioDecoders, address);

    /// <summary>
    /// A slate file. It cannot be a pipe, because the index of an MP4 file may be at its end. None of the demuxers opens another file.
    /// </summary>
    public static WorkerInput SlateFile(string path, SlateFileType type) => type switch
    {
        SlateFileType.Png => new("file", "png_pipe", "png", "file:" + path) { MaxPixels = MaxSlatePixels },
        SlateFileType.Jpeg => new("file", "jpeg_pipe", "mjpeg", "file:" + path) { MaxPixels = MaxSlatePixels },
        SlateFileType.Mp4 => new("file", "mov", VideoDecoders, "file:" + path) { MaxPixels = MaxSlatePixels },
        _ => throw new UnreachableException(),
    };

    /// <summary>The arguments, which follow the other options of the input.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "-protocol_whitelist", Protocol, "-format_whitelist", Demuxer, "-codec_whitelist", Decoders,
        .. (IEnumerable<string>)(MaxPixels is { } pixels ? ["-max_pixels", FormattableString.Invariant($"{pixels}")] : []),
        "-f", Demuxer, "-i", Address,
    ];

    private static string ProtocolOf(string address) => address[..address.IndexOf(':', StringComparison.Ordinal)];
}
