using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp;

/// <summary>
/// The peer violated the protocol or a limit, or requested something unsupported. The connection sends a status where possible, and is
/// closed. One factory per reason.
/// </summary>
internal sealed class RtmpProtocolException : Exception
{
    private RtmpProtocolException(IngestRejectionReason reason, string message, string? status = null, string rule = "")
        : base(message) => (Reason, Status, Rule) = (reason, status, rule);

    /// <summary>Reason for the metrics.</summary>
    public IngestRejectionReason Reason { get; }

    /// <summary>Code of the <c>onStatus</c> that informs the encoder's operator, or <see langword="null"/> when none is sent.</summary>
    public string? Status { get; }

    /// <summary>Number of the violated rule, such as <c>H13</c> (docs/hostile-input.md); empty when there is none.</summary>
    public string Rule { get; }

    public static RtmpProtocolException NotRtmp(byte version) => version switch
    {
        0x16 => new(IngestRejectionReason.TlsOnRtmpPort, "TLS on the plain RTMP port: use rtmps:// and the RTMPS port, or rtmp:// here.",
            rule: "H04"),
        0x0D =>
            new(IngestRejectionReason.NotRtmp, "Not RTMP, perhaps a PROXY header: allowed only from the networks in Ingest:TrustedProxies.",
            rule: "H11"),
        >= (byte)'A' and <= (byte)'Z' =>
            new(IngestRejectionReason.HttpOnRtmpPort, "HTTP request on the RTMP port: pages and playlists are on the HTTP port.",
                rule: "H04"),
        _ => new(IngestRejectionReason.NotRtmp, $"Not RTMP: the first byte is 0x{version:X2}, only version 3 is supported.", rule: "H04"),
    };

    public static RtmpProtocolException MessageTooLarge(MessageType type, int length, int limit) =>
        new(IngestRejectionReason.MessageTooLarge,
            $"A message of type {(byte)type} with {length} bytes exceeds the limit of {limit} bytes.",
            rule: "H19");

    public static RtmpProtocolException TooManyChunkStreams(int limit) =>
        new(IngestRejectionReason.TooManyChunkStreams, $"More than {limit} chunk streams.", rule: "H21");

    public static RtmpProtocolException PartialMemory(long limit) =>
        new(IngestRejectionReason.PartialMemory, $"Incomplete messages need more than {limit} bytes.", rule: "H21");

    public static RtmpProtocolException InvalidChunkSize(uint size, int minimum) =>
        new(IngestRejectionReason.InvalidChunkSize,
            $"Set Chunk Size to {size}: it must be {minimum} to 2147483647 (Ingest:MinimumChunkSize).",
            rule: size == 0 ? "H13" : size > int.MaxValue ? "H14" : "H15");

    public static RtmpProtocolException ChunkWithoutPredecessor(int chunkStream, int format) =>
        new(IngestRejectionReason.InvalidChunk,
            $"Chunk stream {chunkStream} starts with a header of type {format}, without a previous header.",
            rule: "H23");

    public static RtmpProtocolException MessageInterrupted(int chunkStream, int format) =>
        new(IngestRejectionReason.InvalidChunk, $"A new message starts on chunk stream {chunkStream} inside another one.",
            rule: format == 0 ? "H24" : "H25");

    public static RtmpProtocolException ShortControl(MessageType type, int length) =>
        new(IngestRejectionReason.InvalidControl, $"A control message of type {(byte)type} has only {length} bytes.",
            rule: type switch
            {
                MessageType.SetChunkSize => "H17",
                MessageType.Abort => "H28",
                MessageType.UserControl => "H33",
                _ => "H30",
            });

    public static RtmpProtocolException InvalidAmf(string what, string rule = "") =>
        new(IngestRejectionReason.InvalidAmf, $"AMF0: {what}", rule: rule);

    public static RtmpProtocolException InvalidCommand(string what) => new(IngestRejectionReason.InvalidCommand, what, rule: "H49");

    public static RtmpProtocolException TooMuchBeforePublish(long limit) =>
        new(IngestRejectionReason.TooMuchBeforePublish, $"More than {limit} bytes before publish (Ingest:MaxBytesBeforePublish).");

    public static RtmpProtocolException Flood(string what) =>
        new(IngestRejectionReason.Flood, $"Too many {what} in a short time.", rule: what == "metadata" ? "H56" : "H29");

    public static RtmpProtocolException MediaFlood() =>
        new(IngestRejectionReason.Flood, "Too many audio and video messages in a short time.", "NetStream.Publish.Rejected", rule: "H29");

    public static RtmpProtocolException UnusableMedia() =>
        new(IngestRejectionReason.Flood, "Too many audio and video messages that cannot be decoded.", "NetStream.Publish.Rejected",
            rule: "H58");

    public static RtmpProtocolException TooManyIgnoredMessages(int count) =>
        new(IngestRejectionReason.TooMuchNonsense, $"{count} messages were ignored.", rule: "H34");

    public static RtmpProtocolException UnknownApplication(string expected) =>
        new(IngestRejectionReason.UnknownApplication, $"Unknown application: the server URL must end in /{expected}.", rule: "H48");

    public static RtmpProtocolException PlayNotSupported() =>
        new(IngestRejectionReason.PlayRefused, "This port only accepts publishers. Watch over HLS or DASH on the HTTP port.",
            "NetStream.Play.Failed", rule: "H49");

    public static RtmpProtocolException FrameTooLarge(int width, int height, int limit) =>
        new(IngestRejectionReason.FrameTooLarge,
            $"A frame of {width}x{height} exceeds the limit of {limit} pixels (Ingest:MaxFrameDimension). Lower the resolution.",
            "NetStream.Publish.Rejected", rule: "H62");

    public static RtmpProtocolException FrameRateTooHigh(int limit) =>
        new(IngestRejectionReason.FrameRateTooHigh,
            $"The frame rate exceeded {limit} fps (Ingest:MaxFrameRate). Set a lower frame rate in the encoder.",
            "NetStream.Publish.Rejected", rule: "H62");

    public static RtmpProtocolException UnsupportedCodec(string what) =>
        new(IngestRejectionReason.UnsupportedCodec, what, "NetStream.Publish.Rejected", rule: "H70");

    public static RtmpProtocolException ConfigurationFlood() =>
        new(IngestRejectionReason.ConfigurationFlood, "The codec configuration changes too often.", "NetStream.Publish.Rejected",
            rule: "H63");

    public static RtmpProtocolException NoKeyframe(TimeSpan waited) => new(
        IngestRejectionReason.NoKeyframe,
        string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"No keyframe in {waited.TotalSeconds:0.#} s of video (Ingest:KeyframeTimeout). Set a keyframe interval of 2 s."),
        "NetStream.Publish.Rejected");

    /// <summary>An end that the server decided: timeout, rejection, shutdown.</summary>
    public static RtmpProtocolException Ended(IngestRejectionReason reason, string message, string? status = null) =>
        new(reason, message, status);
}
