using Broadcast.Media;
using Broadcast.Media.Integrity;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Integrity;

/// <summary>
/// A session's objects in the spool snapshot and the object store. The snapshot is taken first, so objects that move to the store meanwhile
/// are found in at least one of them.
/// </summary>
internal sealed class SessionFiles(IObjectStore store, SpoolSnapshot spool)
{
    /// <summary>Numbers of a session's journal files, ascending, and the write time of the newest one.</summary>
    public async Task<(SortedSet<JournalNumber> Numbers, DateTimeOffset Written)> JournalsAsync(ChannelName channel, SessionId session,
        CancellationToken cancellationToken)
    {
        var numbers = new SortedSet<JournalNumber>();
        var written = DateTimeOffset.MinValue;
        var folder = ObjectNames.Of(channel, session).JournalFolder;
        foreach (var (name, file) in spool.Below(folder))
        {
            Add(ObjectName.Parse(name), file.Found.Written);
        }

        await foreach (var found in store.ListAsync(folder, cancellationToken))
        {
            Add(found.Name, found.LastModified);
        }

        return (numbers, written);

        void Add(ObjectName name, DateTimeOffset at)
        {
            if (ObjectNames.TryParse(name, out var parsed) && parsed.Kind == ObjectKind.Journal && !spool.IsPendingDeletion(name))
            {
                numbers.Add(parsed.JournalNumber);
                written = at > written ? at : written;
            }
        }
    }

    /// <summary>Reads the newest valid journal file, and whether it is in the spool; <see langword="null"/> when none is valid.</summary>
    public async Task<(JournalFile File, bool IsSpooled)?> ReadJournalAsync(ChannelName channel, SessionId session,
        SortedSet<JournalNumber> numbers, CancellationToken cancellationToken)
    {
        foreach (var number in numbers.Reverse())
        {
            var name = ObjectNames.Of(channel, session).Journal(number);
            if (await ReadAsync(name, JournalFile.MaxLength, cancellationToken) is { } bytes
                && JournalFile.Read(bytes) is { } file && file.Session == session && file.Channel == channel
                && await file.WithIndexBlocksAsync((list, length) => ReadAsync(list, length, cancellationToken)) is { } whole)
            {
                return (whole, spool.Files.ContainsKey(name.Value));
            }
        }

        return null;
    }

    /// <summary>Lists of index blocks to which any of a session's journal files refers. Older files may need older lists.</summary>
    public async Task<IReadOnlySet<ObjectName>> IndexBlockListsAsync(ChannelName channel, SessionId session,
        IEnumerable<JournalNumber> numbers, CancellationToken cancellationToken)
    {
        var lists = new HashSet<ObjectName>();
        foreach (var number in numbers)
        {
            if (await ReadAsync(ObjectNames.Of(channel, session).Journal(number), JournalFile.MaxLength, cancellationToken) is { } bytes
                && JournalFile.Read(bytes)?.IndexBlockList is { } list)
            {
                lists.Add(list.Object);
            }
        }

        return lists;
    }

    /// <summary>Reads an object; <see langword="null"/> when it is missing, too long, or has a wrong checksum.</summary>
    public async Task<byte[]?> ReadAsync(ObjectName name, int maxLength, CancellationToken cancellationToken)
    {
        if (spool.Files.TryGetValue(name.Value, out var file)
            && await SpoolSnapshot.ReadAsync(file, maxLength, cancellationToken) is { } spooled)
        {
            return spooled;
        }

        await using var content = await store.OpenAsync(name, 0, null, cancellationToken);
        if (content is null || content.Length > maxLength)
        {
            return null;
        }

        var bytes = new byte[content.Length];
        await content.Stream.ReadExactlyAsync(bytes, cancellationToken);
        return content.Checksum is { } stored && stored != Crc32C.Append(0, bytes) ? null : bytes;
    }

    /// <summary>Lists the objects of a folder; the object store takes precedence over the spool.</summary>
    public async Task<Dictionary<ObjectName, FoundObject>> FolderAsync(string prefix, CancellationToken cancellationToken)
    {
        var found = new Dictionary<ObjectName, FoundObject>();
        foreach (var (name, file) in spool.Below(prefix))
        {
            found[ObjectName.Parse(name)] = file.Found;
        }

        await foreach (var entry in store.ListAsync(prefix, cancellationToken))
        {
            found[entry.Name] = new FoundObject(entry.Length, entry.LastModified, IsStored: true, IsOpen: false);
        }

        return found;
    }

    /// <summary>Lists the distinct names one level below a folder.</summary>
    public async Task<SortedSet<string>> FoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        var folders = new SortedSet<string>(spool.Folders(prefix), StringComparer.Ordinal);
        await foreach (var folder in store.ListFoldersAsync(prefix, cancellationToken))
        {
            folders.Add(folder);
        }

        return folders;
    }

    /// <summary>Returns whether the object has a pending deletion.</summary>
    public bool IsPendingDeletion(ObjectName name) => spool.IsPendingDeletion(name);

    /// <summary>Verifies the checksum of an object.</summary>
    public Task<VerificationResult> VerifyAsync(ObjectName name, FoundObject existing, CancellationToken cancellationToken) =>
        existing switch
    {
        { IsStored: true } => ObjectVerification.VerifyAsync(store, name, cancellationToken),
        { IsOpen: false } when spool.Files.TryGetValue(name.Value, out var file) => SpoolSnapshot.VerifyAsync(file, cancellationToken),
        _ => Task.FromResult(VerificationResult.Unknown),
    };
}
