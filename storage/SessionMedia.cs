using Broadcast.Media;

namespace Broadcast.Storage;

/// <summary>Looks into spool and store for what a session has there.</summary>
/// <param name="store">The store.</param>
/// <param name="spool">The spool; <see langword="null"/> where another process has it, and then what waits there is not seen.</param>
public sealed class SessionMedia(IObjectStore store, ISpool? spool) : ISessionMedia
{
    private const string SegmentEnd = ".m4s";

    /// <inheritdoc/>
    public async Task<bool> HasSegmentsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        // First the spool: what is in neither has not moved from one to the other between the two looks.
        var folder = $"live/{channel}/{session}/";
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
    public async Task<SessionMediaSize> MeasureAsync(ChannelName channel, SessionId session, int atMost, CancellationToken cancellationToken)
    {
        long objects = 0, bytes = 0;
        foreach (var folder in (string[])[$"live/{channel}/{session}/", $"journal/{channel}/{session}/"])
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

                if (objects >= atMost)
                {
                    return new(objects, bytes, IsAll: false);
                }

                objects++;
                bytes += found.Length;
            }
        }

        return new(objects, bytes, IsAll: true);
    }

    private static bool IsSegment(ObjectInfo info) => info.Length > 0 && info.Name.Value.EndsWith(SegmentEnd, StringComparison.Ordinal);
}
