using Broadcast.Media;

namespace Broadcast.Control;

/// <content>How sessions end, and who is told of it.</content>
internal sealed partial class SessionBook
{
    private void StartWindow(Seat seat)
    {
        seat.StopWindow();
        if (seat.Window == TimeSpan.Zero)
        {
            EndSession(seat, "the encoder is gone");
            return;
        }

        var wait = new Wait();
        seat.Wait = wait;
        wait.Timer = time.CreateTimer(_ => Expired(seat, wait), null, seat.Window, Timeout.InfiniteTimeSpan);
    }

    private void Expired(Seat seat, Wait wait)
    {
        lock (_lock)
        {
            if (ReferenceEquals(seat.Wait, wait) && seat.IsEmpty)
            {
                EndSession(seat, "no encoder came back within the reconnect window");
            }
        }
    }

    private void EndSession(Seat seat, string reason)
    {
        seat.StopWindow();
        var session = seat.Session!;

        // An encoder that is there goes with it.
        seat.LastPublicationEndedAt = seat.IsEmpty ? seat.LastPublicationEndedAt : time.GetUtcNow();
        ledger.Note(RecordOf(seat, seat.ChannelId, reason));
        var end = new SessionEnd(session, reason, time.GetUtcNow() - session.StartedAt, seat.Tally.Connections, seat.Tally.Totals);
        seat.Session = null;
        if (seat.IsEmpty)
        {
            _seats.Remove(seat.ChannelId);
        }

        Changed?.Invoke();
        if (lifecycle is null)
        {
            LogEnd(end, null);
        }
        else
        {
            var told = Task.Run(() => TellAsync(lifecycle, end));
            _ends.Add(told);
            _ = told.ContinueWith(
                done =>
                {
                    lock (_lock)
                    {
                        _ends.Remove(done);
                    }
                },
                CancellationToken.None,
                TaskContinuationOptions.None,
                TaskScheduler.Default);
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

        LogEnd(end, packager.TotalsOf(end.Session.Id));
    }

    /// <summary>The one line that a session ends with. Of one that a process before this one began it has what came since.</summary>
    private void LogEnd(SessionEnd end, SessionMediaTotals? made) => ControlLog.SessionEnded(
        logger, end.Session.Channel.Value, end.Session.Id.Value, end.Duration, end.Reason, end.Connections, end.Totals.Bytes, end.Totals.Pictures, end.Totals.SoundFrames, end.Totals.Dropped,
        made?.Segments ?? 0, made is { Renditions.Count: > 0 } ? string.Join(',', made.Renditions) : "nothing", made?.Bytes ?? 0, made?.Gaps ?? 0);
}
