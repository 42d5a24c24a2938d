using Broadcast.Control.Sessions;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Background service that hands all sessions of this server over while an operator drains it, and before it stops.
/// </summary>
public sealed class ServerDrain : BackgroundService
{
    private static readonly TimeSpan DatabaseTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>Time after an attempt that left sessions here. Each attempt may cut a segment.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);

    private readonly ServerLeaseState _lease;
    private readonly SessionManager _sessions;
    private readonly SessionHandovers _handovers;
    private readonly ServerDatabase _database;
    private readonly ServerIdentity _identity;
    private readonly IOptions<ControlOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly SemaphoreSlim _running = new(1, 1);

    /// <summary>Creates the service.</summary>
    internal ServerDrain(ServerLeaseState lease, SessionManager sessions, SessionHandovers handovers, ServerDatabase database,
        ServerIdentity identity, IOptions<ControlOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
        ILogger<ServerDrain> logger)
    {
        (_lease, _sessions, _handovers, _database, _identity, _options, _time, _logger) =
            (lease, sessions, handovers, database, identity, options, time, logger);
        lease.DrainingChanged += OnChanged;
    }

    /// <summary>Indicates whether this server is drained: load balancers should send it no encoders and viewers.</summary>
    public bool IsDraining => _lease.IsDraining;

    /// <summary>
    /// Hands the sessions over before the server stops, for at most <see cref="ControlOptions.HandoverTimeout"/>. Without other servers,
    /// and for sessions that no other server takes, they wait for the next start of this server. Never throws.
    /// </summary>
    public async Task DrainBeforeStopAsync()
    {
        if (_options.Value.HandoverTimeout == TimeSpan.Zero || !_handovers.IsEnabled || _sessions.Sessions().Count == 0)
        {
            return;
        }

        using var limit = new CancellationTokenSource(_options.Value.HandoverTimeout, _time);
        try
        {
            _lease.BeginStop();
            await RecordAsync(limit.Token);

            var left = int.MaxValue;
            while (await RunAsync(limit.Token) is var now and > 0 && now < left)
            {
                // Another attempt for those that failed, as long as there is progress.
                left = now;
            }
        }
        catch (Exception error) when (error is OperationCanceledException or PostgresException || ServerDatabase.IsUnavailable(error))
        {
            // The sessions wait for the next start.
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _lease.DrainingChanged -= OnChanged;
        base.Dispose();
        _changed.Dispose();
        _running.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (!_lease.IsDraining)
            {
                await _changed.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            var remaining = 1;
            try
            {
                remaining = await RunAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (ServerDatabase.IsUnavailable(error) || error is PostgresException)
            {
                // Tried again.
            }

            // An encoder may begin a session here meanwhile.
            await Task.Delay(remaining == 0 ? CheckInterval : RetryInterval, _time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Announces it to the other servers. Without the database, nothing can be handed over.</summary>
    private async Task RecordAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(DatabaseTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await using var connection = await _database.LeaseSource.OpenConnectionAsync(either.Token);
        await connection.ExecuteAsync(new CommandDefinition("UPDATE servers SET draining = true WHERE id = @id AND run = @run",
            new { id = _identity.Id, run = _identity.Run }, cancellationToken: either.Token));
    }

    private async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await _running.WaitAsync(cancellationToken);
        try
        {
            return await _handovers.RunAsync(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException && !ServerDatabase.IsUnavailable(error)
            && error is not PostgresException)
        {
            ControlLog.DrainFailed(_logger, error);
            return 0;
        }
        finally
        {
            _running.Release();
        }
    }

    private void OnChanged()
    {
        if (_changed.CurrentCount == 0)
        {
            _changed.Release();
        }
    }
}
