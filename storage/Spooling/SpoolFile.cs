using Broadcast.Media;
using Broadcast.Storage.Objects;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// One file. Two locks: one for who writes (append, truncate, seal, delete: held during disk calls), one for what readers see (never held during a disk call), so
/// a slow disk does not stop readers of young bytes. What is in memory is always the end of the file.
/// </summary>
internal sealed class SpoolFile(ObjectName name, SpoolFolder folder, YoungBytes young, TimeProvider time, ISpoolFileOwner owner) : ISpoolFile
{
    private readonly Lock _writing = new();
    private readonly Lock _reading = new();
    private readonly YoungEnd _end = new(young);
    private SafeFileHandle? _handle;
    private CancellationTokenSource? _upload;
    private string _path = folder.OpenPath(name);
    private long _length;
    private long _written = time.GetUtcNow().UtcTicks;
    private bool _torn;

    /// <summary>The checksum of all that is in the file; <see langword="null"/> where an earlier process wrote some of it.</summary>
    private uint? _sum;

    public ObjectName Name { get; } = name;

    public long Length => Volatile.Read(ref _length);

    public SpoolState State { get; private set; } = SpoolState.Left;

    /// <summary>When it was last written to, or sealed.</summary>
    public DateTimeOffset Written => new(Volatile.Read(ref _written), TimeSpan.Zero);

    /// <summary>Uploads that failed because of this file alone.</summary>
    public int Failures { get; set; }

    /// <summary>Whether it is a file in the spool.</summary>
    public bool IsSpooled => State is SpoolState.Left or SpoolState.Open or SpoolState.Waiting or SpoolState.Uploading;

    /// <summary>Takes over what an earlier process left.</summary>
    public SpoolFile Found(string path, bool isSealed, long length, DateTimeOffset written)
    {
        (_path, _length, _written) = (path, length, written.UtcTicks);
        State = isSealed ? SpoolState.Waiting : SpoolState.Left;
        return this;
    }

    /// <summary>Opens the file on disk, new or as it was left. A sealed one that has not gone on its way yet is unsealed.</summary>
    /// <exception cref="IOException">It is open already, or has gone to the store; or the disk refused.</exception>
    public void Begin(bool isNew)
    {
        lock (_writing)
        {
            lock (_reading)
            {
                if (State is not (SpoolState.Left or SpoolState.Waiting))
                {
                    throw new IOException(State == SpoolState.Open ? $"{Name} is being written already." : $"{Name} was sealed and has gone to the object store; objects never change.");
                }
            }

            var path = folder.OpenPath(Name);
            try
            {
                if (State == SpoolState.Waiting && _path != path)
                {
                    File.Move(_path, path, overwrite: true);
                }

                _handle = OpenForWriting(path, isNew ? FileMode.CreateNew : FileMode.Open);
                _sum = _length == 0 ? 0 : State == SpoolState.Waiting ? NotedChecksum.Read(_handle) : null;
                if (!isNew)
                {
                    // It is that of the file when it was sealed, and what follows may be the death of this process.
                    NotedChecksum.Remove(_handle);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw folder.Explain(e, Name);
            }

            lock (_reading)
            {
                (_path, State) = (path, SpoolState.Open);
            }
        }
    }

    public void Append(IReadOnlyList<ReadOnlyMemory<byte>> bytes)
    {
        var count = 0;
        foreach (var slice in bytes)
        {
            count = checked(count + slice.Length);
        }

        if (count == 0)
        {
            return;
        }

        ReadOnlyMemory<byte>[] slices = [.. bytes];
        YoungPiece piece;
        lock (_writing)
        {
            var handle = RequireOpen();
            folder.Reserve(count);
            try
            {
                RandomAccess.Write(handle, slices, _length);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                folder.Release(count);
                CutTornEnd(handle);
                throw folder.Explain(e, Name);
            }

            foreach (var slice in slices)
            {
                _sum = _sum is { } sum ? Crc32C.Append(sum, slice.Span) : null;
            }

            lock (_reading)
            {
                piece = new YoungPiece(this, _length, slices, count, young.Now);
                young.Count(piece);
                _end.Add(piece);
                Volatile.Write(ref _written, time.GetUtcNow().UtcTicks);
                Volatile.Write(ref _length, _length + count);
            }
        }

        young.Queue(piece);
    }

    public void Truncate(long length)
    {
        YoungPiece? shortened = null;
        lock (_writing)
        {
            var handle = RequireOpen();
            ArgumentOutOfRangeException.ThrowIfNegative(length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _length);
            var gone = _length - length;
            try
            {
                RandomAccess.SetLength(handle, length);
                (_torn, _sum) = (false, length == 0 ? 0 : gone == 0 ? _sum : null);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw folder.Explain(e, Name);
            }

            lock (_reading)
            {
                Volatile.Write(ref _length, length);
                shortened = _end.CutTo(length);
            }

            folder.Release(gone);
        }

        if (shortened is not null)
        {
            young.Queue(shortened);
        }
    }

    public void Seal()
    {
        lock (_writing)
        {
            if (State != SpoolState.Open)
            {
                return;
            }

            if (_torn)
            {
                CutTornEnd(_handle!);
            }

            if (_sum is { } sum)
            {
                NotedChecksum.Write(_handle!, sum);
            }

            _handle!.Dispose();
            _handle = null;
            var path = folder.SealedPath(Name);
            try
            {
                File.Move(_path, path, overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It goes to the store under the name that it has; only after a kill it would be taken for unfinished.
                owner.CouldNotSeal(this, e);
                path = _path;
            }

            lock (_reading)
            {
                (_path, State) = (path, SpoolState.Waiting);
                Volatile.Write(ref _written, time.GetUtcNow().UtcTicks);
            }
        }

        owner.Sealed(this);
    }

    /// <summary>Gets rid of it: memory and disk; an upload is told to stop.</summary>
    /// <returns><see langword="false"/> when it was deleted before.</returns>
    public bool Delete()
    {
        lock (_writing)
        {
            bool spooled;
            lock (_reading)
            {
                if (State == SpoolState.Deleted)
                {
                    return false;
                }

                spooled = IsSpooled;
                State = SpoolState.Deleted;
                _end.DropAll();
            }

            _upload?.Cancel();
            _handle?.Dispose();
            _handle = null;
            if (spooled)
            {
                RemoveFromDisk();
            }

            return true;
        }
    }

    /// <summary>Closes the handle and nothing else, as the end of the process would.</summary>
    public void Close()
    {
        lock (_writing)
        {
            _handle?.Dispose();
            _handle = null;
        }
    }

    /// <summary>Takes it out of the queue: from now on it cannot be opened again.</summary>
    public bool TryBeginUpload(CancellationToken stop, out string path, out CancellationToken cancellation)
    {
        lock (_writing)
        {
            (path, cancellation) = (_path, default);
            if (State != SpoolState.Waiting)
            {
                return false;
            }

            _upload = CancellationTokenSource.CreateLinkedTokenSource(stop);
            cancellation = _upload.Token;
            lock (_reading)
            {
                State = SpoolState.Uploading;
            }

            return true;
        }
    }

    /// <summary>The upload has ended: with the file in the store, or not.</summary>
    public void EndUpload(bool stored)
    {
        lock (_writing)
        {
            _upload?.Dispose();
            _upload = null;
            if (State != SpoolState.Uploading)
            {
                return;
            }

            lock (_reading)
            {
                State = stored ? SpoolState.Stored : SpoolState.Waiting;
            }

            if (stored)
            {
                RemoveFromDisk();
            }
        }

        if (stored)
        {
            ForgetIfOnlyStored();
        }
    }

    /// <summary>Finds bytes for a reader.</summary>
    public SpoolPlace Find(long offset, long? length)
    {
        lock (_reading)
        {
            var (start, count) = ByteRanges.Clip(offset, length, _length);
            if (State == SpoolState.Deleted)
            {
                return default;
            }

            if (count == 0)
            {
                return new(new SpoolContent([], start, 0, _length), null, _length, false);
            }

            if (_end.TrySlice(start, count) is { } slices)
            {
                return new(new SpoolContent(slices, start, count, _length), null, _length, false);
            }

            return IsSpooled ? new(null, _path, _length, State is SpoolState.Waiting or SpoolState.Uploading) : default;
        }
    }

    /// <summary>Returns when nobody is in the middle of moving the file or taking it away: then <see cref="Find"/> tells where it is.</summary>
    public void AwaitWriter()
    {
        lock (_writing)
        {
            // Waiting was all.
        }
    }

    /// <summary>Drops a piece and all older ones.</summary>
    public void DropUpTo(YoungPiece piece)
    {
        lock (_reading)
        {
            _end.DropUpTo(piece);
        }

        ForgetIfOnlyStored();
    }

    private static SafeFileHandle OpenForWriting(string path, FileMode mode)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                DiskTree.MakeFolder(Path.GetDirectoryName(path)!);
                return File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException && mode == FileMode.CreateNew && attempt < 5)
            {
                // Taken away, empty, by an upload that has just ended.
            }
        }
    }

    private SafeFileHandle RequireOpen() => State switch
    {
        SpoolState.Open when _handle is { } handle => handle,
        SpoolState.Deleted => throw new IOException($"{Name} was deleted while it was written."),
        _ => throw new InvalidOperationException($"{Name} is sealed or closed; it cannot be written to."),
    };

    /// <summary>Takes back what a failed write left behind. Where that fails too the next append writes over it, and sealing tries again.</summary>
    private void CutTornEnd(SafeFileHandle handle)
    {
        try
        {
            RandomAccess.SetLength(handle, _length);
            _torn = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _torn = true;
        }
    }

    private void RemoveFromDisk()
    {
        folder.Release(_length);
        try
        {
            folder.Remove(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            owner.CouldNotRemove(this, _path, e);
        }
    }

    private void ForgetIfOnlyStored()
    {
        bool only;
        lock (_reading)
        {
            only = State == SpoolState.Stored && _end.IsEmpty;
        }

        if (only)
        {
            owner.Forget(this);
        }
    }
}
