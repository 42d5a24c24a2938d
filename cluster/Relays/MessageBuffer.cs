using Broadcast.Media.IngestToCluster;

namespace Broadcast.Cluster.Relays;

/// <summary>
/// Messages of a relayed publisher that its owner has not processed: sent ones, which are sent again over a new connection, and waiting
/// ones. Bounded in bytes and time; beyond, messages are dropped up to the next keyframe. Keeps the configurations and metadata that
/// apply there, with which a new connection begins, and which precede the keyframe after dropped messages. Thread-safe. Times are
/// timestamps of the clock.
/// </summary>
internal sealed class MessageBuffer(TimeProvider time)
{
    /// <summary>Maximum bytes of messages.</summary>
    public const long MaxBytes = 16 << 20;

    /// <summary>Maximum age of the oldest message.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(15);

    /// <summary>Maximum messages of one batch.</summary>
    private const int MaxBatch = 256;

    /// <summary>Maximum bytes of one batch, unless a single message is longer.</summary>
    private const int MaxBatchBytes = 1 << 20;

    /// <summary>RTMP message type of video.</summary>
    private const byte VideoType = 9;

    private readonly Lock _lock = new();
    private readonly Queue<(RelayedMessage Message, long Arrival)> _messages = new();

    // Metadata and configurations in force where the queue begins, and those that were dropped after its end.
    private readonly StreamHeaders _earlier = new();
    private readonly StreamHeaders _dropped = new();
    private TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;
    private int _sent;
    private ulong _acknowledged;
    private bool _hasVideo;
    private bool _isDropping;

    /// <summary>Number of dropped messages.</summary>
    public long Dropped { get; private set; }

    /// <summary>Completes when there are messages that were not sent.</summary>
    public Task WhenAddedAsync()
    {
        lock (_lock)
        {
            return _messages.Count > _sent ? Task.CompletedTask : _added.Task;
        }
    }

    /// <summary>Adds a message.</summary>
    public void Add(RelayedMessage message)
    {
        lock (_lock)
        {
            _hasVideo |= message is { Type: VideoType, Content: RelayedContent.Keyframe or RelayedContent.Configuration };
            var isFull = _bytes + message.Payload.Length > MaxBytes
                || (_messages.TryPeek(out var oldest) && time.GetElapsedTime(oldest.Arrival) > MaxAge);
            _isDropping = isFull || (_isDropping && _hasVideo && message.Content != RelayedContent.Keyframe);
            if (_isDropping)
            {
                Dropped += _dropped.Apply(message) ? 0 : 1;
                return;
            }

            var now = time.GetTimestamp();
            foreach (var header in _dropped.Take())
            {
                Enqueue(header with { Timestamp = message.Timestamp }, now);
            }

            Enqueue(message, now);
            _added.TrySetResult();
        }
    }

    /// <summary>Takes messages to send; they are kept until they are acknowledged.</summary>
    public IReadOnlyList<(RelayedMessage Message, TimeSpan Age)> Take()
    {
        lock (_lock)
        {
            var (batch, bytes) = (new List<(RelayedMessage, TimeSpan)>(), 0);
            foreach (var (message, arrival) in _messages.Skip(_sent).Take(MaxBatch))
            {
                if (batch.Count > 0 && bytes + message.Payload.Length > MaxBatchBytes)
                {
                    break;
                }

                bytes += message.Payload.Length;
                batch.Add((message, time.GetElapsedTime(arrival)));
            }

            _sent += batch.Count;
            if (_sent == _messages.Count && _added.Task.IsCompleted)
            {
                _added = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return batch;
        }
    }

    /// <summary>Removes messages that the owner has processed.</summary>
    /// <param name="processed">Number of messages processed over this connection.</param>
    public void Acknowledge(ulong processed)
    {
        lock (_lock)
        {
            while (_acknowledged < processed && _sent > 0)
            {
                var message = _messages.Dequeue().Message;
                _bytes -= message.Payload.Length;
                _earlier.Apply(message);
                (_acknowledged, _sent) = (_acknowledged + 1, _sent - 1);
            }
        }
    }

    /// <summary>
    /// Begins a new connection: messages that were not acknowledged are sent again, from the first keyframe on, after the configurations
    /// and the metadata.
    /// </summary>
    public void Restart()
    {
        lock (_lock)
        {
            var all = _messages.ToList();
            var first = _hasVideo ? all.FindIndex(entry => entry.Message.Content == RelayedContent.Keyframe) : 0;
            first = first < 0 ? all.Count : first;
            foreach (var (message, _) in all[..first])
            {
                // Configurations and metadata are not lost: they precede the keyframe.
                Dropped += _earlier.Apply(message) ? 0 : 1;
            }

            var kept = all[first..];
            _isDropping |= kept.Count == 0 && _hasVideo;
            var (timestamp, now) = kept.Count > 0 ? (kept[0].Message.Timestamp, kept[0].Arrival)
                : (all.Count > 0 ? all[^1].Message.Timestamp : 0, time.GetTimestamp());
            _messages.Clear();
            _bytes = 0;
            foreach (var header in _earlier.Take())
            {
                Enqueue(header with { Timestamp = timestamp }, now);
            }

            foreach (var (message, arrival) in kept)
            {
                Enqueue(message, arrival);
            }

            (_sent, _acknowledged) = (0, 0);
            if (_messages.Count > 0)
            {
                _added.TrySetResult();
            }
        }
    }

    private void Enqueue(RelayedMessage message, long arrival)
    {
        _messages.Enqueue((message, arrival));
        _bytes += message.Payload.Length;
    }
}
