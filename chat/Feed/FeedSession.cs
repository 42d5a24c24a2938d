using Broadcast.Chat.Messages;
using Broadcast.Media;

namespace Broadcast.Chat.Feed;

/// <summary>Batches of one session in memory, and the signal for the next one. Thread-safe.</summary>
/// <param name="session">The session.</param>
/// <param name="last">Number of the last batch; 0 for none.</param>
internal sealed class FeedSession(SessionId session, long last)
{
    /// <summary>Maximum batches in memory. Older ones are read from the database again.</summary>
    public const int MaxBatches = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, byte[]> _batches = [];
    private TaskCompletionSource? _next;
    private long _last = last;
    private long _revision;

    /// <summary>The session.</summary>
    public SessionId Session => session;

    /// <summary>Number of the last batch; 0 for none.</summary>
    public long Last => Interlocked.Read(ref _last);

    /// <summary>Time of the last request, as timestamp of the clock.</summary>
    public long UsedAt { get; set; }

    /// <summary>Task that completes when there is a batch after a given one.</summary>
    public Task WhenAfter(long batch)
    {
        lock (_lock)
        {
            return _last > batch ? Task.CompletedTask
                : (_next ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Returns whether a batch is in memory.</summary>
    public bool Has(long number) => Find(number, out _) is not null;

    /// <summary>Adds a batch. Batches with removed messages are dropped from memory, so that they are rendered again.</summary>
    public void Add(ChatBatch batch)
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            foreach (var removed in batch.Removed)
            {
                _batches.Remove(removed.Batch);
                _revision++;
            }

            // A batch of this server can arrive again, as a notification.
            _batches[batch.Number] = batch.ToJson();
            Trim();
            next = Advance(batch.Number);
        }

        next?.SetResult();
    }

    /// <summary>Drops all batches from memory, because messages may have been removed while no notification arrived.</summary>
    /// <param name="number">Number of the last batch.</param>
    public void Reset(long number)
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            _batches.Clear();
            _revision++;
            next = Advance(number);
        }

        next?.SetResult();
    }

    /// <summary>Finds a batch in memory as UTF-8 JSON.</summary>
    /// <param name="number">Number of the batch.</param>
    /// <param name="revision">Revision to pass to <see cref="Store"/>, when the batch is not in memory.</param>
    public byte[]? Find(long number, out long revision)
    {
        lock (_lock)
        {
            revision = _revision;
            return _batches.GetValueOrDefault(number);
        }
    }

    /// <summary>Stores a batch that was read from the database, unless messages have been removed meanwhile.</summary>
    public void Store(long number, byte[] json, long revision)
    {
        lock (_lock)
        {
            if (revision == _revision)
            {
                _batches[number] = json;
                Trim();
            }
        }
    }

    private TaskCompletionSource? Advance(long number)
    {
        if (number <= _last)
        {
            return null;
        }

        Interlocked.Exchange(ref _last, number);
        var next = _next;
        _next = null;
        return next;
    }

    // Viewers read the newest ones. A batch from long ago was read by one who seeks.
    private void Trim()
    {
        while (_batches.Count > MaxBatches)
        {
            _batches.Remove(_batches.Keys.Min());
        }
    }
}
