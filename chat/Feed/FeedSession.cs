using Broadcast.Chat.Messages;
using Broadcast.Media;

namespace Broadcast.Chat.Feed;

/// <summary>Batches of one session in memory, and the signal for the next one. Thread-safe.</summary>
/// <param name="channel">The channel.</param>
/// <param name="session">The session.</param>
/// <param name="last">Number of the last batch; 0 for none.</param>
/// <param name="state">State of the chat.</param>
internal sealed class FeedSession(ChannelName channel, SessionId session, long last, ChatState state)
{
    /// <summary>Maximum batches in memory. Older ones are read from the database again.</summary>
    public const int MaxBatches = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, byte[]> _batches = [];

    // Batches in memory that show messages of earlier ones.
    private readonly Dictionary<long, IReadOnlyList<MessageId>> _earlier = [];
    private TaskCompletionSource? _next;
    private long _last = last;
    private long _revision;
    private byte[] _state = state.ToJson();
    private long _questionsVersion = state.QuestionsVersion;
    private (long Version, byte[] Json)? _questions;

    /// <summary>The channel.</summary>
    public ChannelName Channel => channel;

    /// <summary>The session.</summary>
    public SessionId Session => session;

    /// <summary>Number of the last batch; 0 for none.</summary>
    public long Last => Interlocked.Read(ref _last);

    /// <summary>State of the chat as UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> State => Volatile.Read(ref _state);

    /// <summary>Questions as UTF-8 JSON; <see langword="null"/> when they are not in memory.</summary>
    /// <param name="version">Version to pass to <see cref="StoreQuestions"/>.</param>
    public byte[]? FindQuestions(out long version)
    {
        lock (_lock)
        {
            version = _questionsVersion;
            return _questions is { } known && known.Version == version ? known.Json : null;
        }
    }

    /// <summary>Stores questions that were read from the database.</summary>
    public void StoreQuestions(byte[] json, long version)
    {
        lock (_lock)
        {
            _questions = (version, json);
        }
    }

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

    /// <summary>
    /// Adds a batch. Batches whose messages have been removed, or are shown again, are dropped from memory, so that they are rendered
    /// again.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="state">The state, when the batch changes it.</param>
    public void Add(ChatBatch batch, ChatState? state = null)
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            foreach (var changed in batch.Removed.Concat(batch.Earlier))
            {
                Drop(changed.Batch);
                foreach (var copy in _earlier.Where(entry => entry.Value.Contains(changed)).Select(entry => entry.Key).ToList())
                {
                    Drop(copy);
                }

                _revision++;
            }

            if (state is not null)
            {
                Write(state);
            }

            // A batch of this server can arrive again, as a notification.
            Put(batch);
            next = Advance(batch.Number);
        }

        next?.SetResult();
    }

    /// <summary>Drops all batches from memory, because messages may have been removed while no notification arrived.</summary>
    /// <param name="number">Number of the last batch.</param>
    /// <param name="state">The state.</param>
    public void Reset(long number, ChatState state)
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            _batches.Clear();
            _earlier.Clear();
            _revision++;
            Write(state);
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
    public void Store(ChatBatch batch, long revision)
    {
        lock (_lock)
        {
            if (revision == _revision)
            {
                Put(batch);
            }
        }
    }

    private void Write(ChatState state)
    {
        _questionsVersion = state.QuestionsVersion;
        Volatile.Write(ref _state, state.ToJson());
    }

    private void Put(ChatBatch batch)
    {
        _batches[batch.Number] = batch.ToJson();
        if (batch.Earlier.ToList() is { Count: > 0 } earlier)
        {
            _earlier[batch.Number] = earlier;
        }

        // Viewers read the newest ones. A batch from long ago was read by one who seeks.
        while (_batches.Count > MaxBatches)
        {
            Drop(_batches.Keys.Min());
        }
    }

    private void Drop(long number)
    {
        _batches.Remove(number);
        _earlier.Remove(number);
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
}
