using Broadcast.Control.Lookups;
using Broadcast.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Identity;

/// <summary>
/// Removes audit log rows older than <see cref="ControlOptions.AuditRetention"/>, at the start and every hour, unless the clocks of
/// database and server disagree.
/// </summary>
internal sealed class AuditRetentionService(ServerDatabase database, AuditLog log, DeletionClock clock, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    ILogger<AuditRetentionService> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var loop = new WorkLoop(time);
        await loop.RunAsync(
            async cancellationToken =>
            {
                if (await ReadClockAsync(cancellationToken) is { } now)
                {
                    await log.RemoveBeforeAsync(now - options.Value.AuditRetention, cancellationToken);
                }

                return Interval;
            },
            Interval, e => ControlLog.AuditRetentionFailed(logger, e), stoppingToken);
    }

    private async Task<DateTimeOffset?> ReadClockAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await clock.ReadAsync(connection, cancellationToken);
    }
}
