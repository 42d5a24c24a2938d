using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.ServerSentEvents;

/// <summary>State of all channels as of one message of the event stream, with its text.</summary>
/// <param name="UpTo">Id of the last message that the state includes.</param>
/// <param name="Messages">Newest message of each kind of state for each channel.</param>
internal sealed record CurrentStates(long UpTo, IReadOnlyList<EventStreamMessage> Messages)
{
    private readonly Lazy<string> _text = new(() => string.Concat(Messages.Select(SseFormat.OfCurrentState)));

    /// <summary>Formats the messages that a caller may get. Callers without restrictions share one text.</summary>
    /// <param name="role">Role of the caller.</param>
    /// <param name="limits">Restrictions of the caller.</param>
    /// <param name="channelId">Requested channel; <see langword="null"/> for all.</param>
    public string TextFor(TokenRole role, TokenLimits limits, long? channelId) =>
        role == TokenRole.Admin && limits is { Channels: null, Scopes: null } && channelId is null ? _text.Value
        : string.Concat(Messages.Where(m => EventStreamRules.IsVisible(role, limits, channelId, m)).Select(SseFormat.OfCurrentState));
}

/// <summary>
/// Current state of all channels for new event stream clients. Clients that connect at the same time share one read, so that a mass
/// reconnect does not read the table once per client. Thread-safe.
/// </summary>
/// <param name="log">Log to read.</param>
/// <param name="time">Clock.</param>
internal sealed class CurrentStateCache(EventStreamLog log, [FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IDisposable
{
    // Limits the memory: with many channels, the state is large.
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _reading = new(1, 1);
    private long _requested;
    private (CurrentStates States, long ReadAt)? _newest;

    /// <summary>Number of reads of the table.</summary>
    internal int Reads { get; private set; }

    /// <summary>Gets the state as of a message, or as of a later one.</summary>
    /// <param name="atLeast">Id of a message that was sent to clients.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    public async Task<CurrentStates> GetAsync(long atLeast, CancellationToken cancellationToken)
    {
        for (var seen = Interlocked.Read(ref _requested); seen < atLeast;)
        {
            seen = Interlocked.CompareExchange(ref _requested, atLeast, seen) is var found && found == seen ? atLeast : found;
        }

        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_newest is { } newest && newest.States.UpTo >= atLeast && time.GetElapsedTime(newest.ReadAt) < Lifetime)
            {
                return newest.States;
            }

            // Includes the clients that wait behind this one.
            var upTo = Interlocked.Read(ref _requested);
            Reads++;
            var states = new CurrentStates(upTo, await log.CurrentStatesAsync(upTo, cancellationToken));
            _newest = (states, time.GetTimestamp());
            return states;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();
}
