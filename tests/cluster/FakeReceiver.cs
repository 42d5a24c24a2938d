using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;

namespace Broadcast.Cluster.Tests;

/// <summary>Takes sessions over, in memory.</summary>
internal sealed class FakeReceiver : ISessionReceiver
{
    public bool TakesSessions { get; set; } = true;

    /// <summary>Sessions that were offered, oldest first.</summary>
    public ConcurrentQueue<(SessionId Session, long Epoch, Guid Owner, SessionCopy Copy)> Taken { get; } = [];

    /// <summary>Decides whether an offer is taken.</summary>
    public Func<bool> OnTake { get; set; } = () => true;

    public Task<bool> TakeAsync(SessionId session, long epoch, Guid owner, SessionCopy copy, CancellationToken cancellationToken)
    {
        Taken.Enqueue((session, epoch, owner, copy));
        return Task.FromResult(OnTake());
    }
}
