using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Lookups;

/// <summary>
/// Clock for deletions that cannot be undone: retention of recordings and of the audit log. It is the database's clock, or this server's if
/// that is behind. While the two differ by more than <see cref="MaxDifference"/>, and for <see cref="Pause"/> after the database's clock
/// has jumped forward, it has no time, and nothing is deleted. Thread-safe.
/// </summary>
/// <param name="time">Clock of this server.</param>
/// <param name="logger">Logger.</param>
/// <param name="readDatabase">Reads the database's clock; <see langword="null"/> for <c>clock_timestamp()</c>.</param>
internal sealed class DeletionClock(TimeProvider time, ILogger<DeletionClock> logger,
    Func<NpgsqlConnection, CancellationToken, Task<DateTimeOffset>>? readDatabase = null)
{
    /// <summary>Maximum difference between the two clocks, and maximum jump of the database's clock.</summary>
    public static readonly TimeSpan MaxDifference = TimeSpan.FromMinutes(5);

    /// <summary>Time without deletions after a jump, in which an operator or NTP can correct the clock.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private (long Timestamp, DateTimeOffset Database)? _last;
    private long? _jumpedAt;
    private bool _isLogged;

    /// <summary>Reads the time; <see langword="null"/> when nothing may be deleted now.</summary>
    public async Task<DateTimeOffset?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var database = readDatabase is null
            ? new DateTimeOffset(await connection.ExecuteScalarAsync<DateTime>(new CommandDefinition("SELECT clock_timestamp()",
                cancellationToken: cancellationToken)))
            : await readDatabase(connection, cancellationToken);
        return Evaluate(database);
    }

    private DateTimeOffset? Evaluate(DateTimeOffset database)
    {
        lock (_lock)
        {
            var (timestamp, server) = (time.GetTimestamp(), time.GetUtcNow());
            if (_last is { } last && database - last.Database - time.GetElapsedTime(last.Timestamp, timestamp) is var jump
                && jump.Duration() > MaxDifference)
            {
                _jumpedAt = jump > TimeSpan.Zero ? timestamp : null;
            }

            _last = (timestamp, database);
            if (_jumpedAt is { } jumpedAt && time.GetElapsedTime(jumpedAt, timestamp) >= Pause)
            {
                _jumpedAt = null;
            }

            var isUncertain = _jumpedAt is not null || (server - database).Duration() > MaxDifference;
            if (isUncertain && !_isLogged)
            {
                ControlLog.DeletionsPaused(logger, database, server);
            }

            _isLogged = isUncertain;
            return isUncertain ? null : server < database ? server : database;
        }
    }
}
