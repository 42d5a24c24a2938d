using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.Timeline;
using Grpc.Core;

namespace Broadcast.Cluster.Relays;

/// <summary>Forwards publishers of this server to the owners of their sessions.</summary>
internal sealed class PublisherRelay(RelayServices services) : IPublisherRelay
{
    private const int MaxLogged = 10_000;

    /// <summary>Maximum number of servers that one request asks to begin a session.</summary>
    private const int MaxAsked = 3;

    /// <summary>Time for one of them to respond.</summary>
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<ChannelName, long> _logged = new();

    /// <inheritdoc/>
    public ValueTask<RelayDecision?> OpenAsync(RemoteChannel? target, ChannelName channel, PublishRequest request,
        Action<RelayEnd> onEnded, CancellationToken cancellationToken) =>
        target is null ? BeginAsync(channel, request, onEnded, cancellationToken)
            : OpenAtAsync(target.Owner, target.Session, channel, request, onEnded, cancellationToken);

    /// <summary>Asks servers to begin a session of the channel, one after the other.</summary>
    private async ValueTask<RelayDecision?> BeginAsync(ChannelName channel, PublishRequest request, Action<RelayEnd> onEnded,
        CancellationToken cancellationToken)
    {
        foreach (var server in (await services.Directory.FindMediaServersAsync(cancellationToken)).Take(MaxAsked))
        {
            using var limit = new CancellationTokenSource(AskTimeout, services.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            RelayDecision? decision;
            try
            {
                decision = await OpenAtAsync(server, null, channel, request, onEnded, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                continue;
            }

            switch (decision)
            {
                case RelayDecision.Rejected { Decision.Reason: PublishRejectionReason.ChannelBusy }:
                    // A server has begun the session meanwhile, for example for the backup encoder: its owner decides.
                    return null;
                case null or RelayDecision.Rejected
                {
                    Decision.Reason: PublishRejectionReason.AuthorityUnavailable or PublishRejectionReason.ShuttingDown,
                }:
                    continue;
                default:
                    return decision;
            }
        }

        return null;
    }

    /// <summary>Asks a server to admit a publisher.</summary>
    /// <param name="owner">The server.</param>
    /// <param name="session">The session that it owns; <see langword="null"/> to begin one there.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="request">The encoder's request.</param>
    /// <param name="onEnded">Called at most once, when the owner ends an accepted publication.</param>
    /// <param name="cancellationToken">Limits the time.</param>
    private async ValueTask<RelayDecision?> OpenAtAsync(ClusterServer owner, SessionId? session, ChannelName channel,
        PublishRequest request, Action<RelayEnd> onEnded, CancellationToken cancellationToken)
    {
        if (owner.Address is null)
        {
            return null;
        }

        try
        {
            var connection = await RelayConnection.OpenAsync(services.Peers, owner, request, cancellationToken);
            if (connection.Rejection is { } rejection)
            {
                await connection.DisposeAsync();
                return new RelayDecision.Rejected(rejection);
            }

            ClusterLog.RelayStarted(services.Logger, channel, connection.Session!.Id, owner.Name, owner.Address);
            return new RelayDecision.Accepted(new RelayedPublication(connection, owner, channel, request, onEnded, services));
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            AddWaiting(session);
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            AddWaiting(session);
            throw;
        }
        catch (Exception error) when (error is RpcException or IOException or InvalidDataException or InvalidTimelineEventException
            && !cancellationToken.IsCancellationRequested)
        {
            if (ShouldLog(channel))
            {
                ClusterLog.RelayUnavailable(services.Logger, channel, owner.Name, ClusterLog.ReasonOf(error));
            }

            AddWaiting(session);

            // Waiting does not help. The encoder may be able to reach the other server itself.
            return session is not null && ClusterLog.IsPermanent(error) ? new RelayDecision.Rejected(new PublishDecision.Rejected(
                PublishRejectionReason.ChannelBusy,
                $"Channel {channel} is on air at server '{owner.Name}', which takes no encoders from this server: "
                + $"{ClusterLog.ReasonOf(error)}. Publish to that server.")) : null;
        }
    }

    /// <summary>Notes an encoder whose owner cannot be reached: if that server is lost, this one continues the session first.</summary>
    private void AddWaiting(SessionId? session)
    {
        if (session is { } known)
        {
            services.Sessions.AddWaiting(known);
        }
    }

    /// <inheritdoc/>
    public IRelayedPublication Continue(BroadcastSession session, PublishRequest request, Action<RelayEnd> onEnded) =>
        new RelayedPublication(session, request, onEnded, services);

    /// <summary>Returns whether an unavailable owner should be logged: once in a while for each channel, because encoders retry.</summary>
    private bool ShouldLog(ChannelName channel)
    {
        if (_logged.Count >= MaxLogged)
        {
            _logged.Clear();
        }

        var now = services.Time.GetTimestamp();
        if (_logged.TryGetValue(channel, out var before) && services.Time.GetElapsedTime(before, now) < LogInterval)
        {
            return false;
        }

        _logged[channel] = now;
        return true;
    }
}
