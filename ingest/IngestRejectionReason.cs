namespace Broadcast.Ingest;

/// <summary>
/// Reasons for rejecting or disconnecting a publisher. <see cref="IngestMetrics.LabelOf"/> returns the <c>reason</c> label of
/// <c>broadcast_ingest_rejections</c>.
/// </summary>
public enum IngestRejectionReason
{
    /// <summary>The first byte is not a supported RTMP version.</summary>
    NotRtmp,

    /// <summary>An HTTP request arrived on the RTMP port.</summary>
    HttpOnRtmpPort,

    /// <summary>A TLS ClientHello arrived on the plain RTMP port.</summary>
    TlsOnRtmpPort,

    /// <summary>The handshake was not completed in time.</summary>
    HandshakeTimeout,

    /// <summary>No valid <c>publish</c> arrived in time after the handshake.</summary>
    PublishTimeout,

    /// <summary>Publishing was permitted, but no usable audio or video arrived.</summary>
    NoMedia,

    /// <summary>Video frames arrived, but no keyframe within the time limit.</summary>
    NoKeyframe,

    /// <summary>Audio and video stopped while the connection stayed open.</summary>
    Silence,

    /// <summary>The connection is dead: neither media nor ping responses arrived.</summary>
    Unreachable,

    /// <summary>The peer does not read what the server sends.</summary>
    WriteTimeout,

    /// <summary>Too many connections that have not published, from one address or in total, and all of them are being authorized.</summary>
    TooManyConnections,

    /// <summary>The connection had made no progress for the longest time when a new one needed its slot.</summary>
    GaveWay,

    /// <summary>A load balancer's connection did not begin with a PROXY header.</summary>
    InvalidProxyHeader,

    /// <summary>More bytes arrived than a publisher needs before <c>publish</c>.</summary>
    TooMuchBeforePublish,

    /// <summary>A message declared more bytes than its type allows.</summary>
    MessageTooLarge,

    /// <summary>The connection uses more chunk streams than allowed.</summary>
    TooManyChunkStreams,

    /// <summary>Incomplete messages use more memory than allowed.</summary>
    PartialMemory,

    /// <summary>Set Chunk Size with an invalid size.</summary>
    InvalidChunkSize,

    /// <summary>A chunk header contradicts earlier headers.</summary>
    InvalidChunk,

    /// <summary>A control message has too short a body.</summary>
    InvalidControl,

    /// <summary>AMF data is malformed or exceeds a limit.</summary>
    InvalidAmf,

    /// <summary>A command is not allowed in this state, or lacks an argument.</summary>
    InvalidCommand,

    /// <summary>Messages of a kind, or unusable audio and video, arrived faster than any encoder sends them.</summary>
    Flood,

    /// <summary>Too many messages without a meaning for the server.</summary>
    TooMuchNonsense,

    /// <summary>The application name is not the configured one.</summary>
    UnknownApplication,

    /// <summary>The peer asked to play rather than to publish.</summary>
    PlayRefused,

    /// <summary>The codec is not supported.</summary>
    UnsupportedCodec,

    /// <summary>The codec configuration changes too often.</summary>
    ConfigurationFlood,

    /// <summary>The bit rate exceeds the limit.</summary>
    OverBitrate,

    /// <summary>A frame is larger than allowed.</summary>
    FrameTooLarge,

    /// <summary>The frame rate exceeded the limit for too long.</summary>
    FrameRateTooHigh,

    /// <summary>The stream key is unknown.</summary>
    UnknownKey,

    /// <summary>Another encoder is publishing to the channel.</summary>
    ChannelBusy,

    /// <summary>The channel's event has ended, and its encoder reconnected automatically.</summary>
    EventOver,

    /// <summary>Too many wrong keys from one address.</summary>
    TooManyAttempts,

    /// <summary>The authorizer did not answer.</summary>
    AuthorityUnavailable,

    /// <summary>The server is stopping.</summary>
    ShuttingDown,

    /// <summary>The permission to publish was revoked.</summary>
    Revoked,

    /// <summary>Another encoder of the channel took over.</summary>
    Superseded,

    /// <summary>The next pipeline stage failed or ended before the publisher did.</summary>
    PipelineFailed,
}
