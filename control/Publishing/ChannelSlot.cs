using Broadcast.Control.Channels;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Control.Publishing;

/// <summary>Publisher admitted to a channel.</summary>
/// <param name="Publication">Id of its publication.</param>
/// <param name="KeyId">Id of its stream key.</param>
/// <param name="Since">Time of admission.</param>
/// <param name="Role">Input of the channel that it feeds.</param>
internal sealed record ActivePublisher(Guid Publication, string KeyId, DateTimeOffset Since, InputRole Role)
{
    private readonly TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Sessions from which its media come; empty unless it is a target of a Broadcast.</summary>
    public IReadOnlyList<SessionId> Upstream { get; init; } = [];

    /// <summary>Revokes the permission to publish.</summary>
    public CancellationTokenSource Revoke { get; } = new();

    /// <summary>Announces that the session moves to another server.</summary>
    public CancellationTokenSource Moved { get; } = new();

    /// <summary>State of the publication while it runs.</summary>
    public PublicationState Lease { get; } = new();

    /// <summary>Completes when its input is free.</summary>
    public Task Freed => _freed.Task;

    /// <summary>Frees its input.</summary>
    public void Release() => _freed.TrySetResult();
}

/// <summary>Wait for an encoder to reconnect. Its identity distinguishes it from earlier waits.</summary>
internal sealed class ReconnectTimer
{
    public ITimer? Timer { get; set; }
}

/// <summary>Channel in use. Owned by <see cref="SessionManager"/> and accessed under its lock.</summary>
internal sealed class ChannelSlot(long channelId)
{
    private readonly ActivePublisher?[] _publishers = new ActivePublisher?[2];
    private readonly Queue<long> _takeovers = [];
    private CancellationTokenSource? _sessionEnd;

    public long ChannelId { get; } = channelId;

    /// <summary>Reconnect window.</summary>
    public TimeSpan Window { get; set; }

    /// <summary>Ladder of the session, as text.</summary>
    public string Ladder { get; set; } = ChannelRules.DefaultLadder;

    /// <summary>Languages of its audio tracks, as text.</summary>
    public string AudioLanguages { get; set; } = "";

    public BroadcastSession? Session
    {
        get;
        set
        {
            var isSame = value is not null && value.Id == field?.Id;
            field = value;
            if (!isSame)
            {
                Totals = new();
                EndStages();
            }
        }
    }

    /// <summary>Move of the session to another server; <see langword="null"/> when it does not move.</summary>
    public SessionMove? Move { get; private set; }

    /// <summary>Totals of the session's encoders.</summary>
    public SessionTotals Totals { get; private set; } = new();

    /// <summary>Canceled when the session ends.</summary>
    public CancellationToken SessionEnded => _sessionEnd?.Token ?? CancellationToken.None;

    public DateTimeOffset? LastPublicationEndedAt { get; set; }

    public ReconnectTimer? ReconnectTimer { get; set; }

    /// <summary>Indicates whether reaching the takeover limit has been logged.</summary>
    public bool IsTakeoverLimitLogged { get; set; }

    /// <summary>Indicates whether no encoder publishes.</summary>
    public bool IsEmpty => _publishers[0] is null && _publishers[1] is null;

    /// <summary>Current publishers.</summary>
    public IEnumerable<ActivePublisher> Publishers => _publishers.OfType<ActivePublisher>();

    /// <summary>Row of the open session. Valid only with a session.</summary>
    public SessionRecord ToRecord() => SessionRecord.Of(Session!, ChannelId, LastPublicationEndedAt)
        with { PeakViewers = Totals.PeakViewers };

    /// <summary>Publisher of an input.</summary>
    public ActivePublisher? this[InputRole role] => _publishers[(int)role];

    /// <summary>Gives a publisher its input.</summary>
    public void Add(ActivePublisher publisher)
    {
        _publishers[(int)publisher.Role] = publisher;
        Totals.Add(publisher);
    }

    /// <summary>Frees the input of a publisher.</summary>
    public void Remove(ActivePublisher publisher)
    {
        _publishers[(int)publisher.Role] = null;
        Totals.Remove(publisher);
        publisher.Release();
    }

    /// <summary>Records a takeover from an encoder that was not silent.</summary>
    public void RecordTakeover(TimeProvider time) => _takeovers.Enqueue(time.GetTimestamp());

    /// <summary>Number of such takeovers within the last minute.</summary>
    public int RecentTakeovers(TimeProvider time)
    {
        while (_takeovers.TryPeek(out var at) && time.GetElapsedTime(at) >= TakeoverRules.CountingPeriod)
        {
            _takeovers.Dequeue();
        }

        return _takeovers.Count;
    }

    /// <summary>Begins to move the session, and ends its slate.</summary>
    public SessionMove BeginMove()
    {
        Move = new SessionMove();
        EndStages();
        if (IsEmpty)
        {
            Move.SetEmpty();
        }

        return Move;
    }

    /// <summary>Ends the move, if there is one.</summary>
    public void EndMove()
    {
        Move?.End();
        Move = null;
    }

    /// <summary>Ends the stages that outlive the encoder. Those of later encoders get another signal.</summary>
    private void EndStages()
    {
        var previousEnd = _sessionEnd;
        _sessionEnd = Session is null ? null : new CancellationTokenSource();
        _ = previousEnd?.CancelAsync();   // callbacks run on another thread, not under the manager's lock
    }

    public void StopReconnectTimer()
    {
        ReconnectTimer?.Timer?.Dispose();
        ReconnectTimer = null;
    }
}
