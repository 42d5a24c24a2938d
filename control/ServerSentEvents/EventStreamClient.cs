using System.Threading.Channels;

namespace Broadcast.Control.ServerSentEvents;

/// <summary>
/// Client of the event stream. At most <see cref="MaxQueued"/> messages are queued. A client that reads too slowly is disconnected and
/// must start over.
/// </summary>
/// <param name="lastId">Id of the last message before it connected.</param>
internal sealed class EventStreamClient(long lastId)
{
    /// <summary>Maximum number of queued messages per client.</summary>
    public const int MaxQueued = 256;

    private readonly Channel<EventStreamMessage> _queue = Channel.CreateBounded<EventStreamMessage>(
        new BoundedChannelOptions(MaxQueued) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private volatile bool _isTooSlow;

    /// <summary>Token or login of the client.</summary>
    public string Caller { get; init; } = "";

    /// <summary>Indicates whether the caller has the role admin.</summary>
    public bool IsAdmin { get; init; }

    /// <summary>Id of the last message before it connected; later ones are queued.</summary>
    public long LastId { get; } = lastId;

    /// <summary>Indicates whether it was disconnected because it was too slow.</summary>
    public bool IsTooSlow => _isTooSlow;

    /// <summary>Queues a message.</summary>
    public void Enqueue(EventStreamMessage message)
    {
        if (!_isTooSlow && !_queue.Writer.TryWrite(message))
        {
            _isTooSlow = true;
            _queue.Writer.TryComplete();
        }
    }

    /// <summary>Waits until a message is queued, the client is disconnected, or <paramref name="timeout"/> has elapsed.</summary>
    /// <exception cref="OperationCanceledException">The wait was canceled.</exception>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _queue.Reader.WaitToReadAsync(linked.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The timeout elapsed.
        }
    }

    /// <summary>Takes the next message; <see langword="null"/> when the queue is empty.</summary>
    public EventStreamMessage? Dequeue() => _queue.Reader.TryRead(out var message) ? message : null;
}
