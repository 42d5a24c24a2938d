using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>Tells the packager of sessions that are over, each by itself and behind the back of whoever ended it, and writes the line that each ends with.</summary>
/// <param name="lifecycle">Who is told; without it, nobody.</param>
/// <param name="logger">Where the line goes.</param>
internal sealed class SessionEnds(ISessionLifecycle? lifecycle, ILogger logger)
{
    private readonly HashSet<Task> _telling = [];
    private readonly Lock _lock = new();

    /// <summary>Tells of an end. Does not wait.</summary>
    public void Tell(SessionEnd end)
    {
        if (lifecycle is null)
        {
            Log(end, null);
            return;
        }

        lock (_lock)
        {
            var told = Task.Run(() => TellAsync(lifecycle, end));
            _telling.Add(told);
            _ = told.ContinueWith(
                done =>
                {
                    lock (_lock)
                    {
                        _telling.Remove(done);
                    }
                },
                CancellationToken.None,
                TaskContinuationOptions.None,
                TaskScheduler.Default);
        }
    }

    /// <summary>Completes when the packager has been told of all so far.</summary>
    public Task ToldAsync()
    {
        lock (_lock)
        {
            return Task.WhenAll(_telling);
        }
    }

    private async Task TellAsync(ISessionLifecycle packager, SessionEnd end)
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

    /// <summary>The one line that a session ends with. Of one that a process before this one began it has what came since.</summary>
    private void Log(SessionEnd end, SessionMediaTotals? made) => ControlLog.SessionEnded(
        logger, end.Session.Channel.Value, end.Session.Id.Value, end.Duration, end.Reason, end.Connections, end.Totals.Bytes, end.Totals.Pictures, end.Totals.SoundFrames, end.Totals.Dropped,
        made?.Segments ?? 0, made is { Renditions.Count: > 0 } ? string.Join(',', made.Renditions) : "nothing", made?.Bytes ?? 0, made?.Gaps ?? 0, end.PeakViewers);
}
