using Broadcast.Media;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// Keeps this server's lease, and looks with each beat whose sessions are whose: ends here what another ended or took, and what others ask it to end; learns what others have on air; and ends in the database what servers that
/// are gone left open. While the database is away it does nothing, and nothing is taken from anybody.
/// </summary>
internal sealed class ServerKeeper(
    Database database, ServerIdentity identity, SessionClaims claims, SessionsElsewhere elsewhere, SessionBook book, SessionLedger ledger, IOptions<ControlOptions> options, TimeProvider time,
    ILogger<ServerKeeper> logger) : BackgroundService
{
    /// <summary>Beats in the time that a lease takes: three may be lost.</summary>
    private const int BeatsALease = 4;

    private const string Lost = "another server has it, or ended it";
    private readonly SemaphoreSlim _looking = new(1, 1);
    private volatile bool _hasBegun;

    /// <summary>Whether a notice on <c>broadcast_control</c> is about whose sessions are whose.</summary>
    public static bool IsAbout(string notice) => notice.StartsWith("session_owners:", StringComparison.Ordinal);

    /// <summary>
    /// Takes the lease. Where the number is that of a server that lives elsewhere, the data folder was copied, and this one gets another. That it lives has to be seen: a container that was killed and is back under a new name
    /// finds its own lease like this.
    /// </summary>
    public async Task BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await BeatAsync(connection, isFirst: true, cancellationToken) == Beat.Taken && await BeatIfSilentAsync(connection, cancellationToken) == Beat.Taken)
        {
            var copied = identity.Id;
            identity.Renew(isKept: true);
            ControlLog.ServerIdCopied(logger, copied, identity.Id);
            await BeatAsync(connection, isFirst: true, cancellationToken);
        }

        await ServerLease.ForgetAsync(connection, cancellationToken);
        if (!_hasBegun)
        {
            ledger.Lost += OnLost;
            _hasBegun = true;
        }
    }

    /// <summary>One beat and one look.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (await BeatAsync(connection, isFirst: false, cancellationToken) == Beat.Taken)
        {
            var taken = identity.Id;
            identity.Renew(isKept: false);
            ControlLog.ServerIdTaken(logger, taken, identity.Id, ServerIdentity.FileName);
            await BeatAsync(connection, isFirst: true, cancellationToken);
        }

        await LookAsync(connection, cancellationToken);
    }

    /// <summary>One look at all open sessions.</summary>
    public async Task LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            // First what is open here: what ends here meanwhile is nothing that anybody took.
            var here = book.Sessions();
            var open = await claims.ReadAsync(connection, cancellationToken);
            elsewhere.Set(open.Where(s => s.Standing == Standing.OnAir).Select(s => (s.ChannelId, s.Channel)));
            foreach (var session in open.Where(s => s is { Standing: Standing.Ours, EndRequest: not null }))
            {
                book.End(session.Id, session.EndRequest!);
            }

            var rows = open.ToDictionary(s => s.Id);
            foreach (var session in here.Where(s => rows.TryGetValue(s.Id, out var row) && (row.Standing is not (Standing.Ours or Standing.Unowned) || row.Epoch > s.Epoch)))
            {
                OnLost(session.Id, Lost);
            }

            // What has no row at all is still to be written.
            var missing = here.Select(s => s.Id).Where(id => !rows.ContainsKey(id)).ToList();
            if (missing.Count > 0)
            {
                (await SessionClaims.OverAsync(connection, missing, cancellationToken)).ForEach(id => OnLost(id, Lost));
            }

            if (open.Exists(SessionClaims.IsToEnd))
            {
                await EndGoneAsync(connection, cancellationToken);
            }
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <summary>Gives the lease back: the process stops, and its sessions stay open for the next one, which need not wait for the lease's end.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await ServerLease.ReleaseAsync(connection, identity, cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        ledger.Lost -= OnLost;
        _looking.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(options.Value.ServerLease / BeatsALease, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                if (_hasBegun && !stoppingToken.IsCancellationRequested)
                {
                    await RunOnceAsync(stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (Database.IsAway(e))
            {
                // The control room tells of it.
            }
            catch (Exception e)
            {
                ControlLog.BeatFailed(logger, e);
            }
        }
    }

    private Task<Beat> BeatAsync(NpgsqlConnection connection, bool isFirst, CancellationToken cancellationToken, DateTimeOffset? silentSince = null) =>
        ServerLease.BeatAsync(connection, identity, options.Value.ServerLease, isFirst, silentSince, cancellationToken);

    // One beat and a half: who lives is heard of in that time.
    private async Task<Beat> BeatIfSilentAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var seen = await ServerLease.LastSeenAsync(connection, identity, cancellationToken);
        var wait = options.Value.ServerLease / BeatsALease * 1.5;
        ControlLog.ServerIdDoubtful(logger, identity.Id, wait.TotalSeconds);
        await Task.Delay(wait, time, cancellationToken);
        return await BeatAsync(connection, isFirst: true, cancellationToken, seen);
    }

    private void OnLost(SessionId session, string reason)
    {
        if (book.End(session, reason) is { } ended)
        {
            ControlLog.SessionLost(logger, session.Value, ended.Channel.Value, reason);
        }
    }

    private async Task EndGoneAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var session in await claims.EndGoneAsync(connection, cancellationToken))
        {
            ControlLog.SessionAbandoned(logger, session.Id, session.Channel, session.Owner, session.Reason);

            // Who told that the channel was on is not there to tell that it is off.
            await EventStreamLog.AddAsync(
                connection, time.GetUtcNow(), EventStreamTypes.ChannelState, session.Channel, new ChannelStateData("offline", null, null, []), cancellationToken);
        }
    }
}
