using System.Runtime.CompilerServices;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Integrity;

/// <summary>Finds the sessions that have objects in object store or spool.</summary>
/// <param name="store">The object store.</param>
/// <param name="spool">Snapshot of the spool.</param>
public sealed class SessionFinder(IObjectStore store, SpoolSnapshot spool)
{
    private static readonly string[] Roots = [ObjectNames.JournalRoot, ObjectNames.LiveRoot];

    /// <summary>Lists all channels that have objects, in order.</summary>
    public async Task<IReadOnlyList<ChannelName>> ChannelsAsync(CancellationToken cancellationToken)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var root in Roots)
        {
            names.UnionWith(await new SessionFiles(store, spool).FoldersAsync(root, cancellationToken));
        }

        return [.. names.Where(name => ChannelName.TryParse(name, out _)).Select(ChannelName.Parse)];
    }

    /// <summary>Lists the sessions of a channel, oldest first.</summary>
    public async IAsyncEnumerable<SessionId> SessionsAsync(ChannelName channel,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var root in Roots)
        {
            names.UnionWith(await new SessionFiles(store, spool).FoldersAsync($"{root}{channel}/", cancellationToken));
        }

        foreach (var name in names)
        {
            if (SessionId.TryParse(name, out var session))
            {
                yield return session;
            }
        }
    }
}
