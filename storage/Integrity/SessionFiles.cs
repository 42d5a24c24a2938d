using Broadcast.Media;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Integrity;

/// <summary>A session's objects, wherever they are: first as a look at the spool saw them, then in the store, so that what moves from one to the other meanwhile is seen in one of the two.</summary>
internal sealed class SessionFiles(IObjectStore store, SpoolSnapshot spool)
{
    /// <summary>The numbers of a session's journal files, rising, and when the youngest was written.</summary>
    public async Task<(SortedSet<long> Numbers, DateTimeOffset Written)> JournalsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        var numbers = new SortedSet<long>();
        var written = DateTimeOffset.MinValue;
        var folder = JournalFile.FolderOf(channel, session);
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
            if (JournalFile.TryParseName(name, out _, out _, out var number) && !spool.IsGoing(name))
            {
                numbers.Add(number);
                written = at > written ? at : written;
            }
        }
    }

    /// <summary>The newest journal file that can be read, and whether it is in the spool; <see langword="null"/> when none can.</summary>
    public async Task<(JournalFile File, bool IsSpooled)?> ReadJournalAsync(ChannelName channel, SessionId session, SortedSet<long> numbers, CancellationToken cancellationToken)
    {
        foreach (var number in numbers.Reverse())
        {
            var name = JournalFile.NameOf(channel, session, number);
            if (await ReadAsync(name, JournalFile.MaxLength, cancellationToken) is { } bytes
                && JournalFile.Read(bytes) is { } file && file.Session == session && file.Channel == channel)
            {
                return (file, spool.Files.ContainsKey(name.Value));
            }
        }

        return null;
    }

    /// <summary>Reads an object; <see langword="null"/> when it is nowhere, longer, or not what was put: what others hang on must not be guessed at.</summary>
    public async Task<byte[]?> ReadAsync(ObjectName name, int maxLength, CancellationToken cancellationToken)
    {
        if (spool.Files.TryGetValue(name.Value, out var file) && await SpoolSnapshot.ReadAsync(file, maxLength, cancellationToken) is { } spooled)
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
        return content.Checksum is { } noted && noted != Crc32C.Append(0, bytes) ? null : bytes;
    }

    /// <summary>What is in a folder; what the store has counts before what is in the spool.</summary>
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

    /// <summary>The distinct names one level below a folder.</summary>
    public async Task<SortedSet<string>> FoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        var folders = new SortedSet<string>(spool.Folders(prefix), StringComparer.Ordinal);
        await foreach (var folder in store.ListFoldersAsync(prefix, cancellationToken))
        {
            folders.Add(folder);
        }

        return folders;
    }

    /// <summary>Whether an object is on its way out.</summary>
    public bool IsGoing(ObjectName name) => spool.IsGoing(name);

    /// <summary>Reads an object against its checksum.</summary>
    public Task<ObjectVerdict> VerifyAsync(ObjectName name, FoundObject there, CancellationToken cancellationToken) => there switch
    {
        { IsStored: true } => ObjectVerification.VerifyAsync(store, name, cancellationToken),
        { IsOpen: false } when spool.Files.TryGetValue(name.Value, out var file) => SpoolSnapshot.VerifyAsync(file, cancellationToken),
        _ => Task.FromResult(ObjectVerdict.Unknown),
    };
}
