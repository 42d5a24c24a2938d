using System.Globalization;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Database;

namespace Broadcast.Control.Api;

/// <summary>
/// Messages sent to one event stream client. A client that resumes from a known message gets the missed messages if they are still stored.
/// Any other client gets the current state and then the changes.
/// </summary>
/// <param name="client">Client of the event stream.</param>
/// <param name="caller">Authenticated caller.</param>
/// <param name="channelId">Requested channel; <see langword="null"/> for all.</param>
/// <param name="log">Log with the missed messages.</param>
/// <param name="states">Current state for new clients.</param>
/// <param name="verify">Authenticates the caller again; <see langword="null"/> when access was revoked.</param>
/// <param name="send">Sends text; completes when the text has been written.</param>
/// <param name="heartbeat">Interval of heartbeats and of repeated authentication.</param>
/// <param name="time">Clock.</param>
internal sealed class EventStreamReply(
    EventStreamClient client, Caller caller, long? channelId, EventStreamLog log, CurrentStateCache states,
    Func<CancellationToken, Task<Caller?>> verify, Func<string, CancellationToken, Task> send, TimeSpan heartbeat,
    TimeProvider time)
{
    /// <summary>Maximum number of missed messages sent to a resuming client. With more, the client starts over.</summary>
    public const int MaxMissed = 10_000;

    // Maximum number of messages per write.
    private const int BatchSize = 100;
    private Caller _caller = caller;
    private long _lastSentId;

    /// <summary>Sends messages until the request is canceled, the client is too slow, or access is revoked.</summary>
    /// <param name="lastId">Last message that the client received; <see langword="null"/> or empty for a new client.</param>
    /// <param name="cancellationToken">Cancels the stream.</param>
    public async Task RunAsync(string? lastId, CancellationToken cancellationToken)
    {
        await StartAsync(lastId, cancellationToken);
        var lastCheck = time.GetTimestamp();
        while (true)
        {
            var remaining = heartbeat - time.GetElapsedTime(lastCheck);
            if (remaining > TimeSpan.Zero)
            {
                await client.WaitAsync(remaining, time, cancellationToken);
                if (client.IsTooSlow)
                {
                    await send(SseFormat.Reset("the client was too slow"), cancellationToken);
                    return;
                }

                await SendAsync(TakeQueued(), cancellationToken);
                continue;
            }

            if (!await VerifyAccessAsync(cancellationToken))
            {
                return;
            }

            await send(SseFormat.Heartbeat(_lastSentId), cancellationToken);
            lastCheck = time.GetTimestamp();
        }
    }

    private async Task StartAsync(string? lastId, CancellationToken cancellationToken)
    {
        await send(SseFormat.Retry, cancellationToken);
        _lastSentId = client.LastId;
        if (!string.IsNullOrEmpty(lastId))
        {
            if (long.TryParse(lastId, NumberStyles.None, CultureInfo.InvariantCulture, out var last) && client.LastId - last <= MaxMissed
                && await log.CanResumeAsync(last, cancellationToken))
            {
                // Another process may have been ahead of this one. Its messages are not sent again.
                await SendMissedAsync(last, cancellationToken);
                return;
            }

            await send(SseFormat.Reset("the missed messages are no longer stored"), cancellationToken);
        }

        // Queued messages that the state already includes are not sent again.
        var currentState = await states.GetAsync(client.LastId, cancellationToken);
        _lastSentId = currentState.UpTo;
        await send(currentState.TextFor(_caller.Role, _caller.Limits, channelId), cancellationToken);
        await send(SseFormat.Ready(currentState.UpTo), cancellationToken);
    }

    private async Task SendMissedAsync(long last, CancellationToken cancellationToken)
    {
        _lastSentId = last;
        while (_lastSentId < client.LastId && await log.ReadAsync(_lastSentId, client.LastId, BatchSize, cancellationToken)
            is { Count: > 0 } missed)
        {
            await SendAsync(missed, cancellationToken);
        }

        _lastSentId = Math.Max(_lastSentId, client.LastId);
    }

    private List<EventStreamMessage> TakeQueued()
    {
        var messages = new List<EventStreamMessage>();
        while (messages.Count < BatchSize && client.Dequeue() is { } message)
        {
            messages.Add(message);
        }

        return messages;
    }

    private async Task SendAsync(IReadOnlyList<EventStreamMessage> messages, CancellationToken cancellationToken)
    {
        var text = string.Concat(messages.Where(m => m.Id > _lastSentId && IsVisible(m)).Select(SseFormat.Of));
        _lastSentId = messages.Count > 0 ? Math.Max(_lastSentId, messages[^1].Id) : _lastSentId;
        if (text.Length > 0)
        {
            await send(text, cancellationToken);
        }
    }

    private bool IsVisible(EventStreamMessage message) => EventStreamRules.IsVisible(_caller.Role, _caller.Limits, channelId, message);

    private async Task<bool> VerifyAccessAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await verify(cancellationToken) is not { } currentCaller)
            {
                return false;
            }

            _caller = currentCaller;
            return true;
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e))
        {
            return true;   // no messages can arrive until the database is back; the next heartbeat checks again
        }
    }
}
