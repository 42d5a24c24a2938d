using Broadcast.Control.Publishing;
using Broadcast.Control.Secrets;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>
/// Background service of the control module. It opens the database, resumes sessions of an earlier process, listens for changes by other
/// processes and reconnects after a database outage. An unreachable database server does not stop the start. A missing PostgreSQL
/// installation or a newer schema does.
/// </summary>
internal sealed class ControlService(
    ServerDatabase database, FirstRunSetup firstRun, SessionResumption resumption, NotificationListener listener,
    PublishAuthorizer publishAuthorizer, SessionWriter sessionWriter, SessionShutdown shutdown, SecretProtector secrets,
    ILogger<ControlService> logger)
    : BackgroundService
{
    private bool _prepared;

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PrepareAsync(cancellationToken);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e))
        {
            ServerDatabase.LogUnavailable(logger, e);
        }

        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await shutdown.StopAsync(cancellationToken);
        if (_prepared)
        {
            await shutdown.WriteAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var writing = sessionWriter.RunAsync(stoppingToken);
        await listener.RunAsync(PrepareAsync, stoppingToken);
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (_prepared)
        {
            return;
        }

        await database.OpenAsync(cancellationToken);
        await firstRun.CreateAsync(cancellationToken);
        await resumption.ResumeAsync(cancellationToken);
        await listener.LoadAsync(cancellationToken);
        publishAuthorizer.Start();
        _prepared = true;
        firstRun.Report();
        if (await SecretKeyCheck.FindSeparateAsync(database, secrets, cancellationToken) is { } problem)
        {
            ControlLog.SecretKeysDiffer(logger, problem.Observed, problem.Remedy);
        }
    }
}
