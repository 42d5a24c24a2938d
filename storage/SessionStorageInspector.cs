using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.StorageToControl;

namespace Broadcast.Storage;

/// <summary>Inspects the storage of a session in spool and object store.</summary>
/// <param name="store">The object store.</param>
/// <param name="spool">The spool; <see langword="null"/> when another process owns it, so that waiting files are not included.</param>
public sealed class SessionStorageInspector(IObjectStore store, ISpool? spool) : ISessionStorageInspector
{
    /// <inheritdoc/>
    public async Task<bool> HasSegmentsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        // The spool first: files only move from the spool to the object store, so none is missed.
        var folder = ObjectNames.Of(channel, session).MediaFolder;
        if (spool?.List(folder).Any(IsSegment) == true)
        {
            return true;
        }

        await foreach (var found in store.ListAsync(folder, cancellationToken))
        {
            if (IsSegment(found))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public async Task<SessionStorageUsage> MeasureAsync(ChannelName channel, SessionId session, int maxObjects,
        CancellationToken cancellationToken)
    {
        long objects = 0, bytes = 0;
        var names = ObjectNames.Of(channel, session);
        foreach (var folder in (string[])[names.MediaFolder, names.JournalFolder])
        {
            var spooled = (spool?.List(folder) ?? []).ToDictionary(file => file.Name, file => file.Length);
            objects += spooled.Count;
            bytes += spooled.Values.Sum();
            await foreach (var found in store.ListAsync(folder, cancellationToken))
            {
                if (spooled.ContainsKey(found.Name))
                {
                    continue;
                }

                if (objects >= maxObjects)
                {
                    return new(objects, bytes, IsComplete: false);
                }

                objects++;
                bytes += found.Length;
            }
        }

        return new(objects, bytes, IsComplete: true);
    }

    private static bool IsSegment(ObjectInfo info) => info.Length > 0 && ObjectNames.TryParse(info.Name, out var parsed)
        && parsed.Kind == ObjectKind.Segment;
}
