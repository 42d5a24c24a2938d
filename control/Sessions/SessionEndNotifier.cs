using Broadcast.Media.PackagerToControl;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.Sessions;

/// <summary>Notifies the packager of ended sessions in the background and logs one line for each.</summary>
/// <param name="lifecycle">Receiver of the notifications, if any.</param>
/// <param name="logger">Logger.</param>
internal sealed class SessionEndNotifier(ISessionLifecycle? lifecycle, ILogger logger)
{
    private readonly HashSet<Task> _pending = [];
    private readonly Lock _lock = new();

    /// <summary>Starts the notification. Does not wait.</summary>
    public void Notify(SessionSummary end)
    {
        if (lifecycle is null)
        {
            Log(end, null);
            return;
        }

        lock (_lock)
        {
            var notification = Task.Run(() => NotifyAsync(lifecycle, end));
            _pending.Add(notification);
            _ = notification.ContinueWith(
                completed =>
                {
                    lock (_lock)
                    {
                        _pending.Remove(completed);
                    }
                },
                CancellationToken.None,
                TaskContinuationOptions.None,
                TaskScheduler.Default);
        }
    }

    /// <summary>Completes when all notifications so far are done.</summary>
    public Task WhenNotifiedAsync()
    {
        lock (_lock)
        {
            return Task.WhenAll(_pending);
        }
    }

    private async Task NotifyAsync(ISessionLifecycle packager, SessionSummary end)
    {
        try
        {
            await packager.EndAsync(end.Session.Channel, end.Session.Id, end.Reason, CancellationToken.None);
        }
        catch (Exception e)
        {
            ControlLog.EndFailed(logger, e, end.Session.Channel.Value, end.Session.Id.Value);
        }

        Log(end, packager.TotalsOf(end.Session.Id));
    }

    /// <summary>
    /// Logs the summary of a session. For a session that an earlier process started, it covers the time since this process took over.
    /// </summary>
    private void Log(SessionSummary end, SessionMediaTotals? mediaTotals) => ControlLog.SessionEnded(
        logger, end.Session.Channel.Value, end.Session.Id.Value, end.Duration, end.Reason, end.Connections, end.Totals.Bytes,
        end.Totals.VideoFrames, end.Totals.AudioFrames, end.Totals.Dropped,
        mediaTotals?.Segments ?? 0, mediaTotals is { Renditions.Count: > 0 } ? string.Join(',', mediaTotals.Renditions) : "none",
        mediaTotals?.Bytes ?? 0, mediaTotals?.Gaps ?? 0, end.PeakViewers);
}
