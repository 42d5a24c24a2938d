namespace Broadcast.Ingest;

/// <summary>Why a publisher was sent away. The value in snake case is the <c>reason</c> label of <c>broadcast_ingest_rejections</c>.</summary>
public enum IngestRejection
{
    /// <summary>The first byte was not an RTMP version that is spoken here.</summary>
    NotRtmp,

    /// <summary>An HTTP request came to the RTMP port.</summary>
    HttpOnRtmpPort,

    /// <summary>A TLS ClientHello came to the plain RTMP port.</summary>
    TlsOnRtmpPort,

    /// <summary>The handshake was not done in time.</summary>
    HandshakeTimeout,

    /// <summary>No valid <c>publish</c> came in time after the handshake.</summary>
    PublishTimeout,

    /// <summary>Leave was given but no usable audio or video came.</summary>
    NoMedia,

    /// <summary>Pictures came, but for too long no keyframe with which they could be decoded.</summary>
    NoKeyframe,

    /// <summary>Audio and video stopped coming while the connection stayed open.</summary>
    Silence,

    /// <summary>The line is gone: neither media nor an answer to pings came any more.</summary>
    Unreachable,

    /// <summary>The peer does not read what is sent to it.</summary>
    WriteTimeout,

    /// <summary>Too many connections that have not published yet, from one address or in all, and the authority is being asked about every one of them.</summary>
    TooManyConnections,

    /// <summary>Of the connections that have not published yet, it had gone longest without getting further when a newcomer needed the room.</summary>
    GaveWay,

    /// <summary>A load balancer's connection that did not begin with a PROXY header.</summary>
    InvalidProxyHeader,

    /// <summary>More bytes than a publisher needs before <c>publish</c>.</summary>
    TooMuchBeforePublish,

    /// <summary>A message declared more bytes than its kind may have.</summary>
    MessageTooLarge,

    /// <summary>More chunk streams in one connection than are allowed.</summary>
    TooManyChunkStreams,

    /// <summary>Unfinished messages hold more memory than is allowed.</summary>
    PartialMemory,

    /// <summary>Set Chunk Size with a size that is not allowed.</summary>
    InvalidChunkSize,

    /// <summary>A chunk header that contradicts those before it.</summary>
    InvalidChunk,

    /// <summary>A control message with too short a body.</summary>
    InvalidControl,

    /// <summary>AMF data that cannot be read or is over its limits.</summary>
    InvalidAmf,

    /// <summary>A command that may not come now, or without what it needs.</summary>
    InvalidCommand,

    /// <summary>Control messages, commands or metadata came faster than any encoder sends them.</summary>
    Flood,

    /// <summary>Too many messages that mean nothing to us.</summary>
    TooMuchNonsense,

    /// <summary>An application name other than the configured one.</summary>
    UnknownApplication,

    /// <summary>The peer wanted to play rather than to publish.</summary>
    PlayRefused,

    /// <summary>A codec that cannot be taken.</summary>
    UnsupportedCodec,

    /// <summary>The codec configuration changes all the time.</summary>
    ConfigurationFlood,

    /// <summary>The encoder sends more bits a second than the server takes.</summary>
    OverBitrate,

    /// <summary>A picture larger than the server takes.</summary>
    PictureTooLarge,

    /// <summary>More pictures a second than the server takes, for long.</summary>
    FrameRateTooHigh,

    /// <summary>No such stream key.</summary>
    UnknownKey,

    /// <summary>Another encoder is publishing on the channel.</summary>
    ChannelBusy,

    /// <summary>The event that the channel was used for is over, and its encoder came again by itself.</summary>
    EventOver,

    /// <summary>Too many wrong keys from one address.</summary>
    TooManyAttempts,

    /// <summary>The control room did not answer.</summary>
    AuthorityUnavailable,

    /// <summary>The server is stopping.</summary>
    ShuttingDown,

    /// <summary>Leave to publish was withdrawn.</summary>
    Revoked,

    /// <summary>Another encoder of the channel took its place.</summary>
    Superseded,

    /// <summary>The next stage failed or ended before the publisher did.</summary>
    PipelineFailed,
}
