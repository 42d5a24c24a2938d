using Broadcast.Media;
using Broadcast.Storage.Objects;

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
    private OpenFile? _open;
    private CancellationTokenSource? _upload;
    private string _path = folder.OpenPath(name);
    private long _length;
    private long _written = time.GetUtcNow().UtcTicks;
    public ObjectName Name { get; } = name;

    public long Length => Volatile.Read(ref _length);

    public SpoolState State { get; private set; } = SpoolState.Left;

    /// <summary>When it was last written to, or sealed.</summary>
    public DateTimeOffset Written => new(Volatile.Read(ref _written), TimeSpan.Zero);

    /// <summary>Uploads that failed because of this file alone.</summary>
    public int Failures { get; set; }

    /// <summary>Whether it is a file in the spool that the store does not have yet.</summary>
    public bool IsSpooled => State is SpoolState.Left or SpoolState.Open or SpoolState.Waiting or SpoolState.Uploading;

    /// <summary>Takes over what an earlier process left.</summary>
    public SpoolFile Found(LeftFile left)
    {
        (_path, _length, _written) = (left.Path, left.Length, left.Written.UtcTicks);
        State = left.State;
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
            folder.Append(RequireOpen(), Name, slices, count, _length);
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
            var open = RequireOpen();
            ArgumentOutOfRangeException.ThrowIfNegative(length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _length);
            var gone = _length - length;
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

            _open!.Finish(_length);
            _open.Dispose();
            _open = null;
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
            SpoolState before;
            lock (_reading)
            {
                if (State == SpoolState.Deleted)
                {
                    return false;
                }

                before = State;
                State = SpoolState.Deleted;
                _end.DropAll();
            }

            _upload?.Cancel();
            _open?.Dispose();
            _open = null;
            if (before != SpoolState.Stored)
            {
                RemoveFromDisk(wasKept: before == SpoolState.Kept);
            }

            return true;
        }
    }

    /// <summary>Closes the handle and nothing else, as the end of the process would.</summary>
    public void Close()
    {
        lock (_writing)
        {
            _open?.Dispose();
            _open = null;
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
        var isKept = false;
        lock (_writing)
        {
            _upload?.Dispose();
            _upload = null;
            if (State != SpoolState.Uploading)
            {
                return;
            }

            if (stored && !(isKept = owner.Wants(this) && TryKeep()))
            {
                RemoveFromDisk(wasKept: false);
            }

            lock (_reading)
            {
                State = isKept ? SpoolState.Kept : stored ? SpoolState.Stored : SpoolState.Waiting;
            }
        }

        if (isKept)
        {
            owner.Kept(this);
        }
        else if (stored)
        {
            ForgetIfOnlyStored();
        }
    }

    /// <summary>Takes a kept file from the disk.</summary>
    /// <returns><see langword="false"/> when it is kept no more.</returns>
    public bool LetGo()
    {
        lock (_writing)
        {
            if (State != SpoolState.Kept)
            {
                return false;
            }

            RemoveFromDisk(wasKept: true);
            lock (_reading)
            {
                State = SpoolState.Stored;
            }
        }

        ForgetIfOnlyStored();
        return true;
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

            return State == SpoolState.Stored ? default : new(null, _path, _length, State is not (SpoolState.Left or SpoolState.Open));
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

    private OpenFile RequireOpen() => State switch
    {
        SpoolState.Open when _open is { } open => open,
        SpoolState.Deleted => throw new IOException($"{Name} was deleted while it was written."),
        _ => throw new InvalidOperationException($"{Name} is sealed or closed; it cannot be written to."),
    };

    private bool TryKeep()
    {
        if (!folder.TryKeep(Name, _path, _length))
        {
            return false;
        }

        lock (_reading)
        {
            _path = folder.KeptPath(Name);
        }

        return true;
    }

    private void RemoveFromDisk(bool wasKept)
    {
        try
        {
            folder.Remove(_path, _length, wasKept);
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
