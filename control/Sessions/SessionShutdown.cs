using Broadcast.Control.Servers;
using Broadcast.Database;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Sessions;

/// <summary>Leaves open sessions to the next process at shutdown.</summary>
internal sealed class SessionShutdown(
    SessionManager sessionManager, SessionWriter sessionWriter, ServerLeaseService servers, TimeProvider time,
    ILogger<SessionShutdown> logger)
{
    private static readonly TimeSpan EndNotificationTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FinalWriteTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Stops reconnect timers, and waits until the packager has been notified of all ends.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        sessionManager.Stop();
        await sessionManager.WhenEndsNotifiedAsync().WaitAsync(EndNotificationTimeout, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Writes pending session changes and releases the lease.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(FinalWriteTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await sessionWriter.FlushAsync(either.Token);
            await servers.ReleaseAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            ControlLog.SessionsNotWritten(logger);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e) || e is PostgresException)
        {
            // The lease then expires on its own.
        }
    }
}
