using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Mirrors;
using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.Timeline;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Handovers;

/// <summary>Takes over sessions that other servers hand over to this one.</summary>
internal sealed class HandoverService(SessionMirrors mirrors, IServerDirectory directory, ITakeoverCandidates candidates,
    ISessionReceiver receiver, ILogger<HandoverService> logger) : Protocol.Handovers.HandoversBase
{
    private const string NoSessions = "the server takes no sessions";
    private const string NotKnown = "the server does not know the session as one of the caller";

    /// <inheritdoc/>
    public override async Task<PrepareReply> Prepare(PrepareRequest request, ServerCallContext context)
    {
        var (channel, session) = Parse(request.Channel, request.Session);
        var caller = PeerIdentity.Of(context);
        if (!receiver.TakesSessions)
        {
            return new PrepareReply { Reason = NoSessions };
        }

        if (directory.FindRemote(channel) is not { } remote || remote.Session != session || remote.Owner.Id != caller
            || mirrors.Start(channel, remote) is not { } mirror)
        {
            return new PrepareReply { Reason = NotKnown };
        }

        mirror.Touch();
        await mirror.CopyAsync(context.CancellationToken);
        return new PrepareReply { IsReady = true };
    }

    /// <inheritdoc/>
    public override async Task<TakeReply> Take(TakeRequest request, ServerCallContext context)
    {
        var (channel, session) = Parse(request.Channel, request.Session);
        var caller = PeerIdentity.Of(context);
        if (!receiver.TakesSessions)
        {
            return new TakeReply { Reason = NoSessions };
        }

        if (mirrors.Find(channel, session) is not { } mirror || mirror.Owner.Id != caller)
        {
            return new TakeReply { Reason = NotKnown };
        }

        var isTaken = false;
        try
        {
            await mirror.CompleteAsync(new FeedSnapshot(TimelineJson.ParseLines(request.Checkpoint.Span), request.Projection.Memory),
                context.CancellationToken);
            isTaken = candidates.GetCopy(channel, session) is { } copy
                && await receiver.TakeAsync(session, request.Epoch, caller, copy, context.CancellationToken);
            return isTaken ? new TakeReply { IsTaken = true } : new TakeReply { Reason = NotKnown };
        }
        catch (Exception error) when (error is InvalidDataException or InvalidTimelineEventException)
        {
            ClusterLog.HandoverMalformed(logger, channel, session, error.Message);
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The state of the session is malformed."));
        }
        finally
        {
            if (!isTaken)
            {
                mirror.Resume();
            }
        }
    }

    private static (ChannelName Channel, SessionId Session) Parse(string channel, string session) =>
        ChannelName.TryParse(channel, out var name) && SessionId.TryParse(session, out var id) ? (name, id)
            : throw new RpcException(new Status(StatusCode.InvalidArgument, "The channel or the session is malformed."));
}
