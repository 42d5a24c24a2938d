using Broadcast.Media.Storage;

namespace Broadcast.Media.StorageToControl;

/// <summary>Storage used by a session in spool and object store.</summary>
/// <param name="Objects">Number of objects.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="IsComplete">Whether the count is complete; otherwise it stopped at its limit.</param>
public readonly record struct SessionStorageUsage(long Objects, long Bytes, bool IsComplete);

/// <summary>Inspection of a session's stored media, which control requests from storage.</summary>
public interface ISessionStorageInspector
{
    /// <summary>Returns whether the session has any segment. Without one it cannot be played.</summary>
    /// <exception cref="ObjectStoreException">The object store failed.</exception>
    Task<bool> HasSegmentsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>Counts the objects of a session: media and journal.</summary>
    /// <param name="channel">The session's channel.</param>
    /// <param name="session">The session.</param>
    /// <param name="maxObjects">Maximum number of objects to count, more than 0.</param>
    /// <param name="cancellationToken">Cancels the count.</param>
    /// <exception cref="ObjectStoreException">The object store failed.</exception>
    Task<SessionStorageUsage> MeasureAsync(ChannelName channel, SessionId session, int maxObjects, CancellationToken cancellationToken);
}
