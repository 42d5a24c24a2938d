using System.Diagnostics.Metrics;
using Broadcast.Control.Publishing;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.PackagerToControl;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Takes over sessions of lost servers of which this server has a copy. The server that holds the encoder's connection comes first; the
/// database decides between servers that try at the same time.
/// </summary>
internal sealed class SessionTakeovers(SessionClaims claims, SessionManager sessionManager, TimeProvider time,
    ILogger<SessionTakeovers> logger, ITakeoverCandidates? candidates = null, ISessionLifecycle? lifecycle = null)
{
    private static readonly Counter<long> Takeovers = Telemetry.Meter.CreateCounter<long>(
        "broadcast_cluster_takeovers", "{session}", "Sessions of lost servers that this server took over while it ran.");

    /// <summary>Time for which a server without the encoder lets the one that has it go first.</summary>
    private static readonly TimeSpan MirrorDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two reads while the server with the encoder goes first.</summary>
    private static readonly TimeSpan EncoderInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Maximum number of sessions that one call takes over. The lease of this server is not renewed meanwhile; the next call follows a
    /// quarter of a lease later.
    /// </summary>
    private const int MaxSessions = 8;

    /// <summary>Maximum time to read the journal of a session whose copy cannot be used; the lease is not renewed meanwhile.</summary>
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Epochs of sessions that this server may have taken over without learning of it: the reply to the commit was lost.</summary>
    private readonly Dictionary<SessionId, long> _unconfirmed = [];

    /// <summary>Returns whether this server mirrors a session of another server.</summary>
    public bool HasCopy(ClaimedSession session) => candidates?.GetCopy(ChannelName.Parse(session.Channel), session.Id) is not null;

    /// <summary>Takes over what it can.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="open">All open sessions.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Whether the owner of any session has changed.</returns>
    public async Task<bool> RunAsync(NpgsqlConnection connection, IReadOnlyList<ClaimedSession> open, CancellationToken cancellationToken)
    {
        if (candidates is null || lifecycle is null || !claims.CanOwn)
        {
            return false;
        }

        var count = await ConfirmAsync(connection, open);
        foreach (var session in open.Where(session => session is { Standing: OwnershipStatus.LeaseExpired, EndRequest: null }))
        {
            var channel = ChannelName.Parse(session.Channel);
            var suitability = candidates.Find(channel, session.Id);
            if (suitability == TakeoverSuitability.None
                || (suitability == TakeoverSuitability.Mirror && session.ExpiredFor < MirrorDelay)
                || candidates.GetCopy(channel, session.Id) is not { } copy)
            {
                continue;
            }

            // Removed when the outcome is known.
            _unconfirmed[session.Id] = session.Epoch + 1;
            var taken = await claims.TakeOverAsync(connection, session, cancellationToken);
            _unconfirmed.Remove(session.Id);
            if (taken is not null)
            {
                await ContinueTakenAsync(taken, copy);
                if (++count == MaxSessions)
                {
                    break;
                }
            }
        }

        return count > 0;
    }

    /// <summary>
    /// Time until the open sessions should be read again, because the owner of one that this server mirrors is silent;
    /// <see cref="TimeSpan.MaxValue"/> when there is none.
    /// </summary>
    /// <param name="open">All open sessions.</param>
    public TimeSpan TimeToNext(IReadOnlyList<ClaimedSession> open)
    {
        var next = TimeSpan.MaxValue;
        foreach (var session in claims.CanOwn && lifecycle is not null ? open : [])
        {
            var wait = session.Standing switch
            {
                _ when session.EndRequest is not null => TimeSpan.MaxValue,
                OwnershipStatus.OwnedByLiveServer => session.ExpiresIn,

                // An encoder may connect here, so that this server need not wait for others.
                OwnershipStatus.LeaseExpired when session.ExpiredFor < SessionClaims.TakeoverGrace => EncoderInterval,
                _ => TimeSpan.MaxValue,
            };
            if (wait < next
                && candidates?.Find(ChannelName.Parse(session.Channel), session.Id) is not (null or TakeoverSuitability.None))
            {
                next = wait;
            }
        }

        return next;
    }

    /// <summary>Takes over a session that its owner hands over.</summary>
    /// <returns>Whether this server owns the session now.</returns>
    public async Task<bool> TakeAsync(NpgsqlConnection connection, SessionId session, long epoch, Guid owner, SessionCopy copy)
    {
        if (lifecycle is null || await claims.TakeHandedOverAsync(connection, session, epoch, owner) is not { } taken)
        {
            return false;
        }

        ControlLog.SessionReceived(logger, session.Value, taken.Session.Channel.Value, taken.Session.Epoch);
        await ContinueAsync(taken, copy);
        return true;
    }

    /// <summary>
    /// Continues the sessions that this server has taken over without learning of it. A row of this server with another epoch is none of
    /// them: the database may have lost that another server took the session over.
    /// </summary>
    /// <returns>Number of sessions.</returns>
    private async Task<int> ConfirmAsync(NpgsqlConnection connection, IReadOnlyList<ClaimedSession> open)
    {
        var count = 0;
        foreach (var session in _unconfirmed.Count == 0 ? [] : open)
        {
            if (_unconfirmed.TryGetValue(session.Id, out var epoch)
                && session is { Standing: OwnershipStatus.OwnedHere, EndRequest: null } && session.Epoch == epoch
                && candidates!.GetCopy(ChannelName.Parse(session.Channel), session.Id) is { } copy
                && await claims.TakeAgainAsync(connection, session.Id, epoch) is { } taken)
            {
                await ContinueTakenAsync(taken, copy);
                count++;
            }
        }

        _unconfirmed.Clear();
        return count;
    }

    private Task ContinueTakenAsync(OpenSession taken, SessionCopy copy)
    {
        Takeovers.Add(1);
        ControlLog.SessionTakenOver(logger, taken.Session.Id.Value, taken.Session.Channel.Value, taken.Session.Epoch);
        return ContinueAsync(taken, copy);
    }

    /// <summary>
    /// Continues a session that the database has given to this server. Not canceled: the session would have an owner that does not know it.
    /// </summary>
    private async Task ContinueAsync(OpenSession taken, SessionCopy copy)
    {
        var session = taken.Session;
        try
        {
            await lifecycle!.TakeOverAsync(session, copy, CancellationToken.None);
        }
        catch (Exception error)
        {
            // The session continues without what was copied: its journal in the object store, or a discontinuity.
            ControlLog.CopyNotUsed(logger, error, session.Id.Value, session.Channel.Value);
            await TryResumeAsync(session);
        }

        sessionManager.Resume([taken], static _ => false);
    }

    /// <summary>Reads the journal of a session. When that fails, the stage that continues the session reads it later.</summary>
    private async Task TryResumeAsync(BroadcastSession session)
    {
        try
        {
            using var limit = new CancellationTokenSource(ReadTimeout, time);
            await lifecycle!.ResumeAsync(session.Channel, session.Id, limit.Token);
        }
        catch (Exception error)
        {
            ControlLog.StoredTakeoverFailed(logger, error, session.Id.Value);
        }
    }
}
