using System.Runtime.CompilerServices;
using Broadcast.Media;

namespace Broadcast.Storage.Integrity;

/// <summary>Finds the sessions that store and spool have something of, channel by channel.</summary>
/// <param name="store">The store.</param>
/// <param name="spool">The spool, as it was looked at.</param>
public sealed class SessionFinder(IObjectStore store, SpoolSnapshot spool)
{
    private static readonly string[] Roots = ["journal/", "live/"];

    /// <summary>All channels of which there is anything, in order.</summary>
    public async Task<IReadOnlyList<ChannelName>> ChannelsAsync(CancellationToken cancellationToken)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var root in Roots)
        {
            names.UnionWith(await new SessionFiles(store, spool).FoldersAsync(root, cancellationToken));
        }

        return [.. names.Where(name => ChannelName.TryParse(name, out _)).Select(ChannelName.Parse)];
    }

    /// <summary>A channel's sessions, oldest first.</summary>
    public async IAsyncEnumerable<SessionId> SessionsAsync(ChannelName channel, [EnumeratorCancellation] CancellationToken cancellationToken)
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
