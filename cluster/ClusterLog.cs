using Broadcast.Media;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster;

/// <summary>Log messages of the cluster.</summary>
internal static partial class ClusterLog
{
    /// <summary>Reason of a failed call to another server, without gRPC's details.</summary>
    public static string ReasonOf(Exception error) => error switch
    {
        RpcException { StatusCode: StatusCode.NotFound } => "it does not serve the session",
        RpcException { StatusCode: StatusCode.ResourceExhausted } => "this server read too slowly",
        RpcException { StatusCode: StatusCode.Cancelled or StatusCode.DeadlineExceeded } => "it does not respond",
        RpcException { StatusCode: StatusCode.Unimplemented } => "its version does not have this function",
        RpcException { StatusCode: StatusCode.PermissionDenied or StatusCode.Unauthenticated } => "it does not accept this server",
        RpcException failure => failure.Status.DebugException?.GetBaseException().Message ?? failure.Status.Detail,
        OperationCanceledException => "it does not respond",
        _ => error.Message,
    };

    /// <summary>
    /// Returns whether a server will give the same answer to the same call: it has another version, or does not accept this server.
    /// </summary>
    public static bool IsPermanent(Exception error) => error is RpcException
    {
        StatusCode: StatusCode.Unimplemented or StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.FailedPrecondition,
    };

    [LoggerMessage(8014, LogLevel.Error,
        "Server {Peer} uses version {Theirs} of the protocol between servers, and this server {Ours}; it is refused. Update the older one")]
    public static partial void ProtocolTooDifferent(ILogger logger, string peer, int theirs, int ours);

    [LoggerMessage(8001, LogLevel.Information, "Server {Peer} follows session {Session} of channel {Channel}")]
    public static partial void FollowerConnected(ILogger logger, ChannelName channel, SessionId session, string peer);

    [LoggerMessage(8002, LogLevel.Warning,
        "Server {Peer} reads session {Session} of channel {Channel} too slowly; it must start from a new snapshot")]
    public static partial void FollowerTooSlow(ILogger logger, ChannelName channel, SessionId session, string peer);

    [LoggerMessage(8003, LogLevel.Warning, "{Object} cannot be read for another server")]
    public static partial void ReadFailed(ILogger logger, Exception exception, ObjectName @object);

    [LoggerMessage(8004, LogLevel.Information, "Mirroring session {Session} of channel {Channel} from server {Server} at {Address}")]
    public static partial void MirrorStarted(ILogger logger, ChannelName channel, SessionId session, string server, string address);

    [LoggerMessage(8005, LogLevel.Information, "Stopped mirroring session {Session} of channel {Channel}: {Reason}")]
    public static partial void MirrorStopped(ILogger logger, ChannelName channel, SessionId session, string reason);

    [LoggerMessage(8006, LogLevel.Warning,
        "The feed of session {Session} of channel {Channel} from server {Server} was interrupted ({Reason}); retrying")]
    public static partial void FeedInterrupted(ILogger logger, ChannelName channel, SessionId session, string server, string reason);

    [LoggerMessage(8007, LogLevel.Warning,
        "Session {Session} of channel {Channel} is on air at server {Server}, whose internal address is unknown. Set its option "
        + "Cluster:Address, or let --internal listen on an address that other servers reach")]
    public static partial void AddressUnknown(ILogger logger, ChannelName channel, SessionId session, string server);

    [LoggerMessage(8013, LogLevel.Information,
        "Forwarding the encoder of channel {Channel} to server {Server} at {Address}, which owns session {Session}")]
    public static partial void RelayStarted(ILogger logger, ChannelName channel, SessionId session, string server, string address);

    [LoggerMessage(8010, LogLevel.Warning, "Channel {Channel} is on air at server {Server}, which does not take its encoder: {Reason}")]
    public static partial void RelayUnavailable(ILogger logger, ChannelName channel, string server, string reason);

    [LoggerMessage(8011, LogLevel.Warning,
        "Forwarding the encoder of channel {Channel}, session {Session}, to server {Server} was interrupted ({Reason}); its media is kept")]
    public static partial void RelayInterrupted(ILogger logger, ChannelName channel, SessionId session, string server, string reason);

    [LoggerMessage(8012, LogLevel.Information, "Server {Peer} forwards an encoder of channel {Channel}, session {Session}")]
    public static partial void PublisherRelayed(ILogger logger, ChannelName channel, SessionId session, string peer);

    [LoggerMessage(8008, LogLevel.Warning, "{Object} cannot be read from the server that owns its session: {Reason}")]
    public static partial void PeerReadFailed(ILogger logger, ObjectName @object, string reason);

    [LoggerMessage(8009, LogLevel.Information, "The feed of session {Session} of channel {Channel} from server {Server} was resumed")]
    public static partial void FeedResumed(ILogger logger, ChannelName channel, SessionId session, string server);

    [LoggerMessage(8016, LogLevel.Warning, "Server {Server} does not take session {Session} of channel {Channel} over: {Reason}")]
    public static partial void HandoverRefused(ILogger logger, ChannelName channel, SessionId session, string server, string reason);

    [LoggerMessage(8017, LogLevel.Error, "The state of session {Session} of channel {Channel} cannot be handed over: {Reason}")]
    public static partial void HandoverMalformed(ILogger logger, ChannelName channel, SessionId session, string reason);
}
