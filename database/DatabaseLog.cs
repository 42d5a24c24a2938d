using Microsoft.Extensions.Logging;

namespace Broadcast.Database;

internal static partial class DatabaseLog
{
    [LoggerMessage(5001, LogLevel.Information, "Embedded PostgreSQL started in {Cluster} after {Seconds:0.00} s")]
    public static partial void ServerStarted(ILogger logger, string cluster, double seconds);

    [LoggerMessage(5002, LogLevel.Debug, "Embedded PostgreSQL in {Cluster} is already running")]
    public static partial void ServerAlreadyRunning(ILogger logger, string cluster);

    [LoggerMessage(5003, LogLevel.Information, "Embedded PostgreSQL in {Cluster} stopped")]
    public static partial void ServerStopped(ILogger logger, string cluster);

    [LoggerMessage(5004, LogLevel.Warning, "Embedded PostgreSQL was left running: {Reason}")]
    public static partial void ServerNotStopped(ILogger logger, string reason);

    [LoggerMessage(5010, LogLevel.Information, "Database migrated from version {From} to {To}")]
    public static partial void Migrated(ILogger logger, int from, int to);

    [LoggerMessage(5149, LogLevel.Warning, "Schema migration is blocked by another server or a backup ({Reason}); retrying")]
    public static partial void MigrationBlocked(ILogger logger, string reason);

    [LoggerMessage(5011, LogLevel.Error, "Database unavailable: {Reason}. Streams continue; reconnecting")]
    public static partial void DatabaseUnavailable(ILogger logger, string reason);

    [LoggerMessage(5012, LogLevel.Information, "Database connection restored")]
    public static partial void DatabaseReconnected(ILogger logger);

    [LoggerMessage(5033, LogLevel.Error, "Listening for database notifications failed; retrying")]
    public static partial void ListeningFailed(ILogger logger, Exception exception);
}
