using Broadcast.Ingest.Publishing;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>Reason for the end of a connection.</summary>
/// <param name="Reason">Text for the log and the authorizer.</param>
/// <param name="Rejection">Reason for the metrics when the server ended the connection; <see langword="null"/> when the encoder or the
/// network did.</param>
/// <param name="Status">Code of the <c>onStatus</c> to send, or <see langword="null"/> to send none.</param>
internal sealed record DisconnectReason(string Reason, IngestRejectionReason? Rejection = null, string? Status = null)
{
    public static DisconnectReason Finished { get; } = new("the encoder finished");

    public static DisconnectReason Closed { get; } = new("the encoder closed the connection");

    public static DisconnectReason Lost { get; } = new("the connection was lost");

    public static DisconnectReason Failed { get; } = new("an internal error", IngestRejectionReason.PipelineFailed);

    public static DisconnectReason PipelineFailed { get; } =
        new("The server cannot process the stream.", IngestRejectionReason.PipelineFailed, "NetStream.Publish.Rejected");

    public static DisconnectReason ShuttingDown { get; } =
        new("The server is stopping.", IngestRejectionReason.ShuttingDown, "NetStream.Publish.Rejected");

    public static DisconnectReason Revoked { get; } =
        new("Permission to publish was revoked.", IngestRejectionReason.Revoked, "NetStream.Publish.Rejected");

    public static DisconnectReason Superseded { get; } =
        new("Another encoder took over (superseded).", IngestRejectionReason.Superseded, "NetStream.Publish.Rejected");

    public static DisconnectReason AuthorityUnavailable { get; } =
        new("The server cannot check stream keys at the moment. Try again.", IngestRejectionReason.AuthorityUnavailable,
            "NetStream.Publish.Rejected");

    public static DisconnectReason UnknownKey { get; } =
        new("Unknown stream key.", IngestRejectionReason.UnknownKey, "NetStream.Publish.Unauthorized");

    public static DisconnectReason Unreachable { get; } =
        new("Neither media nor ping responses arrived.", IngestRejectionReason.Unreachable);

    public static DisconnectReason WriteTimeout { get; } = new("the peer does not read replies", IngestRejectionReason.WriteTimeout);

    public static DisconnectReason Evicted { get; } =
        new("replaced by a new connection for lack of progress", IngestRejectionReason.GaveWay);

    public static DisconnectReason OverBitrate(int limit) =>
        new($"The bit rate is over {limit} Mbit/s. Set a lower one in the encoder.", IngestRejectionReason.OverBitrate,
            "NetStream.Publish.Rejected");

    public static DisconnectReason From(RtmpProtocolException exception) => new(exception.Message, exception.Reason, exception.Status);

    public static DisconnectReason From(PublishDecision.Rejected rejection) => rejection.Reason switch
    {
        PublishRejectionReason.UnknownKey => rejection.Message.Length > 0 ? UnknownKey with { Reason = rejection.Message } : UnknownKey,
        PublishRejectionReason.ChannelBusy => new(rejection.Message, IngestRejectionReason.ChannelBusy, "NetStream.Publish.BadName"),
        PublishRejectionReason.EventOver => new(rejection.Message, IngestRejectionReason.EventOver, "NetStream.Publish.BadName"),
        PublishRejectionReason.TooManyAttempts => new(rejection.Message, IngestRejectionReason.TooManyAttempts,
            "NetStream.Publish.Rejected"),
        PublishRejectionReason.ShuttingDown => new(rejection.Message, IngestRejectionReason.ShuttingDown, "NetStream.Publish.Rejected"),
        _ => new(rejection.Message, IngestRejectionReason.AuthorityUnavailable, "NetStream.Publish.Rejected"),
    };

    /// <summary>Timeout in a phase.</summary>
    /// <param name="phase">Phase of the connection.</param>
    /// <param name="receiver">Receiver of the media, if publishing was permitted.</param>
    public static DisconnectReason TimedOut(RtmpPhase phase, IMediaReceiver? receiver) => (phase, receiver) switch
    {
        (RtmpPhase.Handshake, _) => new("the handshake timed out", IngestRejectionReason.HandshakeTimeout),
        (RtmpPhase.Commands, _) => new("no publish in time", IngestRejectionReason.PublishTimeout),
        (_, { Samples: 0, AwaitsKeyframe: true }) => From(RtmpProtocolException.NoKeyframe(receiver.KeyframeTimeout)),
        (_, null or { Samples: 0 }) => new("No usable audio or video arrived.", IngestRejectionReason.NoMedia,
            "NetStream.Publish.Rejected"),
        _ => new("Audio and video stopped.", IngestRejectionReason.Silence, "NetStream.Publish.Rejected"),
    };
}
