using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>An encoder that has leave to publish.</summary>
/// <param name="Publication">Its publication.</param>
/// <param name="KeyId">The key that it came with.</param>
/// <param name="Since">When it was let in.</param>
/// <param name="Role">Which of the channel's inputs it is.</param>
internal sealed record Occupant(Guid Publication, string KeyId, DateTimeOffset Since, InputRole Role)
{
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Withdraws its leave.</summary>
    public CancellationTokenSource Revoke { get; } = new();

    /// <summary>What is known of it while it publishes.</summary>
    public PublicationLease Lease { get; } = new();

    /// <summary>Completes when its place is free.</summary>
    public Task Gone => _gone.Task;

    /// <summary>Its place is free.</summary>
    public void Leave() => _gone.TrySetResult();
}

/// <summary>A wait for an encoder to come back. Its identity tells it from an earlier one.</summary>
internal sealed class Wait
{
    public ITimer? Timer { get; set; }
}

/// <summary>A channel in use. Owned by <see cref="SessionBook"/>, under its lock.</summary>
internal sealed class Seat(long channelId)
{
    private readonly Occupant?[] _occupants = new Occupant?[2];
    private readonly Queue<long> _takeovers = [];
    private CancellationTokenSource? _over;

    public long ChannelId { get; } = channelId;

    /// <summary>The reconnect window.</summary>
    public TimeSpan Window { get; set; }

    public BroadcastSession? Session
    {
        get;
        set
        {
            field = value;
            Tally = new();
            var over = _over;
            _over = value is null ? null : new CancellationTokenSource();
            _ = over?.CancelAsync();   // what hangs on it runs elsewhere, not under the book's lock
        }
    }

    /// <summary>What the session's encoders delivered.</summary>
    public SessionTally Tally { get; private set; } = new();

    /// <summary>Cancelled when the session is over.</summary>
    public CancellationToken Over => _over?.Token ?? CancellationToken.None;

    public DateTimeOffset? LastPublicationEndedAt { get; set; }

    public Wait? Wait { get; set; }

    /// <summary>Whether it was said that encoders fight for it.</summary>
    public bool FightTold { get; set; }

    /// <summary>Whether nobody publishes.</summary>
    public bool IsEmpty => _occupants[0] is null && _occupants[1] is null;

    /// <summary>Those who publish.</summary>
    public IEnumerable<Occupant> Occupants => _occupants.OfType<Occupant>();

    /// <summary>Its session's row, as things are; of one that is open. Only with a session.</summary>
    public SessionRecord Record() => SessionRecord.Of(Session!, ChannelId, LastPublicationEndedAt) with { PeakViewers = Tally.PeakViewers };

    /// <summary>Who is an input of the channel.</summary>
    public Occupant? this[InputRole role]
    {
        get => _occupants[(int)role];
        set => _occupants[(int)role] = value;
    }

    /// <summary>Notes that a holder had to give way though it was not silent.</summary>
    public void NoteTakeover(TimeProvider time) => _takeovers.Enqueue(time.GetTimestamp());

    /// <summary>How often that was of late.</summary>
    public int RecentTakeovers(TimeProvider time)
    {
        while (_takeovers.TryPeek(out var at) && time.GetElapsedTime(at) >= TakeoverTerms.Memory)
        {
            _takeovers.Dequeue();
        }

        return _takeovers.Count;
    }

    public void StopWindow()
    {
        Wait?.Timer?.Dispose();
        Wait = null;
    }
}
