using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Finds announced init segments, images and index blocks in the spool that a power failure damaged: shorter than announced, with zeros
/// instead of pages that were only in the page cache, or with content that cannot be parsed. Files that left the spool were complete.
/// </summary>
internal static class DamagedFiles
{
    /// <summary>Size of the pages that a file system writes separately.</summary>
    private const int Page = 4096;

    /// <summary>Compares the files with the journal.</summary>
    /// <param name="spool">The spool.</param>
    /// <param name="timeline">Timeline of the session.</param>
    /// <param name="includeMissing">Whether init segments and index blocks that are nowhere count as damaged.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>Names of the damaged files. When the store is unavailable, its objects count as existing.</returns>
    public static async Task<IReadOnlySet<ObjectName>> FindAsync(ISpool spool, SessionTimeline timeline, bool includeMissing,
        CancellationToken cancellationToken)
    {
        var spooled = spool.List(ObjectNames.Of(timeline.Session).MediaFolder).ToDictionary(found => found.Name, found => found.Length);
        var damaged = new HashSet<ObjectName>();
        foreach (var init in timeline.Renditions.SelectMany(rendition => rendition.Inits))
        {
            await CheckAsync(init.Object, init.Length, IsInit, includeMissing);
        }

        foreach (var sheet in timeline.SpriteSheets)
        {
            await CheckAsync(sheet.Object, sheet.Length, IsImage, isRequired: false);
        }

        if (timeline.Poster is { } poster)
        {
            await CheckAsync(poster.Object, poster.Length, IsImage, isRequired: false);
        }

        // Only the newest index block can be missing; earlier ones have been on the disk or in the store for long.
        var newest = timeline.RetainedIndexBlocks is [.., var last] ? last : null;
        foreach (var block in timeline.RetainedIndexBlocks)
        {
            await CheckAsync(block.Object, block.Length, bytes => IsIndexBlock(bytes, block), includeMissing && block == newest);
        }

        return damaged;

        async Task CheckAsync(ObjectName name, int announced, Func<byte[], bool> isValid, bool isRequired)
        {
            if (!spooled.TryGetValue(name, out var length))
            {
                if (isRequired && !await IsStoredAsync(spool, name, cancellationToken))
                {
                    damaged.Add(name);
                }
            }
            else if (length < announced || await spool.ReadAllAsync(name, IndexBlockFile.MaxLength, cancellationToken) is not { } bytes
                || !isValid(bytes[..announced]))
            {
                damaged.Add(name);
            }
        }
    }

    private static bool IsInit(byte[] bytes)
    {
        try
        {
            InitSegmentReader.Read(bytes);
            return !HasZeroPage(bytes);
        }
        catch (InvalidBmffException)
        {
            return false;
        }
    }

    /// <summary>Checks the markers at both ends of a JPEG file (ITU-T T.81, B.1.1.3), and for missing pages between them.</summary>
    private static bool IsImage(byte[] bytes) => bytes is [0xff, 0xd8, .., 0xff, 0xd9] && !HasZeroPage(bytes);

    private static bool IsIndexBlock(byte[] bytes, TimelineIndexBlock announced)
    {
        try
        {
            var block = IndexBlockFile.Read(bytes);
            return block.First == announced.First && block.Last == announced.Last && !HasZeroPage(bytes);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static bool HasZeroPage(byte[] bytes)
    {
        for (var start = 0; start + Page <= bytes.Length; start += Page)
        {
            if (!bytes.AsSpan(start, Page).ContainsAnyExcept((byte)0))
            {
                return true;
            }
        }

        // The last page is only a part.
        return bytes.Length % Page is > 0 and var rest && bytes.Length > Page && !bytes.AsSpan(^rest..).ContainsAnyExcept((byte)0);
    }

    private static async Task<bool> IsStoredAsync(ISpool spool, ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            await using var content = await spool.ReadOnceAsync(name, 0, 1, cancellationToken);
            return content is not null;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
