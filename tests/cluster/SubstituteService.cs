using Broadcast.Cluster.Protocol;
using Grpc.Core;

namespace Broadcast.Cluster.Tests;

/// <summary>A server that answers other servers as the test says, also wrongly.</summary>
internal sealed class SubstituteService : Sessions.SessionsBase
{
    private int _follows;

    /// <summary>Answers a follower; the number counts the calls from 1.</summary>
    public Func<int, IServerStreamWriter<FeedMessage>, CancellationToken, Task> OnFollow { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>Answers a read.</summary>
    public Func<ReadRequest, IServerStreamWriter<ReadReply>, Task> OnRead { get; set; } = (_, _) => Task.CompletedTask;

    public override Task Follow(FollowRequest request, IServerStreamWriter<FeedMessage> responseStream, ServerCallContext context) =>
        OnFollow(Interlocked.Increment(ref _follows), responseStream, context.CancellationToken);

    public override Task Read(ReadRequest request, IServerStreamWriter<ReadReply> responseStream, ServerCallContext context) =>
        OnRead(request, responseStream);
}
