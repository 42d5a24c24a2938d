using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Lists the journal files of all channels. A bucket lists 1,000 objects per request, one request after the other, so many objects are
/// listed in several ranges of names at once.
/// </summary>
internal static class JournalListing
{
    /// <summary>Maximum number of ranges that are listed concurrently.</summary>
    private const int MaxConcurrent = 16;

    /// <summary>Number of channels that are listed as one range.</summary>
    internal const int ChannelsPerRange = 128;

    /// <summary>Number of objects after which progress is reported.</summary>
    private const int ObjectsPerReport = 1000;

    /// <summary>Adds the journal files of all channels to a catalog.</summary>
    /// <param name="store">The object store.</param>
    /// <param name="catalog">Receives the names.</param>
    /// <param name="progress">Called after each response, possibly concurrently.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="IOException">The object store failed.</exception>
    public static async Task AddAllAsync(IObjectStore store, JournalCatalog catalog, Action progress, CancellationToken cancellationToken)
    {
        var folders = new List<string>();
        await foreach (var folder in store.ListFoldersAsync(ObjectNames.JournalRoot, cancellationToken))
        {
            folders.Add(folder);
        }

        progress();
        await Parallel.ForEachAsync(GetRanges(folders),
            new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrent, CancellationToken = cancellationToken },
            async (prefix, token) =>
            {
                var names = new List<ObjectName>();
                await foreach (var found in store.ListAsync(ObjectNames.JournalRoot + prefix, token))
                {
                    names.Add(found.Name);
                    if (names.Count % ObjectsPerReport == 0)
                    {
                        progress();
                    }
                }

                progress();
                lock (catalog)
                {
                    names.ForEach(catalog.Add);
                }
            });
    }

    /// <summary>
    /// Returns prefixes that together match each folder exactly once, each with a limited number of folders. A single folder's prefix ends
    /// with a slash, because other names may begin with its name.
    /// </summary>
    /// <param name="folders">Names of the folders, without slashes.</param>
    public static IReadOnlyList<string> GetRanges(IReadOnlyCollection<string> folders)
    {
        var ranges = new List<string>();
        Split([.. folders.Select(folder => folder + "/").Order(StringComparer.Ordinal)], prefix: "", ranges);
        return ranges;
    }

    private static void Split(List<string> names, string prefix, List<string> ranges)
    {
        if (names.Count == 0)
        {
            return;
        }

        if (names.Count <= ChannelsPerRange)
        {
            ranges.Add(names.Count == 1 ? names[0] : prefix);
            return;
        }

        // All names are longer than the prefix: at most one equals it, with its slash.
        foreach (var group in names.GroupBy(name => name[prefix.Length]))
        {
            Split([.. group], prefix + group.Key, ranges);
        }
    }
}
