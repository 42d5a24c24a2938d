using System.Threading.Channels;

namespace Broadcast.Control;

/// <summary>
/// Somebody who listens to the event stream. At most <see cref="MaxWaiting"/> messages wait to be sent; one who does not take them as fast as they come is cut off, is told to read everything again, and may come anew.
/// </summary>
/// <param name="from">The number of the last message before it came.</param>
internal sealed class EventStreamClient(long from)
{
    /// <summary>Most messages that wait for one client.</summary>
    public const int MaxWaiting = 256;

    private readonly Channel<EventStreamMessage> _waiting = Channel.CreateBounded<EventStreamMessage>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private volatile bool _isTooSlow;

    /// <summary>Whose token or login it listens with.</summary>
    public string Caller { get; init; } = "";

    /// <summary>The number of the last message before it came: what follows waits here.</summary>
    public long From { get; } = from;

    /// <summary>Whether it was cut off because it did not keep up.</summary>
    public bool IsTooSlow => _isTooSlow;

    /// <summary>Has a message wait for it.</summary>
    public void Offer(EventStreamMessage message)
    {
        if (!_isTooSlow && !_waiting.Writer.TryWrite(message))
        {
            _isTooSlow = true;
            _waiting.Writer.TryComplete();
        }
    }

    /// <summary>Returns when something waits or it was cut off, after <paramref name="atMost"/> in any case.</summary>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _waiting.Reader.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing came.
        }
    }

    /// <summary>The next that waits; <see langword="null"/> when nothing does.</summary>
    public EventStreamMessage? Next() => _waiting.Reader.TryRead(out var message) ? message : null;
}
