using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Tests.Publishing;

/// <summary>A connection to another server that keeps what is forwarded.</summary>
internal sealed class FakeRelay : IPublisherRelay
{
    public static readonly BroadcastSession Session = new(ChannelName.Parse("main"), SessionId.Parse("01JN8E0000000000000000000A"), 3,
        new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero), LatencyProfile.Standard);

    /// <summary>Requests to the owner, with the target.</summary>
    public ConcurrentQueue<(RemoteChannel? Target, ChannelName Channel, PublishRequest Request)> Asked { get; } = [];

    /// <summary>Decides; accepts by default.</summary>
    public Func<CancellationToken, ValueTask<RelayDecision?>>? Decide { get; set; }

    /// <summary>End before the relay has accepted.</summary>
    public RelayEnd? EarlyEnd { get; set; }

    public FakePublication Publication { get; } = new();

    /// <summary>Ends the publication, as the owner does.</summary>
    public Action<RelayEnd> End { get; private set; } = _ => { };

    public async ValueTask<RelayDecision?> OpenAsync(RemoteChannel? target, ChannelName channel, PublishRequest request,
        Action<RelayEnd> onEnded, CancellationToken cancellationToken)
    {
        Asked.Enqueue((target, channel, request));
        End = onEnded;
        if (EarlyEnd is not null)
        {
            onEnded(EarlyEnd);
        }

        return Decide is null ? new RelayDecision.Accepted(Publication) : await Decide(cancellationToken);
    }

    /// <summary>Publications that continue elsewhere, with their request.</summary>
    public ConcurrentQueue<(BroadcastSession Session, PublishRequest Request)> Continued { get; } = [];

    public IRelayedPublication Continue(BroadcastSession session, PublishRequest request, Action<RelayEnd> onEnded)
    {
        Continued.Enqueue((session, request));
        End = onEnded;
        return Publication;
    }

    internal sealed class FakePublication : IRelayedPublication
    {
        public BroadcastSession Session => FakeRelay.Session;

        public long Dropped => 0;

        public ConcurrentQueue<RelayedMessage> Messages { get; } = [];

        public ConcurrentQueue<string> Ends { get; } = [];

        public void Send(RelayedMessage message) => Messages.Enqueue(message);

        public Task EndAsync(string reason)
        {
            Ends.Enqueue(reason);
            return Task.CompletedTask;
        }
    }
}
