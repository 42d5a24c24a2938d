using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Media.IngestToCluster;

/// <summary>Content of a relayed message.</summary>
public enum RelayedContent
{
    /// <summary>Audio, or video that depends on earlier frames.</summary>
    Media,

    /// <summary>Video that begins with a keyframe.</summary>
    Keyframe,

    /// <summary>A codec configuration, which later messages need.</summary>
    Configuration,

    /// <summary>Metadata of the stream.</summary>
    Metadata,
}

/// <summary>An RTMP message of a publisher after chunk assembly.</summary>
/// <param name="Type">Message type ID (Adobe RTMP 1.0, 7.1): 8 audio, 9 video, 15 and 18 data.</param>
/// <param name="Timestamp">Milliseconds on the encoder's clock, modulo 2^32.</param>
/// <param name="Payload">Message body; immutable.</param>
/// <param name="Content">Content of the message.</param>
/// <param name="Track">For a configuration, the number of its track; -1 for several tracks.</param>
public readonly record struct RelayedMessage(byte Type, uint Timestamp, ReadOnlyMemory<byte> Payload, RelayedContent Content, int Track);

/// <summary>End of a relayed publication by the owner of its session, or because no owner responds.</summary>
/// <param name="Reason">Text for the encoder and the log.</param>
/// <param name="Status">Code of the <c>onStatus</c> for the encoder; <see langword="null"/> for none: the encoder reconnects.</param>
public sealed record RelayEnd(string Reason, string? Status)
{
    /// <summary>
    /// Indicates that the session moves to another server before the message that was to be processed. The encoder stays connected, and its
    /// messages are forwarded to the new owner, from this one on.
    /// </summary>
    public bool IsMoved { get; init; }
}

/// <summary>Decision of a session's owner about a publisher that is connected to another server.</summary>
public abstract record RelayDecision
{
    private RelayDecision() { }

    /// <summary>The owner admits the encoder.</summary>
    public sealed record Accepted(IRelayedPublication Publication) : RelayDecision;

    /// <summary>The owner rejects the encoder.</summary>
    public sealed record Rejected(PublishDecision.Rejected Decision) : RelayDecision;
}

/// <summary>A publication that is forwarded to the owner of its session.</summary>
public interface IRelayedPublication
{
    /// <summary>The session, as the owner granted it.</summary>
    BroadcastSession Session { get; }

    /// <summary>Number of messages lost because the owner did not take them in time.</summary>
    long Dropped { get; }

    /// <summary>
    /// Sends a message. Never waits: while the owner does not respond, messages are kept up to a limit; then a message is dropped with all
    /// that follow up to the next keyframe.
    /// </summary>
    void Send(RelayedMessage message);

    /// <summary>Ends the publication: sends the remaining messages and the reason. Never throws.</summary>
    Task EndAsync(string reason);
}

/// <summary>
/// Forwards publishers to the server that owns their channel's session. Implemented by the cluster. The owner authorizes them, so that
/// primary and backup encoder, takeover and revocation work as on one machine.
/// </summary>
public interface IPublisherRelay
{
    /// <summary>
    /// Asks the owner of a session to admit a publisher. Without a session, asks the servers with role <c>media</c> to begin one, the least
    /// loaded first.
    /// </summary>
    /// <param name="target">The channel's session and its owner; <see langword="null"/> when the channel is not on air.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="request">The encoder's request.</param>
    /// <param name="onEnded">Called at most once, when the owner ends an accepted publication; may be called on any thread.</param>
    /// <param name="cancellationToken">Limits the time.</param>
    /// <returns>The decision; <see langword="null"/> when no server decides now, so that the caller may ask again.</returns>
    ValueTask<RelayDecision?> OpenAsync(RemoteChannel? target, ChannelName channel, PublishRequest request, Action<RelayEnd> onEnded,
        CancellationToken cancellationToken);

    /// <summary>
    /// Continues a publication of this server whose session moves to another one. Messages are kept until that server takes them.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="request">The encoder's request.</param>
    /// <param name="onEnded">Called at most once, when the publication ends; may be called on any thread.</param>
    IRelayedPublication Continue(BroadcastSession session, PublishRequest request, Action<RelayEnd> onEnded);
}
