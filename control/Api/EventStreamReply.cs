using System.Globalization;

namespace Broadcast.Control.Api;

/// <summary>
/// What one client of the event stream is sent, from its start to its end. One that says what it had last gets what followed, where that is still there; any other gets how things stand, and then what changes.
/// </summary>
/// <param name="client">The client.</param>
/// <param name="holder">Whose it is.</param>
/// <param name="only">The only channel that was asked for; <see langword="null"/> for all.</param>
/// <param name="log">Where what it missed is.</param>
/// <param name="verify">Says whose it is now; <see langword="null"/> when they are not let in any more.</param>
/// <param name="send">Sends text, and returns when that is on its way.</param>
/// <param name="heartbeat">How often it is sent something at least, and whose it is looked at anew.</param>
/// <param name="time">The clock.</param>
internal sealed class EventStreamReply(
    EventStreamClient client, Holder holder, long? only, EventStreamLog log, Func<CancellationToken, Task<Holder?>> verify, Func<string, CancellationToken, Task> send, TimeSpan heartbeat, TimeProvider time)
{
    /// <summary>Most messages that one who comes back is sent of what it missed; with more it reads everything again.</summary>
    public const int MaxMissed = 10_000;

    // What is sent in one go.
    private const int AtOnce = 100;
    private Holder _holder = holder;
    private long _at;

    /// <summary>Sends until somebody gives up, the client does not keep up, or it is not let in any more.</summary>
    /// <param name="lastId">What the client says that it had last; <see langword="null"/> or empty when it comes anew.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(string? lastId, CancellationToken cancellationToken)
    {
        await BeginAsync(lastId, cancellationToken);
        var looked = time.GetTimestamp();
        while (true)
        {
            var left = heartbeat - time.GetElapsedTime(looked);
            if (left > TimeSpan.Zero)
            {
                await client.WaitAsync(left, time, cancellationToken);
                if (client.IsTooSlow)
                {
                    await send(EventStreamText.Reset("you did not keep up"), cancellationToken);
                    return;
                }

                await SendAsync(Waiting(), cancellationToken);
                continue;
            }

            if (!await IsLetInAsync(cancellationToken))
            {
                return;
            }

            await send(EventStreamText.Heartbeat(_at), cancellationToken);
            looked = time.GetTimestamp();
        }
    }

    private async Task BeginAsync(string? lastId, CancellationToken cancellationToken)
    {
        await send(EventStreamText.Retry, cancellationToken);
        _at = client.From;
        if (!string.IsNullOrEmpty(lastId))
        {
            if (long.TryParse(lastId, NumberStyles.None, CultureInfo.InvariantCulture, out var last) && client.From - last <= MaxMissed && await log.CanResumeAsync(last, cancellationToken))
            {
                // Another process may have been quicker than this one: then what it told is not told again.
                await SendMissedAsync(last, cancellationToken);
                return;
            }

            await send(EventStreamText.Reset("what followed is not there any more"), cancellationToken);
        }

        var standing = await log.StandingAsync(client.From, cancellationToken);
        await send(string.Concat(standing.Where(Shows).Select(EventStreamText.OfNow)) + EventStreamText.Ready(client.From), cancellationToken);
    }

    private async Task SendMissedAsync(long last, CancellationToken cancellationToken)
    {
        _at = last;
        while (_at < client.From && await log.ReadAsync(_at, client.From, AtOnce, cancellationToken) is { Count: > 0 } missed)
        {
            await SendAsync(missed, cancellationToken);
        }

        _at = Math.Max(_at, client.From);
    }

    private List<EventStreamMessage> Waiting()
    {
        var messages = new List<EventStreamMessage>();
        while (messages.Count < AtOnce && client.Next() is { } message)
        {
            messages.Add(message);
        }

        return messages;
    }

    private async Task SendAsync(IReadOnlyList<EventStreamMessage> messages, CancellationToken cancellationToken)
    {
        var text = string.Concat(messages.Where(m => m.Id > _at && Shows(m)).Select(EventStreamText.Of));
        _at = messages.Count > 0 ? Math.Max(_at, messages[^1].Id) : _at;
        if (text.Length > 0)
        {
            await send(text, cancellationToken);
        }
    }

    private bool Shows(EventStreamMessage message) => EventStreamRules.Shows(_holder.Role, _holder.Limits, only, message);

    private async Task<bool> IsLetInAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await verify(cancellationToken) is not { } now)
            {
                return false;
            }

            _holder = now;
            return true;
        }
        catch (Exception e) when (Database.IsAway(e))
        {
            return true;   // there is nothing to tell before it is back; then this is asked again
        }
    }
}
