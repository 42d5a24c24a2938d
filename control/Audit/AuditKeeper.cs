using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>Removes what is older in the audit log than <see cref="ControlOptions.AuditRetention"/>, at the start and every hour.</summary>
internal sealed class AuditKeeper(AuditLog log, IOptions<ControlOptions> options, TimeProvider time, ILogger<AuditKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Round = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await log.ForgetAsync(time.GetUtcNow() - options.Value.AuditRetention, stoppingToken);
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
                ControlLog.AuditNotKept(logger, e);
            }

            await Task.Delay(Round, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
