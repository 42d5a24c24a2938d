using Npgsql;

namespace Broadcast.Database;

/// <summary>
/// Part of a module that follows changes in the database, made by this process or others. The <see cref="NotificationListener"/> calls the
/// handlers one after another, in the order of their registration.
/// </summary>
public interface INotificationHandler
{
    /// <summary>Returns whether a notification concerns this handler.</summary>
    bool Handles(DatabaseNotification notification);

    /// <summary>Handles changes.</summary>
    /// <param name="connection">Connection of the listener.</param>
    /// <param name="notifications">Received notifications that concern this handler, without duplicates; at least one.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken);

    /// <summary>Loads data at start, before publishers and viewers are admitted.</summary>
    Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Reloads everything that may have changed while no connection was listening.</summary>
    Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => LoadAsync(connection, cancellationToken);

    /// <summary>Does work that needs a reachable database. Called after each batch of notifications, and at least every 10 s.</summary>
    Task UseContactAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Reads changes that send no notification. Called when no notification has arrived for 10 s.</summary>
    Task PollAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => Task.CompletedTask;
}
