using Broadcast.Chat.Messages;
using Broadcast.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Chat.Feed;

/// <summary>
/// Follows the batches that other servers store. After an outage of the database it compares all sessions in memory, and drops what may be
/// outdated.
/// </summary>
internal sealed class ChatListener(ServerDatabase database, ChatStore store, ChatFeed feed, TimeProvider time, ILogger<ChatListener> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (ServerDatabase.IsUnavailable(error))
            {
                // Control logs outages of the database.
            }
            catch (Exception error)
            {
                ChatLog.ListeningFailed(logger, error);
            }

            await Task.Delay(RetryDelay, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stoppingToken);
        var received = new Queue<ChatNotification>();
        connection.Notification += (_, notification) =>
        {
            if (ChatNotification.Parse(notification.Payload) is { } parsed)
            {
                received.Enqueue(parsed);
            }
        };
        await using (var listen = connection.CreateCommand())
        {
            listen.CommandText = $"LISTEN {ChatStore.Notifications}";
            await listen.ExecuteNonQueryAsync(stoppingToken);
        }

        foreach (var session in feed.Sessions)
        {
            var (last, state) = await store.ReadLastAsync(session.Channel, session.Session, stoppingToken);
            session.Reset(last, state);
        }

        while (true)
        {
            while (received.TryDequeue(out var notification))
            {
                await ReadAsync(notification, stoppingToken);
            }

            if (!await connection.WaitAsync(Ping, stoppingToken))
            {
                // A connection that has failed silently is noticed by a statement.
                await using var ping = connection.CreateCommand();
                ping.CommandText = "SELECT 1";
                await ping.ExecuteNonQueryAsync(stoppingToken);
            }
        }
    }

    private async Task ReadAsync(ChatNotification notification, CancellationToken stoppingToken)
    {
        if (await feed.FindLoadingAsync(notification.Session, stoppingToken) is not { } session || session.Has(notification.Batch))
        {
            return;
        }

        if (await store.ReadAsync(notification.Session, notification.Batch, stoppingToken) is { } batch)
        {
            session.Add(batch, batch.ChangesState
                ? (await store.ReadLastAsync(session.Channel, notification.Session, stoppingToken)).State : null);
        }
    }
}
