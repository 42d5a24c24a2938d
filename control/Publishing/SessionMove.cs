namespace Broadcast.Control.Publishing;

/// <summary>Move of a channel's session to another server. Owned by <see cref="ChannelSlot"/>.</summary>
internal sealed class SessionMove
{
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when no encoder publishes.</summary>
    public Task WhenEmpty => _empty.Task;

    /// <summary>Completes when the session has moved, continues here, or has ended.</summary>
    public Task WhenOver => _over.Task;

    /// <summary>Records that no encoder publishes.</summary>
    public void SetEmpty() => _empty.TrySetResult();

    /// <summary>Ends the move.</summary>
    public void End() => _over.TrySetResult();
}
