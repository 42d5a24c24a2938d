using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// A file of the spool. One lock serializes writers (append, truncate, seal, delete) and is held during disk calls. The other protects
/// reader state and is never held during a disk call, so a slow disk does not block reads from the tail buffer. The tail buffer always ends
/// at the end of the file.
/// </summary>
internal sealed class SpoolFile(ObjectName name, SpoolFolder folder, TailBufferPool bufferPool, TimeProvider time, ISpoolFileOwner owner)
    : ISpoolFile
{
    private readonly Lock _writing = new();
    private readonly Lock _reading = new();
    private readonly TailBuffer _tail = new(bufferPool);
    private OpenFile? _open;
    private CancellationTokenSource? _upload;
    private string _path = folder.OpenPath(name);
    private long _length;
    private bool _isReleased;
    private long _written = time.GetUtcNow().UtcTicks;
    public ObjectName Name { get; } = name;

    public long Length => Volatile.Read(ref _length);

    public SpoolState State { get; private set; } = SpoolState.Leftover;

    /// <summary>Time of the last write, or of sealing.</summary>
    public DateTimeOffset Written => new(Volatile.Read(ref _written), TimeSpan.Zero);

    /// <summary>Number of uploads that failed because of this file.</summary>
    public int Failures { get; set; }

    /// <summary>Indicates whether the upload replaces an object of the file's name.</summary>
    public bool ReplacesObject { get; set; }

    /// <summary>Indicates whether another server owns the file.</summary>
    public bool IsReleased => Volatile.Read(ref _isReleased);

    /// <summary>Indicates whether the file is in the spool and not in the object store yet.</summary>
    public bool IsSpooled => State is SpoolState.Leftover or SpoolState.Open or SpoolState.Waiting or SpoolState.Uploading;

    /// <summary>Indicates whether the file is complete.</summary>
    public bool IsSealed => State is SpoolState.Waiting or SpoolState.Uploading or SpoolState.Retained or SpoolState.Stored;

    /// <summary>Adopts a file left by an earlier process.</summary>
    public SpoolFile Adopt(LeftoverFile leftover)
    {
        (_path, _length, _written) = (leftover.Path, leftover.Length, leftover.Written.UtcTicks);
        State = leftover.State;
        return this;
    }

    /// <summary>Opens a new or leftover file. A sealed file whose upload has not started is reopened.</summary>
    /// <exception cref="IOException">The file is already open or uploaded, or there was a disk error.</exception>
    public void Open(bool isNew)
    {
        lock (_writing)
        {
            lock (_reading)
            {
                if (State is not (SpoolState.Leftover or SpoolState.Waiting))
                {
                    throw new IOException(State == SpoolState.Open ? $"{Name} is already open for writing."
                        : $"{Name} was sealed and uploaded to the object store; objects never change.");
                }
            }

            var path = folder.OpenPath(Name);
            try
            {
                if (State == SpoolState.Waiting && _path != path)
                {
                    File.Move(_path, path, overwrite: true);
                }

                _open = OpenFile.At(path, isNew, _length, wasSealed: State == SpoolState.Waiting);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw folder.Explain(e, Name);
            }

            lock (_reading)
            {
                (_path, State) = (path, SpoolState.Open);
            }

            _isReleased = false;
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
        BufferedAppend piece;
        lock (_writing)
        {
            folder.Append(RequireOpen(), Name, slices, count, _length);
            lock (_reading)
            {
                piece = new BufferedAppend(this, _length, slices, count, bufferPool.Now);
                bufferPool.Count(piece);
                _tail.Add(piece);
                Volatile.Write(ref _written, time.GetUtcNow().UtcTicks);
                Volatile.Write(ref _length, _length + count);
            }
        }

        bufferPool.Queue(piece);
    }

    public void Truncate(long length)
    {
        BufferedAppend? shortened = null;
        lock (_writing)
        {
            var open = RequireOpen();
            ArgumentOutOfRangeException.ThrowIfNegative(length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _length);
            var removed = _length - length;
            try
            {
                open.Truncate(length, _length);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw folder.Explain(e, Name);
            }

            lock (_reading)
            {
                Volatile.Write(ref _length, length);
                shortened = _tail.TruncateTo(length);
            }

            folder.Release(Name, removed);
        }

        if (shortened is not null)
        {
            bufferPool.Queue(shortened);
        }
    }

    public void Seal() => Seal(folder.FlushesToDisk);
    public void SealOnDisk() => Seal(flush: true);

    private void Seal(bool flush)
    {
        lock (_writing)
        {
            if (State != SpoolState.Open)
            {
                return;
            }

            var path = folder.SealedPath(Name);
            try
            {
                _open!.Finish(_length, flush ? folder.FlushFile : null);
                _open.Dispose();
                File.Move(_path, path, overwrite: true);
                if (flush)
                {
                    folder.FlushParent(Path.GetDirectoryName(path)!);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The upload uses the current name. Only after a crash would the file be treated as incomplete.
                owner.CouldNotSeal(this, e);
                path = File.Exists(path) ? path : _path;
            }

            _open?.Dispose();
            _open = null;
            lock (_reading)
            {
                (_path, State) = (path, SpoolState.Waiting);
                Volatile.Write(ref _written, time.GetUtcNow().UtcTicks);
            }
        }

        owner.Sealed(this);
    }

    /// <summary>Deletes the file from memory and disk, and cancels its upload.</summary>
    /// <returns><see langword="false"/> when it was already deleted.</returns>
    public bool Delete()
    {
        lock (_writing)
        {
            SpoolState before;
            lock (_reading)
            {
                if (State == SpoolState.Deleted)
                {
                    return false;
                }

                before = State;
                State = SpoolState.Deleted;
                _tail.DropAll();
            }

            _upload?.Cancel();
            _open?.Dispose();
            _open = null;
            if (before != SpoolState.Stored)
            {
                RemoveFromDisk(wasRetained: before == SpoolState.Retained);
            }

            return true;
        }
    }

    /// <summary>
    /// Drops the local copy of a file that another server owns now, unless it waits for its upload: then it is dropped once it is uploaded.
    /// </summary>
    /// <returns>Whether nothing of the file is left here.</returns>
    public bool Release()
    {
        lock (_writing)
        {
            (_isReleased, ReplacesObject) = (true, false);
            if (State is SpoolState.Open or SpoolState.Leftover)
            {
                return Delete();
            }

            if (State == SpoolState.Retained)
            {
                RemoveFromDisk(wasRetained: true);
            }

            lock (_reading)
            {
                State = State == SpoolState.Retained ? SpoolState.Stored : State;
                if (State == SpoolState.Stored)
                {
                    _tail.DropAll();
                }

                return State == SpoolState.Stored;
            }
        }
    }

    /// <summary>Closes the handle only, as the end of the process would.</summary>
    public void Close()
    {
        lock (_writing)
        {
            _open?.Dispose();
            _open = null;
        }
    }

    /// <summary>Starts the upload; the file can then no longer be reopened.</summary>
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

    /// <summary>Ends the upload, successful or not.</summary>
    public void EndUpload(bool stored)
    {
        var isRetained = false;
        lock (_writing)
        {
            _upload?.Dispose();
            _upload = null;
            if (State != SpoolState.Uploading)
            {
                return;
            }

            if (stored && !(isRetained = !_isReleased && owner.ShouldRetain(this) && TryRetain()))
            {
                RemoveFromDisk(wasRetained: false);
            }

            lock (_reading)
            {
                State = isRetained ? SpoolState.Retained : stored ? SpoolState.Stored : SpoolState.Waiting;
                if (_isReleased && stored)
                {
                    _tail.DropAll();
                }
            }
        }

        if (isRetained)
        {
            owner.Retained(this);
        }
        else if (stored)
        {
            ForgetIfOnlyStored();
        }
    }

    /// <summary>Removes a retained file from the disk.</summary>
    /// <returns><see langword="false"/> when the file is no longer retained.</returns>
    public bool RemoveRetained()
    {
        lock (_writing)
        {
            if (State != SpoolState.Retained)
            {
                return false;
            }

            RemoveFromDisk(wasRetained: true);
            lock (_reading)
            {
                State = SpoolState.Stored;
            }
        }

        ForgetIfOnlyStored();
        return true;
    }

    /// <summary>Finds the location of bytes for a reader.</summary>
    public SpoolLocation Find(long offset, long? length)
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

            if (_tail.TrySlice(start, count) is { } slices)
            {
                return new(new SpoolContent(slices, start, count, _length), null, _length, false);
            }

            return State == SpoolState.Stored ? default : new(null, _path, _length, State is not (SpoolState.Leftover or SpoolState.Open));
        }
    }

    /// <summary>Waits until no writer is moving or removing the file, so that <see cref="Find"/> returns its location.</summary>
    public void AwaitWriter()
    {
        lock (_writing)
        {
            // Acquiring the lock is sufficient.
        }
    }

    /// <summary>Drops a piece and all older ones.</summary>
    public void DropUpTo(BufferedAppend piece)
    {
        lock (_reading)
        {
            _tail.DropUpTo(piece);
        }

        ForgetIfOnlyStored();
    }

    private OpenFile RequireOpen() => State switch
    {
        SpoolState.Open when _open is { } open => open,
        SpoolState.Deleted => throw new IOException($"{Name} was deleted while being written."),
        _ => throw new InvalidOperationException($"{Name} is sealed or closed and cannot be written."),
    };

    private bool TryRetain()
    {
        if (!folder.TryRetain(Name, _path, _length))
        {
            return false;
        }

        lock (_reading)
        {
            _path = folder.RetainedPath(Name);
        }

        return true;
    }

    private void RemoveFromDisk(bool wasRetained)
    {
        try
        {
            folder.Remove(Name, _path, _length, wasRetained);
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
            only = State == SpoolState.Stored && _tail.IsEmpty;
        }

        if (only)
        {
            owner.Forget(this);
        }
    }
}
