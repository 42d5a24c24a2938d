using Broadcast.Control.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Identity;

/// <summary>Removes audit log rows older than <see cref="ControlOptions.AuditRetention"/>, at the start and every hour.</summary>
internal sealed class AuditRetentionService(AuditLog log, IOptions<ControlOptions> options,
    [FromKeyedServices(ControlClock.Key)] TimeProvider time,
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
                await log.RemoveBeforeAsync(time.GetUtcNow() - options.Value.AuditRetention, cancellationToken);
                return Interval;
            },
            Interval, e => ControlLog.AuditRetentionFailed(logger, e), stoppingToken);
    }
}
