using Broadcast.Database;
using Npgsql;

namespace Broadcast.Control.Access;

/// <summary>Refreshes visibility and access policies of sessions, in an order that never shows a session too early or too widely.</summary>
internal sealed class ViewerAccessRefresh(SessionVisibilityStore visibility, ViewerPolicyCache policies) : INotificationHandler
{
    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) =>
        notification.Table is "channels" or "sessions" or "viewer_keys" or "viewer_tokens";

    /// <inheritdoc/>
    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Viewers are admitted as soon as the policies are loaded. Without the visibilities, hidden media would then be visible.
        await visibility.RefreshAsync(connection, cancellationToken);
        await policies.RefreshAsync(connection, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken)
    {
        // An event restricts its session before it shows it.
        await policies.RefreshAsync(connection, notifications, cancellationToken);
        await visibility.RefreshAsync(connection, DatabaseNotification.RowsOf("sessions", notifications), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task UseContactAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (visibility.HasPendingWrites)
        {
            await visibility.FlushAsync(connection, cancellationToken);
        }
    }
}
