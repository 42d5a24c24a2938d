using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>
/// The channels in use: who publishes, which session is open, how long it still waits for an encoder that is gone. A channel has one encoder at a time for each of its
/// inputs, primary and backup; who has the place keeps it as <see cref="TakeoverTerms"/> say. All decisions are made here, in memory, under one lock; the ledger writes
/// them down and the packager is told of ends.
/// </summary>
/// <param name="ledger">Writes down what becomes of sessions.</param>
/// <param name="lifecycle">Who is told of ends.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it is told.</param>
/// <param name="audience">What viewers get of sessions; without it, all.</param>
/// <param name="gate">Says which event has a channel; without it, none. Asked as a session begins, so that it is either of an event that is live by then, or there to be shown when that goes live.</param>
internal sealed class SessionBook(
    SessionLedger ledger, ISessionLifecycle? lifecycle, TimeProvider time, ILogger logger, AudienceRegister? audience = null, IEventGate? gate = null)
{
    private readonly Dictionary<long, Seat> _seats = [];
    private readonly SessionEnds _ends = new(lifecycle, logger);
    private readonly SessionBirths _births = new(time);
    private readonly Lock _lock = new();

    /// <summary>An encoder came or went, or a session began or ended. Called under the book's lock: handlers only wake others.</summary>
    public event Action? Changed;

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
                    ControlLog.SessionWasOver(logger, open.Session.Channel.Value, open.Session.Id.Value);
                    var now = time.GetUtcNow();
                    ledger.Note(SessionRecord.Of(open.Session, open.ChannelId, open.LastPublicationEndedAt ?? now) with { EndedAt = now, EndReason = "found over at the start" });
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

    /// <summary>Ids of sessions begun from now on are higher than this one, whatever the clock says.</summary>
    public void BeginAfter(SessionId id)
    {
        lock (_lock)
        {
            _births.BeginAfter(id);
        }
    }

    /// <summary>Seats an encoder, in the open session or a new one, unless another has its place.</summary>
    /// <param name="key">What it came with.</param>
    /// <param name="terms">When another has to give way.</param>
    /// <param name="patience">How long the encoder may wait for that.</param>
    public Seating Take(KeyRecord key, TakeoverTerms terms, TimeSpan patience)
    {
        lock (_lock)
        {
            var seat = SeatOf(key.ChannelId, key.ReconnectWindow);
            if (seat[key.Input] is { } other && Contest(seat, other, key, terms, patience) is { } answer)
            {
                return answer;
            }

            seat.StopWindow();
            var now = time.GetUtcNow();
            var continued = seat.Session is not null;
            if (seat.Session is null)
            {
                seat.Session = _births.Begin(key, gate?.Find(key.ChannelId), mayHide: audience is not null);
                if (seat.Session.BeginsHidden)
                {
                    audience!.BeginHidden(seat.Session.Id);   // before anybody can have anything of it
                }

                seat.LastPublicationEndedAt = null;
                ledger.Note(seat.Record());
            }
            else if (seat.LastPublicationEndedAt is not null)
            {
                // Somebody publishes again: should the server be killed now, nobody is to believe that all was over when the one before went.
                seat.LastPublicationEndedAt = null;
                ledger.Note(seat.Record());
            }

            var occupant = new Occupant(Guid.NewGuid(), key.KeyId, now, key.Input);
            occupant.Lease.Beat(time.GetTimestamp());
            seat[key.Input] = occupant;
            seat.Tally.Began(occupant);
            if (key.KeyId[0] != HookedChannels.Mark)
            {
                ledger.NoteUse(key.KeyId);
            }

            Changed?.Invoke();
            return new Seating.Taken(
                new(occupant.Publication, seat.Session, key.Ladder, occupant.Revoke.Token) {
                    Role = occupant.Role, Lease = occupant.Lease, Over = seat.Over, AudioLanguages = TrackLanguages.Parse(key.AudioLanguages),
                },
                continued);
        }
    }

    /// <summary>Another has the place.</summary>
    /// <returns>What the newcomer is told; <see langword="null"/> when the other has given way.</returns>
    private Seating? Contest(Seat seat, Occupant other, KeyRecord key, TakeoverTerms terms, TimeSpan patience)
    {
        var silence = time.GetElapsedTime(other.Lease.LastFrame);
        var recent = seat.RecentTakeovers(time);
        var step = terms.Judge(silence, recent, patience);
        if (step == TakeoverStep.TakeOver)
        {
            if (silence < terms.Silence)
            {
                seat.NoteTakeover(time);
                seat.FightTold = false;
            }

            ControlLog.TakenOver(logger, key.Channel.Value, other.KeyId, silence.TotalSeconds, key.KeyId);
            seat.LastPublicationEndedAt = time.GetUtcNow();
            other.Lease.Supersede();
            seat.Tally.Gone(other);
            other.Leave();
            _ = other.Revoke.CancelAsync();   // what hangs on it runs elsewhere, not under our lock
            return null;
        }

        if (terms.Policy == TakeoverPolicy.Newest && !seat.FightTold)
        {
            seat.FightTold = true;
            ControlLog.EncodersFight(logger, key.Channel.Value, recent);
        }

        return step == TakeoverStep.Wait ? new Seating.Soon(terms.Silence - silence, other.Gone) : new Seating.Busy(other.Since, silence);
    }

    /// <summary>The encoder is gone: its channel is free at once, its session waits for the reconnect window.</summary>
    public void Leave(PublishGrant grant, string reason)
    {
        lock (_lock)
        {
            var seat = _seats.Values.FirstOrDefault(s => s[grant.Role]?.Publication == grant.PublicationId);
            if (seat is null)
            {
                return;
            }

            seat.Tally.Gone(seat[grant.Role]!);
            seat[grant.Role]!.Leave();
            seat[grant.Role] = null;
            Changed?.Invoke();
            if (seat.Session is not { } session)
            {
                if (seat.IsEmpty)
                {
                    _seats.Remove(seat.ChannelId);
                }

                return;
            }

            seat.LastPublicationEndedAt = seat.IsEmpty ? time.GetUtcNow() : null;
            ledger.Note(seat.Record());
            if (!seat.IsEmpty)
            {
                ControlLog.InputGone(logger, grant.Role, session.Channel.Value, reason);
                return;
            }

            ControlLog.PublisherGone(logger, session.Channel.Value, session.Id.Value, reason, seat.Window.TotalSeconds);
            StartWindow(seat);
        }
    }

    /// <summary>Ends a channel's session now and sends its encoder away; answers what there was to end.</summary>
    /// <param name="channelId">The channel.</param>
    /// <param name="reason">Why.</param>
    /// <param name="begunBefore">Only a session that began before that; <see langword="null"/> for any.</param>
    public SessionId? End(long channelId, string reason, DateTimeOffset? begunBefore = null)
    {
        lock (_lock)
        {
            return _seats.TryGetValue(channelId, out var seat) && seat.Session is { } session && session.StartedAt < (begunBefore ?? DateTimeOffset.MaxValue)
                ? End(seat, session, reason).Id
                : null;
        }
    }

    /// <summary>Ends that session now and sends its encoder away, where it is open.</summary>
    /// <returns>The session; <see langword="null"/> when it is not open here.</returns>
    public BroadcastSession? End(SessionId id, string reason)
    {
        lock (_lock)
        {
            return _seats.Values.FirstOrDefault(s => s.Session?.Id == id) is { Session: { } session } seat ? End(seat, session, reason) : null;
        }
    }

    /// <summary>Sends a channel's encoders away; its session waits for them to come back, as after a loss.</summary>
    /// <param name="channelId">The channel.</param>
    /// <param name="reason">Why.</param>
    /// <returns>How many there were.</returns>
    public int Dismiss(long channelId, string reason)
    {
        lock (_lock)
        {
            var sent = _seats.TryGetValue(channelId, out var seat) ? seat.Occupants.Where(o => !o.Revoke.IsCancellationRequested).ToList() : [];
            foreach (var occupant in sent)
            {
                Withdraw(occupant, seat!.Session?.Channel ?? default, reason);
            }

            return sent.Count;
        }
    }

    /// <summary>Sends away the encoders whose key is not among those that work.</summary>
    public void KeepOnly(IReadOnlySet<string> workingKeys, IReadOnlyList<string> asked)
    {
        lock (_lock)
        {
            foreach (var seat in _seats.Values)
            {
                foreach (var occupant in seat.Occupants.Where(o => asked.Contains(o.KeyId, StringComparer.Ordinal) && !workingKeys.Contains(o.KeyId)))
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

    /// <summary>Keys in use; publishers whom a webhook let in without one are not among them.</summary>
    public string[] KeysInUse()
    {
        lock (_lock)
        {
            return [.. _seats.Values.SelectMany(s => s.Occupants).Select(o => o.KeyId).Where(id => id[0] != HookedChannels.Mark)];
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

    /// <summary>The sessions that are open.</summary>
    public IReadOnlyList<(ChannelName Channel, SessionId Session)> OpenSessions() => [.. Sessions().Select(s => (s.Channel, s.Id))];

    /// <summary>The sessions that are open, as they are known here.</summary>
    public IReadOnlyList<BroadcastSession> Sessions()
    {
        lock (_lock)
        {
            return [.. _seats.Values.Select(s => s.Session).OfType<BroadcastSession>()];
        }
    }

    /// <summary>So many watch a session now; the most is remembered with it.</summary>
    public void NoteViewers(SessionId session, long viewers)
    {
        lock (_lock)
        {
            if (_seats.Values.FirstOrDefault(s => s.Session?.Id == session) is { } seat && viewers > seat.Tally.PeakViewers)
            {
                seat.Tally.PeakViewers = viewers;
                ledger.Note(seat.Record());
            }
        }
    }

    /// <summary>Has webhooks told that an encoder was let in.</summary>
    public void TellStarted(PublishGrant grant, string keyId, bool continued) => ledger.Tell(HookNotice.Started(time.GetUtcNow(), grant, keyId, continued));

    /// <summary>Has webhooks told that an encoder is gone.</summary>
    public void TellStopped(PublishGrant grant, string reason) => ledger.Tell(HookNotice.Stopped(time.GetUtcNow(), grant, reason, HasOpen(grant.Session.Id)));

    /// <summary>Whether an encoder publishes on a channel; <see langword="null"/> where nothing is known of the channel here.</summary>
    public bool? IsPublishing(long channelId)
    {
        lock (_lock)
        {
            return _seats.TryGetValue(channelId, out var seat) ? !seat.IsEmpty : null;
        }
    }

    /// <summary>Whether a session is open.</summary>
    public bool HasOpen(SessionId session) => Sessions().Any(s => s.Id == session);

    /// <summary>Completes when all ends decided so far have been told to the packager.</summary>
    public Task EndsToldAsync() => _ends.ToldAsync();

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
            if (ReferenceEquals(seat.Wait, wait) && seat.IsEmpty)
            {
                EndSession(seat, "no encoder came back within the reconnect window");
            }
        }
    }

    private BroadcastSession End(Seat seat, BroadcastSession session, string reason)
    {
        foreach (var occupant in seat.Occupants)
        {
            Withdraw(occupant, session.Channel, reason);
        }

        EndSession(seat, reason);
        return session;
    }

    private void EndSession(Seat seat, string reason)
    {
        seat.StopWindow();
        var session = seat.Session!;

        // An encoder that is there goes with it.
        seat.LastPublicationEndedAt = seat.IsEmpty ? seat.LastPublicationEndedAt : time.GetUtcNow();
        var now = time.GetUtcNow();
        ledger.Note(seat.Record() with { EndedAt = now, EndReason = reason });
        var end = new SessionEnd(session, reason, now - session.StartedAt, seat.Tally.Connections, seat.Tally.Totals, seat.Tally.PeakViewers);
        seat.Session = null;
        if (seat.IsEmpty)
        {
            _seats.Remove(seat.ChannelId);
        }

        Changed?.Invoke();
        _ends.Tell(end);
    }

    private void Withdraw(Occupant occupant, ChannelName channel, string reason)
    {
        if (!occupant.Revoke.IsCancellationRequested)
        {
            ControlLog.LeaveWithdrawn(logger, channel.Value, reason);
            _ = occupant.Revoke.CancelAsync();   // what hangs on it runs elsewhere, not under our lock
        }
    }
}
