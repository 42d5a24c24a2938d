namespace Broadcast.Ingest.Rtmp;

/// <summary>The peer broke the protocol or a limit, or asked for what is not given: it is told where it can be told, and the connection is closed. One factory a reason.</summary>
internal sealed class RtmpProtocolException : Exception
{
    private RtmpProtocolException(IngestRejection reason, string message, string? status = null)
        : base(message) => (Reason, Status) = (reason, status);

    /// <summary>What is counted.</summary>
    public IngestRejection Reason { get; }

    /// <summary>Code of the <c>onStatus</c> that tells the person at the encoder, or <see langword="null"/> when there is nobody to tell.</summary>
    public string? Status { get; }

    public static RtmpProtocolException NotRtmp(byte version) => version switch
    {
        0x16 => new(IngestRejection.TlsOnRtmpPort, "TLS on the plain RTMP port: use rtmps:// and the RTMPS port, or rtmp:// here."),
        >= (byte)'A' and <= (byte)'Z' => new(IngestRejection.HttpOnRtmpPort, "HTTP request on the RTMP port: pages and playlists are on the HTTP port."),
        _ => new(IngestRejection.NotRtmp, $"Not RTMP: the first byte is 0x{version:X2}, and only version 3 is spoken here."),
    };

    public static RtmpProtocolException MessageTooLarge(byte type, int length, int limit) =>
        new(IngestRejection.MessageTooLarge, $"A message of type {type} and {length} bytes is over the limit of {limit} bytes.");

    public static RtmpProtocolException TooManyChunkStreams(int limit) =>
        new(IngestRejection.TooManyChunkStreams, $"More than {limit} chunk streams.");

    public static RtmpProtocolException PartialMemory(long limit) =>
        new(IngestRejection.PartialMemory, $"Unfinished messages need more than {limit} bytes.");

    public static RtmpProtocolException ChunkSize(uint size, int minimum) =>
        new(IngestRejection.InvalidChunkSize, $"Set Chunk Size to {size}: it must be {minimum} to 2147483647 (Ingest:MinimumChunkSize).");

    public static RtmpProtocolException ChunkWithoutPredecessor(int chunkStream, int format) =>
        new(IngestRejection.InvalidChunk, $"Chunk stream {chunkStream} begins with a header of type {format}, which leaves out what was never said.");

    public static RtmpProtocolException MessageInterrupted(int chunkStream) =>
        new(IngestRejection.InvalidChunk, $"A new message begins on chunk stream {chunkStream} before the one there is complete.");

    public static RtmpProtocolException ShortControl(byte type, int length) =>
        new(IngestRejection.InvalidControl, $"A control message of type {type} has only {length} bytes.");

    public static RtmpProtocolException Amf(string what) => new(IngestRejection.InvalidAmf, $"AMF0: {what}");

    public static RtmpProtocolException Command(string what) => new(IngestRejection.InvalidCommand, what);

    public static RtmpProtocolException TooMuchBeforePublish(long limit) =>
        new(IngestRejection.TooMuchBeforePublish, $"More than {limit} bytes before publish (Ingest:MaxBytesBeforePublish).");

    public static RtmpProtocolException Flood() =>
        new(IngestRejection.Flood, "Control messages, commands or metadata come faster than any encoder sends them.");

    public static RtmpProtocolException Nonsense(int count) =>
        new(IngestRejection.TooMuchNonsense, $"{count} messages meant nothing here.");

    public static RtmpProtocolException UnknownApplication(string expected) =>
        new(IngestRejection.UnknownApplication, $"Unknown application: the server address ends in /{expected}.");

    public static RtmpProtocolException Play() =>
        new(IngestRejection.PlayRefused, "This address takes streams in. Watch over HLS or DASH on the HTTP port.", "NetStream.Play.Failed");

    public static RtmpProtocolException UnsupportedCodec(string what) =>
        new(IngestRejection.UnsupportedCodec, what, "NetStream.Publish.Rejected");

    public static RtmpProtocolException ConfigurationFlood() =>
        new(IngestRejection.ConfigurationFlood, "The codec configuration changes all the time.", "NetStream.Publish.Rejected");

    /// <summary>An end that the server decided on: deadlines, refusals, stopping.</summary>
    public static RtmpProtocolException Ended(IngestRejection reason, string message, string? status = null) => new(reason, message, status);
}
