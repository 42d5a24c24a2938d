using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>What came of an encoder's wish for a channel.</summary>
internal abstract record Seating
{
    /// <summary>The channel is its own.</summary>
    public sealed record Taken(PublishGrant Grant, bool Continued) : Seating;

    /// <summary>Somebody else has it.</summary>
    public sealed record Busy(DateTimeOffset Since) : Seating;
}

/// <summary>A session found open in the database at start.</summary>
internal sealed record OpenSession(BroadcastSession Session, long ChannelId, TimeSpan Window, DateTimeOffset? LastPublicationEndedAt);

/// <summary>
/// The channels in use: who publishes, which session is open, how long it still waits for an encoder that is gone. A channel has one encoder at a time; the
/// first keeps it. All decisions are made here, in memory, under one lock; the ledger writes them down and the packager is told of ends.
/// </summary>
internal sealed class SessionBook(SessionLedger ledger, ISessionLifecycle? lifecycle, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<long, Seat> _seats = [];
    private readonly HashSet<Task> _ends = [];
    private readonly Lock _lock = new();
    private DateTimeOffset _newest;

    /// <summary>Takes over what an earlier process left open. Their reconnect windows begin now: while nobody served, nobody could come back.</summary>
    /// <param name="sessions">What the database has open.</param>
    /// <param name="isOver">Whether a session's media are over all the same: then that is written down, and the next encoder begins a new one.</param>
    public void Resume(IEnumerable<OpenSession> sessions, Func<BroadcastSession, bool> isOver)
    {
        lock (_lock)
        {
            foreach (var open in sessions)
            {
                if (isOver(open.Session))
                {
                    var now = time.GetUtcNow();
                    ControlLog.SessionWasOver(logger, open.Session.Channel.Value, open.Session.Id.Value);
                    ledger.Note(new(open.Session.Id, open.ChannelId, open.Session.Epoch, open.Session.Latency.Name, open.Session.StartedAt,
                        open.LastPublicationEndedAt ?? now, now, "found over at the start"));
                    continue;
                }

                var seat = SeatOf(open.ChannelId, open.Window);
                seat.Session = open.Session;
                seat.LastPublicationEndedAt = open.LastPublicationEndedAt ?? time.GetUtcNow();
                ControlLog.SessionResumed(logger, open.Session.Channel.Value, open.Session.Id.Value, open.Session.Epoch);
                StartWindow(seat);
            }
        }
    }

    /// <summary>Seats an encoder, in the open session or a new one, unless another has the channel.</summary>
    public Seating Take(KeyRecord key)
    {
        lock (_lock)
        {
            var seat = SeatOf(key.ChannelId, key.ReconnectWindow);
            if (seat.Occupant is { } other)
            {
                return new Seating.Busy(other.Since);
            }

            seat.StopWindow();
            var now = time.GetUtcNow();
            var continued = seat.Session is not null;
            if (seat.Session is null)
            {
                // To the millisecond, so that it is the same after a way through the database.
                var start = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
                seat.Session = new(key.Channel, SessionId.New(NextBirth(now)), Epoch: 1, start, key.Latency);
                seat.LastPublicationEndedAt = null;
                ledger.Note(RecordOf(seat, key.ChannelId, null));
            }

            var occupant = new Occupant(Guid.NewGuid(), key.KeyId, now, new());
            seat.Occupant = occupant;
            ledger.NoteUse(key.KeyId);
            return new Seating.Taken(new(occupant.Publication, seat.Session, key.Ladder, occupant.Revoke.Token), continued);
        }
    }

    /// <summary>The encoder is gone: its channel is free at once, its session waits for the reconnect window.</summary>
    public void Leave(PublishGrant grant, string reason)
    {
        lock (_lock)
        {
            var seat = _seats.Values.FirstOrDefault(s => s.Occupant?.Publication == grant.PublicationId);
            if (seat is null)
            {
                return;
            }

            seat.Occupant = null;
            if (seat.Session is not { } session)
            {
                _seats.Remove(seat.ChannelId);
                return;
            }

            seat.LastPublicationEndedAt = time.GetUtcNow();
            ledger.Note(RecordOf(seat, seat.ChannelId, null));
            ControlLog.PublisherGone(logger, session.Channel.Value, session.Id.Value, reason, seat.Window.TotalSeconds);
            StartWindow(seat);
        }
    }

    /// <summary>Ends a channel's session now and sends its encoder away; answers what there was to end.</summary>
    public SessionId? End(long channelId, string reason)
    {
        lock (_lock)
        {
            if (!_seats.TryGetValue(channelId, out var seat) || seat.Session is not { } session)
            {
                return null;
            }

            if (seat.Occupant is { } occupant)
            {
                Withdraw(occupant, session.Channel, reason);
            }

            EndSession(seat, reason);
            return session.Id;
        }
    }

    /// <summary>Sends away the encoders whose key is not among those that work.</summary>
    public void KeepOnly(IReadOnlySet<string> workingKeys, IReadOnlyList<string> asked)
    {
        lock (_lock)
        {
            foreach (var seat in _seats.Values)
            {
                if (seat.Occupant is { } occupant && asked.Contains(occupant.KeyId, StringComparer.Ordinal) && !workingKeys.Contains(occupant.KeyId))
                {
                    Withdraw(occupant, seat.Session?.Channel ?? default, "key revoked");
                }
            }
        }
    }

    /// <summary>A channel's reconnect window was changed; a wait that has begun goes on as it began.</summary>
    public void SetWindow(long channelId, TimeSpan window)
    {
        lock (_lock)
        {
            if (_seats.TryGetValue(channelId, out var seat))
            {
                seat.Window = window;
            }
        }
    }

    /// <summary>Keys in use.</summary>
    public string[] KeysInUse()
    {
        lock (_lock)
        {
            return [.. _seats.Values.Select(s => s.Occupant?.KeyId).OfType<string>()];
        }
    }

    /// <summary>Channels with an open session or an encoder.</summary>
    public long[] ChannelsInUse()
    {
        lock (_lock)
        {
            return [.. _seats.Keys];
        }
    }

    /// <summary>Completes when all ends decided so far have been told to the packager.</summary>
    public Task EndsToldAsync()
    {
        lock (_lock)
        {
            return Task.WhenAll(_ends);
        }
    }

    /// <summary>Stops all clocks: the process is stopping, and its sessions stay open for the next one.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            foreach (var seat in _seats.Values)
            {
                seat.StopWindow();
            }
        }
    }

    /// <summary>Later than every birth before: of a channel's sessions viewers get the one with the highest id, even when the clock was set back.</summary>
    private DateTimeOffset NextBirth(DateTimeOffset now)
    {
        _newest = now > _newest ? now : _newest.AddMilliseconds(1);
        return _newest;
    }

    private Seat SeatOf(long channelId, TimeSpan window)
    {
        if (!_seats.TryGetValue(channelId, out var seat))
        {
            seat = new Seat(channelId);
            _seats.Add(channelId, seat);
        }

        seat.Window = window;
        return seat;
    }

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
            if (ReferenceEquals(seat.Wait, wait) && seat.Occupant is null)
            {
                EndSession(seat, "no encoder came back within the reconnect window");
            }
        }
    }

    private void EndSession(Seat seat, string reason)
    {
        seat.StopWindow();
        var session = seat.Session!;
        ledger.Note(RecordOf(seat, seat.ChannelId, reason));
        seat.Session = null;
        if (seat.Occupant is null)
        {
            _seats.Remove(seat.ChannelId);
        }

        ControlLog.SessionEnded(logger, session.Channel.Value, session.Id.Value, reason);
        if (lifecycle is not null)
        {
            var told = Task.Run(() => TellAsync(lifecycle, session, reason));
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

    private async Task TellAsync(ISessionLifecycle packager, BroadcastSession session, string reason)
    {
        try
        {
            await packager.EndAsync(session.Channel, session.Id, reason, CancellationToken.None);
        }
        catch (Exception e)
        {
            ControlLog.EndFailed(logger, e, session.Channel.Value, session.Id.Value);
        }
    }

    private void Withdraw(Occupant occupant, ChannelName channel, string reason)
    {
        if (!occupant.Revoke.IsCancellationRequested)
        {
            ControlLog.LeaveWithdrawn(logger, channel.Value, reason);
            _ = occupant.Revoke.CancelAsync();   // what hangs on it runs elsewhere, not under our lock
        }
    }

    private SessionRecord RecordOf(Seat seat, long channelId, string? endReason)
    {
        var session = seat.Session!;
        var ended = endReason is null ? (DateTimeOffset?)null : time.GetUtcNow();
        return new(session.Id, channelId, session.Epoch, session.Latency.Name, session.StartedAt, seat.LastPublicationEndedAt, ended, endReason);
    }

    private sealed record Occupant(Guid Publication, string KeyId, DateTimeOffset Since, CancellationTokenSource Revoke);

    private sealed class Wait
    {
        public ITimer? Timer { get; set; }
    }

    private sealed class Seat(long channelId)
    {
        public long ChannelId { get; } = channelId;

        public TimeSpan Window { get; set; }

        public BroadcastSession? Session { get; set; }

        public DateTimeOffset? LastPublicationEndedAt { get; set; }

        public Occupant? Occupant { get; set; }

        public Wait? Wait { get; set; }

        public void StopWindow()
        {
            Wait?.Timer?.Dispose();
            Wait = null;
        }
    }
}
