using System.Globalization;
using Broadcast.Control.Events;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Publishing;

/// <summary>Reason why a channel accepts no encoder at present.</summary>
/// <param name="Reason">Reason for the encoder and for metrics.</param>
/// <param name="Summary">Reason for the auth callback.</param>
/// <param name="Message">Message for the encoder, with the remedy.</param>
internal sealed record ChannelRejection(PublishRejectionReason Reason, string Summary, string Message)
{
    /// <summary>
    /// The session and its owner, when the channel is on air at another server. Its address is unknown until it has started.
    /// </summary>
    public RemoteChannel? Target { get; init; }
}

/// <summary>
/// Decides whether a channel accepts encoders, whatever their key: not during the cooldown after an event, and not while the channel is on
/// air at another server.
/// </summary>
internal sealed class ChannelAvailability(IActiveEvents events, [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    RemoteSessions? remoteSessions = null, OwnershipCheck? ownership = null, SessionManager? sessionManager = null,
    SessionWriter? sessionWriter = null, IOptions<ControlOptions>? options = null, StoredTakeovers? storedTakeovers = null)
{
    private const string OnAirElsewhere = "the channel is on air at another server";

    /// <summary>Gets the reason for rejecting an encoder of a channel; <see langword="null"/> when the channel accepts it.</summary>
    public async ValueTask<ChannelRejection?> FindRejectionAsync(StreamKeyRecord key, CancellationToken cancellationToken)
    {
        // The previous event can still be cached as active for a moment.
        if (events.CooldownOf(key.ChannelId) is { } cooldown && cooldown.Until > time.GetUtcNow()
            && (events.Find(key.ChannelId)?.EventId ?? cooldown.EventId) == cooldown.EventId)
        {
            return new(PublishRejectionReason.EventOver, "the event on the channel has ended", string.Create(
                CultureInfo.InvariantCulture,
                $"'{cooldown.Title}' on channel {key.Channel} has ended. Stop the encoder; the channel accepts encoders again from {cooldown.Until:HH:mm:ss} UTC, or in the preview of its next event."));
        }

        if (ownership is not null)
        {
            await ownership.RunIfDueAsync(key.ChannelId, cancellationToken);
            if (storedTakeovers is not null && remoteSessions?.FindLost(key.Channel) is { } lost)
            {
                await storedTakeovers.ContinueAsync(lost, cancellationToken);
                await ownership.TryRunAsync(cancellationToken);   // another server may have been faster
            }
        }

        return remoteSessions?.Find(key.ChannelId) is { } other ? Describe(key, other) : null;
    }

    /// <summary>Returns whether another server has the channel on air, according to the last state.</summary>
    public bool IsOnAirElsewhere(StreamKeyRecord key) => remoteSessions?.Find(key.ChannelId) is { Target: not null };

    /// <summary>
    /// Confirms a session that begins with an encoder: writes its row, of which the database permits one per channel. This server may not
    /// have heard yet that another one has the channel on air, for example if the primary and the backup encoder connect to two servers at
    /// the same time. While the database does not answer, the session counts as confirmed.
    /// </summary>
    /// <returns>The reason for rejecting the encoder, whose session has ended; <see langword="null"/> when the session goes on.</returns>
    public async ValueTask<ChannelRejection?> ConfirmStartAsync(StreamKeyRecord key, SessionId session, CancellationToken cancellationToken)
    {
        if (sessionWriter is null || sessionManager is null || ownership is null)
        {
            return null;
        }

        try
        {
            using var limit = new CancellationTokenSource(options?.Value.LookupTimeout ?? TimeSpan.FromSeconds(1), time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            await sessionWriter.WriteAsync(session, either.Token);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e) || e is OperationCanceledException or PostgresException)
        {
            // The writer tries again; a session that loses its channel then ends.
            return null;
        }

        if (sessionManager.HasOpen(session))
        {
            return null;
        }

        await ownership.TryRunAsync(cancellationToken);
        return Describe(key, remoteSessions?.Find(key.ChannelId));
    }

    private ChannelRejection Describe(StreamKeyRecord key, RemoteSession? other)
    {
        var server = other?.Server;
        var lease = options?.Value.ServerLease ?? TimeSpan.FromSeconds(6);
        var where = server is null ? "another server" : $"server '{server}'";
        var remedy = key.Input == InputRole.Backup
            ? "Publish the backup encoder to the same server as the primary"
            : "Publish to that server, or end the session there first";
        return new(PublishRejectionReason.ChannelBusy, OnAirElsewhere, string.Create(CultureInfo.InvariantCulture,
            $"Channel {key.Channel} is on air at {where}. {remedy}. This server accepts the encoder once that session has ended, or that server has stopped or has been unreachable for {lease.TotalSeconds:0.#} s."))
        {
            Target = other?.Target,
        };
    }
}
