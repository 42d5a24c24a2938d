using Broadcast.Media.Storage;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Deletions of a session's objects, each after the time in which players may still read them. Dropped when another server has taken the
/// session over without this one: its objects may have the same names. Thread-safe.
/// </summary>
internal sealed class DeferredDeletions(PackagerContext context)
{
    private volatile bool _isDropped;

    /// <summary>Schedules a deletion.</summary>
    /// <param name="delay">Time until then.</param>
    /// <param name="delete">Deletes from the spool.</param>
    public void Schedule(TimeSpan delay, Action<ISpool> delete) => context.Deferred.Schedule(delay, () =>
    {
        if (!_isDropped)
        {
            delete(context.Spool);
        }
    });

    /// <summary>Drops the deletions that have not begun. The objects remain until the session is deleted.</summary>
    public void Drop() => _isDropped = true;
}
