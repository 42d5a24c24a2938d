using Broadcast.Ingest.Publishing;
using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>Why a connection ended.</summary>
/// <param name="Reason">For the log and for the authority.</param>
/// <param name="Rejection">What is counted when we ended it; <see langword="null"/> when the encoder did, or the line.</param>
/// <param name="Status">Code of the <c>onStatus</c> to send, or <see langword="null"/> when there is nobody to tell.</param>
internal sealed record ConnectionEnd(string Reason, IngestRejection? Rejection = null, string? Status = null)
{
    public static ConnectionEnd Finished { get; } = new("the encoder finished");

    public static ConnectionEnd Closed { get; } = new("the encoder closed the connection");

    public static ConnectionEnd Lost { get; } = new("the connection was lost");

    public static ConnectionEnd Failed { get; } = new("a mistake of ours", IngestRejection.PipelineFailed);

    public static ConnectionEnd PipelineFailed { get; } =
        new("The server cannot take the stream on.", IngestRejection.PipelineFailed, "NetStream.Publish.Rejected");

    public static ConnectionEnd ShuttingDown { get; } = new("The server is stopping.", IngestRejection.ShuttingDown, "NetStream.Publish.Rejected");

    public static ConnectionEnd Revoked { get; } = new("Leave to publish was withdrawn.", IngestRejection.Revoked, "NetStream.Publish.Rejected");

    public static ConnectionEnd Superseded { get; } =
        new("Another encoder took this one's place (superseded).", IngestRejection.Superseded, "NetStream.Publish.Rejected");

    public static ConnectionEnd AuthorityUnavailable { get; } =
        new("The server cannot check stream keys at the moment. Try again.", IngestRejection.AuthorityUnavailable, "NetStream.Publish.Rejected");

    public static ConnectionEnd UnknownKey { get; } = new("Unknown stream key.", IngestRejection.UnknownKey, "NetStream.Publish.Unauthorized");

    public static ConnectionEnd Unreachable { get; } = new("Neither media nor an answer to pings came any more.", IngestRejection.Unreachable);

    public static ConnectionEnd WriteTimeout { get; } = new("the peer does not read", IngestRejection.WriteTimeout);

    public static ConnectionEnd GaveWay { get; } = new("it got no further while newcomers needed the room", IngestRejection.GaveWay);

    public static ConnectionEnd OverBitrate(int limit) =>
        new($"The bit rate is over {limit} Mbit/s. Set a lower one in the encoder.", IngestRejection.OverBitrate, "NetStream.Publish.Rejected");

    public static ConnectionEnd Of(RtmpProtocolException exception) => new(exception.Message, exception.Reason, exception.Status);

    public static ConnectionEnd Of(PublishVerdict.Refused refusal) => refusal.Reason switch
    {
        PublishRefusal.UnknownKey => refusal.Message.Length > 0 ? UnknownKey with { Reason = refusal.Message } : UnknownKey,
        PublishRefusal.ChannelBusy => new(refusal.Message, IngestRejection.ChannelBusy, "NetStream.Publish.BadName"),
        PublishRefusal.EventOver => new(refusal.Message, IngestRejection.EventOver, "NetStream.Publish.BadName"),
        PublishRefusal.TooManyAttempts => new(refusal.Message, IngestRejection.TooManyAttempts, "NetStream.Publish.Rejected"),
        PublishRefusal.ShuttingDown => new(refusal.Message, IngestRejection.ShuttingDown, "NetStream.Publish.Rejected"),
        _ => new(refusal.Message, IngestRejection.AuthorityUnavailable, "NetStream.Publish.Rejected"),
    };

    /// <summary>A deadline that passed in a phase.</summary>
    /// <param name="phase">How far the connection had got.</param>
    /// <param name="feed">What had come, if leave to publish was given.</param>
    public static ConnectionEnd Late(SessionPhase phase, PublicationFeed? feed) => (phase, feed) switch
    {
        (SessionPhase.Handshake, _) => new("the handshake was not done in time", IngestRejection.HandshakeTimeout),
        (SessionPhase.Commands, _) => new("no publish in time", IngestRejection.PublishTimeout),
        (_, { Samples: 0, AwaitsKeyframe: true }) => Of(RtmpProtocolException.NoKeyframe(feed.KeyframeTimeout)),
        (_, null or { Samples: 0 }) => new("No usable audio or video came.", IngestRejection.NoMedia, "NetStream.Publish.Rejected"),
        _ => new("Audio and video stopped coming.", IngestRejection.Silence, "NetStream.Publish.Rejected"),
    };
}
