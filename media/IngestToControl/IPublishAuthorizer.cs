using Broadcast.Media.ClusterToControl;

namespace Broadcast.Media.IngestToControl;

/// <summary>Reasons for rejecting a publisher.</summary>
public enum PublishRejectionReason
{
    /// <summary>The key is unknown or revoked; the two cases are indistinguishable.</summary>
    UnknownKey,

    /// <summary>Another encoder is publishing on this channel.</summary>
    ChannelBusy,

    /// <summary>Too many invalid keys from the address.</summary>
    TooManyAttempts,

    /// <summary>The control module did not answer in time.</summary>
    AuthorityUnavailable,

    /// <summary>The server is stopping.</summary>
    ShuttingDown,

    /// <summary>The channel's event has ended recently, and its encoder must not start a new session.</summary>
    EventOver,
}

/// <summary>Result of a publish authorization.</summary>
public abstract record PublishDecision
{
    private PublishDecision() { }

    /// <summary>The encoder may publish.</summary>
    public sealed record Granted(PublishGrant Grant) : PublishDecision;

    /// <summary>The encoder is rejected. <paramref name="Message"/> is shown at the encoder and contains no secret.</summary>
    public sealed record Rejected(PublishRejectionReason Reason, string Message) : PublishDecision;

    /// <summary>
    /// Another server must decide: the one that has the channel on air or, if none has and this server owns no sessions, one with role
    /// <c>media</c>. A server that cannot forward the encoder rejects it with <paramref name="Otherwise"/>.
    /// </summary>
    /// <param name="Channel">The channel.</param>
    /// <param name="Target">The channel's session and its owner; <see langword="null"/> when any server with role <c>media</c> may begin
    /// one.</param>
    /// <param name="Otherwise">The rejection.</param>
    public sealed record OnAirElsewhere(ChannelName Channel, RemoteChannel? Target, Rejected Otherwise) : PublishDecision;
}

/// <summary>Authorization of publishers, which ingest requests from control. The caller's token limits the time.</summary>
public interface IPublishAuthorizer
{
    /// <summary>Authorizes a publisher, and starts or continues the channel's session when it is granted.</summary>
    ValueTask<PublishDecision> AuthorizeAsync(PublishRequest request, CancellationToken cancellationToken);

    /// <summary>Reports the end of a granted publication; called exactly once per grant. Starts the reconnect window.</summary>
    ValueTask ReportEndAsync(PublishGrant grant, string reason, CancellationToken cancellationToken);
}
