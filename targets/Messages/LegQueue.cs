using Broadcast.Publisher;

namespace Broadcast.Targets.Messages;

/// <summary>
/// Messages that wait to be sent to one target. Bounded by bytes and by duration: when it is full, it drops frames up to a keyframe for
/// which there is room, and counts them. Configurations are never dropped. One thread writes, another one reads, which
/// <see cref="Signal"/> wakes: messages are gathered, since a write costs more than a message.
/// </summary>
/// <param name="maxBytes">Maximum bytes of the messages.</param>
/// <param name="maxDuration">Maximum time between the oldest and the newest message.</param>
internal sealed class LegQueue(int maxBytes, TimeSpan maxDuration)
{
    /// <summary>Maximum time between two messages that counts: after an outage of the encoder, timestamps continue later.</summary>
    private const long MaxStep = 1000;

    private readonly Lock _lock = new();
    private readonly Queue<(FlvTag Tag, long Step)> _tags = new();
    private TaskCompletionSource? _waiting;
    private long _bytes;
    private long _milliseconds;
    private bool _isDropping;
    private uint _newest;

    /// <summary>Number of frames dropped so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Time between the oldest and the newest message.</summary>
    public TimeSpan Duration
    {
        get
        {
            lock (_lock)
            {
                return TimeSpan.FromMilliseconds(_milliseconds);
            }
        }
    }

    /// <summary>Adds messages of one sample.</summary>
    /// <param name="tags">Messages, the frame last.</param>
    /// <param name="isKeyframe">Whether decoding can begin here: a keyframe, or any frame without video.</param>
    public void Add(IReadOnlyList<FlvTag> tags, bool isKeyframe)
    {
        lock (_lock)
        {
            var isFull = _bytes >= maxBytes || _milliseconds >= maxDuration.TotalMilliseconds;
            _isDropping = isFull || (_isDropping && !isKeyframe);
            var frame = tags[^1];
            for (var i = 0; i < tags.Count - 1; i++)
            {
                Enqueue(tags[i]);
            }

            if (_isDropping)
            {
                Dropped++;
            }
            else
            {
                Enqueue(frame);
            }
        }
    }

    /// <summary>Wakes the reader if there are messages.</summary>
    public void Signal()
    {
        lock (_lock)
        {
            if (_tags.Count > 0)
            {
                _waiting?.TrySetResult();
                _waiting = null;
            }
        }
    }

    /// <summary>Wakes the reader even if there are no messages.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _waiting?.TrySetResult();
            _waiting = null;
        }
    }

    /// <summary>Moves the oldest messages to a list: at least one, if there is one.</summary>
    /// <param name="into">Receives the messages.</param>
    /// <param name="maxCount">Maximum number of messages in the list.</param>
    /// <param name="maxTakenBytes">Number of bytes after which no more are moved.</param>
    /// <returns>Whether there were any.</returns>
    public bool TryTake(List<FlvTag> into, int maxCount, int maxTakenBytes)
    {
        lock (_lock)
        {
            var taken = 0L;
            while (into.Count < maxCount && taken < maxTakenBytes && _tags.TryDequeue(out var next))
            {
                taken += next.Tag.Length;
                _bytes -= next.Tag.Length;
                _milliseconds -= next.Step;
                into.Add(next.Tag);
            }
        }

        return into.Count > 0;
    }

    /// <summary>Waits for the next signal. Only one reader may wait.</summary>
    public Task WaitAsync()
    {
        lock (_lock)
        {
            return (_waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Discards all messages.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _tags.Clear();
            (_bytes, _milliseconds, _newest, _isDropping) = (0, 0, 0, false);
        }
    }

    private void Enqueue(in FlvTag tag)
    {
        // Messages of video and audio alternate: only the later one of two moves the end.
        var step = _tags.Count == 0 ? 0 : Math.Clamp(unchecked((int)(tag.Timestamp - _newest)), 0, MaxStep);
        _newest = step > 0 || _tags.Count == 0 ? tag.Timestamp : _newest;
        _tags.Enqueue((tag, step));
        _bytes += tag.Length;
        _milliseconds += step;
    }
}
