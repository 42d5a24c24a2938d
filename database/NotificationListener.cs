using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Database;

/// <summary>
/// Listens for changes in the database on one connection, and calls the <see cref="INotificationHandler"/>s that they concern. It
/// reconnects after an outage, and then lets all handlers reload.
/// </summary>
public sealed class NotificationListener
{
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MinRetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(5);
    private readonly ServerDatabase _database;
    private readonly INotificationHandler[] _handlers;
    private readonly TimeProvider _time;
    private readonly ILogger<NotificationListener> _logger;
    private long _lastRead;

    /// <summary>Creates the listener.</summary>
    public NotificationListener(ServerDatabase database, IEnumerable<INotificationHandler> handlers,
        [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
        ILogger<NotificationListener> logger)
    {
        (_database, _handlers, _time, _logger) = (database, [.. handlers], time, logger);
        _lastRead = time.GetTimestamp();
        Telemetry.Meter.CreateObservableGauge("broadcast_control_data_age_seconds", () => DataAge.TotalSeconds, "s",
            "Time since all changes in the database were last known to be applied.");
    }

    /// <summary>
    /// Time since all changes in the database were last known to be applied: revocations of keys and tokens, access policies. Normally less
    /// than 10 s. While it grows, the last known data remains in effect.
    /// </summary>
    public TimeSpan DataAge => _time.GetElapsedTime(Interlocked.Read(ref _lastRead));

    /// <summary>Lets all handlers load their data, before publishers and viewers are admitted.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _database.ReloadSource.OpenConnectionAsync(cancellationToken);
        foreach (var handler in _handlers)
        {
            await handler.LoadAsync(connection, cancellationToken);
        }
    }

    /// <summary>Listens until stopped. Errors are logged, once per outage, and followed by a new connection.</summary>
    /// <param name="prepare">Work before listening; called before each connection.</param>
    /// <param name="stoppingToken">Stops listening.</param>
    public async Task RunAsync(Func<CancellationToken, Task> prepare, CancellationToken stoppingToken)
    {
        var pause = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await prepare(stoppingToken);
                await ListenAsync(pause > TimeSpan.Zero, () => pause = TimeSpan.Zero, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                // Running streams continue after any error: an exception that leaves a hosted service stops the whole server.
                if (pause == TimeSpan.Zero && (ServerDatabase.IsUnavailable(e) || e is PostgresException or OperationException))
                {
                    DatabaseLog.DatabaseUnavailable(_logger, ServerDatabase.Describe(e));
                }
                else if (pause == TimeSpan.Zero)
                {
                    DatabaseLog.ListeningFailed(_logger, e);
                }

                pause = pause == TimeSpan.Zero ? MinRetryDelay : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, MaxRetryDelay.Ticks));
                await RecoverAsync(pause, stoppingToken);
            }
        }
    }

    private async Task RecoverAsync(TimeSpan pause, CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(pause, _time, stoppingToken);
            await _database.RepairAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The loop in RunAsync ends.
        }
        catch (Exception e)
        {
            DatabaseLog.DatabaseUnavailable(_logger, e.Message);
        }
    }

    private async Task ListenAsync(bool wasUnavailable, Action reached, CancellationToken cancellationToken)
    {
        await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
        var received = new HashSet<DatabaseNotification>();
        connection.Notification += (_, notification) => received.Add(DatabaseNotification.Parse(notification.Payload));
        await connection.ExecuteAsync(
            new CommandDefinition($"LISTEN {DatabaseNotification.Channel}", cancellationToken: cancellationToken));

        // A second connection, because a complete reload may take longer than the statements that follow. The first one already receives
        // notifications.
        await using (var reload = await _database.ReloadSource.OpenConnectionAsync(cancellationToken))
        {
            foreach (var handler in _handlers)
            {
                await handler.ReloadAsync(reload, cancellationToken);
            }
        }

        reached();
        if (wasUnavailable)
        {
            DatabaseLog.DatabaseReconnected(_logger);
        }

        while (true)
        {
            foreach (var handler in _handlers)
            {
                await handler.UseContactAsync(connection, cancellationToken);
            }

            Interlocked.Exchange(ref _lastRead, _time.GetTimestamp());
            if (received.Count > 0)
            {
                var notifications = received.ToArray();
                received.Clear();
                await HandleAsync(connection, notifications, cancellationToken);
            }
            else if (!await connection.WaitAsync(Ping, cancellationToken))
            {
                foreach (var handler in _handlers)
                {
                    await handler.PollAsync(connection, cancellationToken);
                }
            }
        }
    }

    private async Task HandleAsync(NpgsqlConnection connection, DatabaseNotification[] notifications, CancellationToken cancellationToken)
    {
        foreach (var handler in _handlers)
        {
            if (notifications.Where(handler.Handles).ToArray() is { Length: > 0 } handled)
            {
                await handler.HandleAsync(connection, handled, cancellationToken);
            }
        }
    }
}
