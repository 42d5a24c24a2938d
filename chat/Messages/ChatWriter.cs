using System.Collections.Concurrent;
using Broadcast.Chat.Feed;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Chat.Messages;

/// <summary>
/// Stores the messages that arrive at this server: those of a session together, at most once per <see cref="ChatOptions.BatchInterval"/>.
/// A sender gets the answer after its message is stored, or rejected. Thread-safe.
/// </summary>
internal sealed class ChatWriter(ChatStore store, ChatFeed feed, IOptions<ChatOptions> options, TimeProvider time)
{
    /// <summary>
    /// Maximum messages of a session that wait to be stored. Further ones are rejected. It bounds one batch, too.
    /// </summary>
    public const int MaxWaiting = 1000;

    private readonly ConcurrentDictionary<SessionId, SessionQueue> _queues = new();

    /// <summary>Number of sessions with messages in the last interval.</summary>
    public int Count => _queues.Count;

    /// <summary>Stores a message.</summary>
    /// <returns>The answer to its sender; <see langword="null"/> when too many messages wait.</returns>
    /// <exception cref="Exception">The database is unavailable, or rejects the message.</exception>
    public Task<SentMessage>? WriteAsync(ChannelName channel, SessionId session, Submission message)
    {
        while (true)
        {
            var queue = _queues.GetOrAdd(session, session => new(this, channel, session));
            if (queue.TryAdd(message, out var result))
            {
                return result;
            }
        }
    }

    private sealed record Waiting(Submission Message, TaskCompletionSource<SentMessage> Stored);

    /// <summary>Messages of a session that wait. Removed after an interval without messages.</summary>
    private sealed class SessionQueue(ChatWriter writer, ChannelName channel, SessionId session)
    {
        private readonly Lock _lock = new();
        private List<Waiting> _waiting = [];
        private bool _isRunning;
        private bool _isRemoved;

        /// <summary>Adds a message.</summary>
        /// <param name="message">The message.</param>
        /// <param name="result">The answer to its sender; <see langword="null"/> when too many messages wait.</param>
        /// <returns><see langword="false"/> when this queue is no longer in use.</returns>
        public bool TryAdd(Submission message, out Task<SentMessage>? result)
        {
            result = null;
            lock (_lock)
            {
                if (_isRemoved)
                {
                    return false;
                }

                if (_waiting.Count >= MaxWaiting)
                {
                    return true;
                }

                var stored = new TaskCompletionSource<SentMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add(new(message, stored));
                result = stored.Task;
                if (!_isRunning)
                {
                    _isRunning = true;

                    // The work is not that of the request which begins it.
                    using (ExecutionContext.SuppressFlow())
                    {
                        _ = Task.Run(RunAsync);
                    }
                }

                return true;
            }
        }

        private async Task RunAsync()
        {
            while (true)
            {
                List<Waiting> messages;
                lock (_lock)
                {
                    (messages, _waiting) = (_waiting, []);
                    if (messages.Count == 0)
                    {
                        _isRemoved = true;
                        writer._queues.TryRemove(new(session, this));
                        return;
                    }
                }

                await StoreAsync(messages);
                await Task.Delay(writer.Interval, writer.Time);
            }
        }

        private async Task StoreAsync(List<Waiting> messages)
        {
            try
            {
                var (batch, sent) = await writer.Store.AddAsync(channel, session, [.. messages.Select(waiting => waiting.Message)],
                    writer.MaxShown, CancellationToken.None);
                if (batch is not null && await writer.Feed.FindLoadingAsync(session, CancellationToken.None) is { } read)
                {
                    read.Add(batch, batch.ChangesState ? (await writer.Store.ReadLastAsync(channel, session, CancellationToken.None)).State
                        : null);
                }

                for (var i = 0; i < messages.Count; i++)
                {
                    messages[i].Stored.SetResult(sent[i]);
                }
            }
            catch (Exception error)
            {
                foreach (var waiting in messages)
                {
                    waiting.Stored.TrySetException(error);
                }
            }
        }
    }

    private TimeSpan Interval => options.Value.BatchInterval;

    private int MaxShown => Math.Max(1, (int)(options.Value.ReadableRate * Interval.TotalSeconds));

    private TimeProvider Time => time;

    private ChatStore Store => store;

    private ChatFeed Feed => feed;
}
