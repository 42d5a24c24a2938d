namespace Broadcast.Ingest.Rtmp;

/// <summary>The peer broke the protocol or a limit, or asked for what is not given: it is told where it can be told, and the connection is closed. One factory a reason.</summary>
internal sealed class RtmpProtocolException : Exception
{
    private RtmpProtocolException(IngestRejection reason, string message, string? status = null, string rule = "")
        : base(message) => (Reason, Status, Rule) = (reason, status, rule);

    /// <summary>What is counted.</summary>
    public IngestRejection Reason { get; }

    /// <summary>Code of the <c>onStatus</c> that tells the person at the encoder, or <see langword="null"/> when there is nobody to tell.</summary>
    public string? Status { get; }

    /// <summary>Number of the rule that was broken, such as <c>H13</c> (docs/hostile-input.md); empty when it was none of those.</summary>
    public string Rule { get; }

    public static RtmpProtocolException NotRtmp(byte version) => version switch
    {
        0x16 => new(IngestRejection.TlsOnRtmpPort, "TLS on the plain RTMP port: use rtmps:// and the RTMPS port, or rtmp:// here.", rule: "H04"),
        0x0D => new(IngestRejection.NotRtmp, "Not RTMP, perhaps a PROXY header: it is taken only from the networks in Ingest:TrustedProxies.", rule: "H11"),
        >= (byte)'A' and <= (byte)'Z' =>
            new(IngestRejection.HttpOnRtmpPort, "HTTP request on the RTMP port: pages and playlists are on the HTTP port.", rule: "H04"),
        _ => new(IngestRejection.NotRtmp, $"Not RTMP: the first byte is 0x{version:X2}, and only version 3 is spoken here.", rule: "H04"),
    };

    public static RtmpProtocolException MessageTooLarge(byte type, int length, int limit) =>
        new(IngestRejection.MessageTooLarge, $"A message of type {type} and {length} bytes is over the limit of {limit} bytes.", rule: "H19");

    public static RtmpProtocolException TooManyChunkStreams(int limit) =>
        new(IngestRejection.TooManyChunkStreams, $"More than {limit} chunk streams.", rule: "H21");

    public static RtmpProtocolException PartialMemory(long limit) =>
        new(IngestRejection.PartialMemory, $"Unfinished messages need more than {limit} bytes.", rule: "H21");

    public static RtmpProtocolException ChunkSize(uint size, int minimum) =>
        new(IngestRejection.InvalidChunkSize, $"Set Chunk Size to {size}: it must be {minimum} to 2147483647 (Ingest:MinimumChunkSize).",
            rule: size == 0 ? "H13" : size > int.MaxValue ? "H14" : "H15");

    public static RtmpProtocolException ChunkWithoutPredecessor(int chunkStream, int format) =>
        new(IngestRejection.InvalidChunk, $"Chunk stream {chunkStream} begins with a header of type {format}, which leaves out what was never said.", rule: "H23");

    public static RtmpProtocolException MessageInterrupted(int chunkStream, int format) =>
        new(IngestRejection.InvalidChunk, $"A new message begins on chunk stream {chunkStream} before the one there is complete.", rule: format == 0 ? "H24" : "H25");

    public static RtmpProtocolException ShortControl(byte type, int length) =>
        new(IngestRejection.InvalidControl, $"A control message of type {type} has only {length} bytes.",
            rule: type switch { 1 => "H17", 2 => "H28", 4 => "H33", _ => "H30" });

    public static RtmpProtocolException Amf(string what, string rule = "") => new(IngestRejection.InvalidAmf, $"AMF0: {what}", rule: rule);

    public static RtmpProtocolException Command(string what) => new(IngestRejection.InvalidCommand, what, rule: "H49");

    public static RtmpProtocolException TooMuchBeforePublish(long limit) =>
        new(IngestRejection.TooMuchBeforePublish, $"More than {limit} bytes before publish (Ingest:MaxBytesBeforePublish).");

    public static RtmpProtocolException Flood(string what) =>
        new(IngestRejection.Flood, $"Too many {what}: they come faster than any encoder sends them.", rule: what == "metadata" ? "H56" : "H29");

    public static RtmpProtocolException Nonsense(int count) =>
        new(IngestRejection.TooMuchNonsense, $"{count} messages meant nothing here.", rule: "H34");

    public static RtmpProtocolException UnknownApplication(string expected) =>
        new(IngestRejection.UnknownApplication, $"Unknown application: the server address ends in /{expected}.", rule: "H48");

    public static RtmpProtocolException Play() =>
        new(IngestRejection.PlayRefused, "This address takes streams in. Watch over HLS or DASH on the HTTP port.", "NetStream.Play.Failed", rule: "H49");

    public static RtmpProtocolException PictureTooLarge(int width, int height, int limit) =>
        new(IngestRejection.PictureTooLarge, $"A picture of {width}x{height} is larger than {limit} a side (Ingest:MaxPictureSide). Set a smaller output size in the encoder.",
            "NetStream.Publish.Rejected", rule: "H62");

    public static RtmpProtocolException FrameRateTooHigh(int limit) =>
        new(IngestRejection.FrameRateTooHigh, $"More than {limit} pictures a second came for a minute (Ingest:MaxFrameRate). Set a lower frame rate in the encoder.",
            "NetStream.Publish.Rejected", rule: "H62");

    public static RtmpProtocolException UnsupportedCodec(string what) =>
        new(IngestRejection.UnsupportedCodec, what, "NetStream.Publish.Rejected", rule: "H70");

    public static RtmpProtocolException ConfigurationFlood() =>
        new(IngestRejection.ConfigurationFlood, "The codec configuration changes all the time.", "NetStream.Publish.Rejected", rule: "H63");

    public static RtmpProtocolException NoKeyframe(TimeSpan waited) => new(
        IngestRejection.NoKeyframe,
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Pictures came for {waited.TotalSeconds:0.#} s, but no keyframe (Ingest:KeyframeTimeout). Set a keyframe interval of 2 s."),
        "NetStream.Publish.Rejected");

    /// <summary>An end that the server decided on: deadlines, refusals, stopping.</summary>
    public static RtmpProtocolException Ended(IngestRejection reason, string message, string? status = null) => new(reason, message, status);
}
