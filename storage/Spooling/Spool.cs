using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// The spool: maps names to files and coordinates their workers. Files found on disk at startup are known immediately; files that an
/// earlier process left open stay unchanged until they are opened or deleted. Streams share only this table, the byte count of the folder
/// and the memory limit.
/// </summary>
internal sealed class Spool : ISpool, ISpoolFileOwner, IDisposable
{
    private const int MaxLookups = 3;
    private readonly SpoolFileTable _files = new();
    private readonly IObjectStore _store;
    private readonly SpoolOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SpoolFolder _folder;
    private readonly TailBufferPool _tailBuffers;
    private readonly RetainedFiles _retained;
    private readonly ObjectCache _objectCache;
    private readonly Uploader _uploader;
    private readonly UploadQueue _queue;
    private readonly Deletions _deletions;
    private readonly ITimer _trimTimer;

    /// <exception cref="IOException">The folder cannot be used; the message says why.</exception>
    public Spool(string root, IObjectStore store, SpoolOptions options, TimeProvider time, ILogger<Spool> logger)
    {
        (_store, _options, _time, _logger) = (store, options, time, logger);
        _folder = new SpoolFolder(root, options.MaxBytes, options.FlushToDisk);
        _retained = new RetainedFiles(_folder, options.RetainBytes, TimeSpan.FromSeconds(options.RetainSeconds),
            options.MinFreeBytes, time);
        _folder.EvictRetainedFile = _retained.RemoveOldest;
        _tailBuffers = new TailBufferPool(options.MemoryBytes, TimeSpan.FromSeconds(options.MemorySeconds), time);
        _objectCache = new ObjectCache(options.ObjectCacheBytes);
        _queue = new UploadQueue(time);
        _deletions = new Deletions(store, new DeletionJournal(Path.Combine(_folder.Root, ".deletions")), time, logger);
        _uploader = new Uploader(store, _queue, _deletions, _folder, time, logger, Forget, name => NameTaken?.Invoke(name));
        _deletions.Load();
        LoadLeftoverFiles();
        _trimTimer = time.CreateTimer(_ => TrimByAge(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        SpoolMetrics.Add(this);
    }

    /// <inheritdoc/>
    public event Action<ObjectName>? NameTaken;

    /// <summary>Number of files that listings have examined.</summary>
    internal long ExaminedFiles => _files.Examined;

    /// <summary>Bytes on disk that are not in the object store.</summary>
    public long DiskBytes => _folder.Bytes;

    /// <summary>Bytes on disk that are also in the object store.</summary>
    public long RetainedBytes => _folder.RetainedBytes;

    /// <summary>Number of objects and folders whose deletion failed and is retried.</summary>
    public int FailingDeletions => _deletions.Failing;

    /// <summary>Bytes in tail buffers.</summary>
    public long MemoryBytes => Math.Max(0, _tailBuffers.Used);

    /// <summary>Bytes in the object cache.</summary>
    public long ObjectCacheBytes => _objectCache.Used;

    public ISpoolFile Open(ObjectName name)
    {
        while (true)
        {
            if (_files.TryGetValue(name, out var known))
            {
                if (known.State == SpoolState.Deleted)
                {
                    Forget(known);
                    continue;
                }

                known.Open(isNew: false);
                _objectCache.Remove(name);
                return known;
            }

            var file = new SpoolFile(name, _folder, _tailBuffers, _time, this);
            if (!_files.TryAdd(file))
            {
                continue;
            }

            try
            {
                file.Open(isNew: true);
                return file;
            }
            catch
            {
                Forget(file);
                throw;
            }
        }
    }

    public ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        ReadAsync(name, offset, length, useCache: true, ReadPurpose.ServerWork, cancellationToken);

    public ValueTask<SpoolContent?> ReadOnceAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        ReadAsync(name, offset, length, useCache: false, ReadPurpose.ServerWork, cancellationToken);

    public ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, ReadPurpose purpose,
        CancellationToken cancellationToken) =>
        ReadAsync(name, offset, length, purpose is not (ReadPurpose.Download or ReadPurpose.StartedDownload), purpose, cancellationToken);

    public IReadOnlyList<ObjectInfo> List(string prefix) =>
    [
        .. _files.Below(prefix).Where(file => file.IsSpooled)
            .Select(file => new ObjectInfo(file.Name, file.Length, file.Written))
            .OrderBy(found => found.Name.Value, StringComparer.Ordinal),
    ];

    public bool IsWaiting(ObjectName name) => _files.TryGetValue(name, out var file) && file.IsSpooled;

    public long? FindSealedLength(ObjectName name) => _files.TryGetValue(name, out var file) && file.IsSealed ? file.Length : null;

    public void Delete(IReadOnlyCollection<ObjectName> names)
    {
        if (names.Count == 0)
        {
            return;
        }

        // Readers and the uploader check the pending deletions first, so they are added before the files are deleted.
        _deletions.Add(new Deletion([.. names], null, null));
        foreach (var name in names)
        {
            DeleteLocal(name);
        }
    }

    public void DeleteAll(string prefix)
    {
        if (prefix.Length < 2 || prefix[^1] != '/' || !ObjectName.TryParse(prefix[..^1], out _))
        {
            throw new ArgumentException($"'{prefix}' is not a folder name: it must not be empty and must end with '/'.", nameof(prefix));
        }

        _deletions.Add(new Deletion([], prefix, null));
        _objectCache.RemoveAll(prefix);
        foreach (var file in _files.Below(prefix))
        {
            DeleteLocal(file.Name);
        }
    }

    /// <summary>Uploads and deletes until canceled. Sealed files of an earlier process are uploaded after the recovery time.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_uploader.RunAsync(_options.MaxConcurrentUploads, cancellationToken),
            Task.Run(() => _deletions.RunAsync(_uploader, cancellationToken), CancellationToken.None));

    /// <summary>
    /// Waits until all uploads and deletions are done, for a limited time; returns immediately while the store fails. Deletions of objects
    /// that the store cannot delete are not awaited.
    /// </summary>
    public async Task DrainAsync(TimeSpan atMost)
    {
        var began = _time.GetTimestamp();
        while ((_uploader.IsBusy || (_deletions.Ready > 0 && !_queue.IsPaused)) && _time.GetElapsedTime(began) < atMost)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time, CancellationToken.None);
        }
    }

    /// <summary>Stores pending deletions on disk and logs the number of remaining files.</summary>
    public void SavePendingWork()
    {
        _deletions.PersistAll();
        if (Status().WaitingFiles is > 0 and var waiting)
        {
            _logger.Stopping(waiting);
        }
    }

    /// <summary>Reads the current status.</summary>
    public SpoolStatus Status()
    {
        var (open, waiting, bytes) = (0, 0, 0L);
        var now = _time.GetUtcNow();
        var oldest = now;
        foreach (var file in _files.All)
        {
            switch (file.State)
            {
                case SpoolState.Leftover or SpoolState.Open:
                    open++;
                    break;
                case SpoolState.Waiting or SpoolState.Uploading:
                    waiting++;
                    bytes += file.Length;
                    oldest = file.Written < oldest ? file.Written : oldest;
                    break;
            }
        }

        var problem = _uploader.CurrentError;
        return new SpoolStatus
        {
            Folder = _folder.Root,
            Bytes = DiskBytes,
            RetainedBytes = RetainedBytes,
            MaxBytes = _options.MaxBytes,
            MemoryBytes = MemoryBytes,
            OpenFiles = open,
            WaitingFiles = waiting,
            WaitingBytes = bytes,
            OldestWaiting = now - oldest,
            PendingDeletions = _deletions.Pending,
            Uploads = _uploader.Uploads,
            Failures = _uploader.Failures,
            ErrorKind = problem?.Kind,
            ErrorMessage = problem?.Message,
        };
    }

    /// <summary>Closes all handles and releases the folder; files that are not in the object store stay on disk.</summary>
    public void Dispose()
    {
        SpoolMetrics.Remove(this);
        _trimTimer.Dispose();
        foreach (var file in _files.All)
        {
            file.Close();
        }

        _folder.Dispose();
    }

    void ISpoolFileOwner.Sealed(SpoolFile file) => _uploader.Add(file);

    void ISpoolFileOwner.Forget(SpoolFile file)
    {
        Forget(file);
        if (file.IsReleased)
        {
            // The owner may replace the object that this server has uploaded.
            _objectCache.Remove(file.Name);
        }
    }

    bool ISpoolFileOwner.ShouldRetain(SpoolFile file) => _retained.ShouldRetain(file);

    void ISpoolFileOwner.Retained(SpoolFile file) => _retained.Add(file);

    void ISpoolFileOwner.CouldNotSeal(SpoolFile file, Exception exception) => _logger.SealFailed(file.Name, exception);

    void ISpoolFileOwner.CouldNotRemove(SpoolFile file, string path, Exception exception) => _logger.RemoveFailed(path, exception);

    private ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, bool useCache, ReadPurpose purpose,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        var isLocal = false;
        if (_files.TryGetValue(name, out var file))
        {
            var location = file.Find(offset, length);
            if (location.Buffered is not null)
            {
                return new(location.Buffered);
            }

            isLocal = location.Path is not null;
            if (isLocal && !location.IsSealed)
            {
                return OpenAsync(name, offset, length, purpose, cancellationToken);
            }
        }

        return !isLocal && _deletions.Covers(name)
            ? new((SpoolContent?)null)
            : !useCache ? OpenAsync(name, offset, length, purpose, cancellationToken)
            : _objectCache.ReadAsync(name, offset, length,
                (from, count, cancellation) => OpenAsync(name, from, count,
                    purpose == ReadPurpose.ServerWork ? purpose : ReadPurpose.CacheFill, cancellation),
                (from, count, cancellation) => OpenAsync(name, from, count, purpose, cancellation), cancellationToken);
    }

    /// <summary>Opens a file or object at its current location.</summary>
    private ValueTask<SpoolContent?> OpenAsync(ObjectName name, long offset, long? length, ReadPurpose purpose,
        CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxLookups && _files.TryGetValue(name, out var file); attempt++)
        {
            var location = file.Find(offset, length);
            if (location.Buffered is not null)
            {
                return new(location.Buffered);
            }

            if (location.Path is null)
            {
                break;
            }

            try
            {
                var handle = File.OpenHandle(location.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
                    FileOptions.Asynchronous);
                var (start, count) = ByteRanges.Clip(offset, length, location.Total);
                return new(new SpoolContent(new FileRangeStream(handle, start, count), start, count, location.Total));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // Sealed or uploaded between lookup and opening: look again once that is done.
                file.AwaitWriter();
            }
        }

        return _deletions.Covers(name) ? new((SpoolContent?)null) : ReadStoreAsync(name, offset, length, purpose, cancellationToken);
    }

    private async ValueTask<SpoolContent?> ReadStoreAsync(ObjectName name, long offset, long? length, ReadPurpose purpose,
        CancellationToken cancellationToken) =>
        await _store.OpenAsync(name, offset, length, purpose, cancellationToken) is { } content
            ? new SpoolContent(content.Stream, content.Offset, content.Length, content.TotalLength)
            : null;

    /// <summary>
    /// Deletes a file locally. The pending deletion already hides the object in the store, so the cache, which is cleared last, is not
    /// filled again.
    /// </summary>
    private void DeleteLocal(ObjectName name) => _objectCache.Remove(name, () =>
    {
        if (_files.TryGetValue(name, out var file) && file.Delete())
        {
            Forget(file);
        }
    });

    /// <inheritdoc/>
    public void Discard(ObjectName name)
    {
        if (_files.TryGetValue(name, out var file) && file.IsSpooled)
        {
            DeleteLocal(name);
        }
    }

    /// <inheritdoc/>
    public void Release(string prefix)
    {
        foreach (var file in _files.Below(prefix))
        {
            if (file.Release())
            {
                Forget(file);
            }
        }

        _objectCache.RemoveAll(prefix);
    }

    /// <inheritdoc/>
    public void Replace(ObjectName name)
    {
        if (_files.TryGetValue(name, out var file))
        {
            file.ReplacesObject = true;
        }
    }

    private void Forget(SpoolFile file) => _files.Remove(file);

    private void TrimByAge()
    {
        _tailBuffers.Trim();
        _retained.Trim();
    }

    private void LoadLeftoverFiles()
    {
        var (waiting, leftover) = (0, 0);
        var recovery = TimeSpan.FromSeconds(_options.RecoverySeconds);
        foreach (var found in _folder.Scan().OrderBy(found => found.State == SpoolState.Retained).ToList())
        {
            var file = new SpoolFile(found.Name, _folder, _tailBuffers, _time, this).Adopt(found);
            if (!_files.TryAdd(file))
            {
                // One rename seals a file, so a crash cannot leave two files of one name; a second file was added externally. A file that
                // is not uploaded wins over a retained one, and a sealed one over an open one.
                if (found.State == SpoolState.Retained)
                {
                    file.Delete();
                }

                continue;
            }

            switch (found.State)
            {
                case SpoolState.Retained:
                    _retained.Add(file);
                    break;
                case SpoolState.Waiting:
                    waiting++;
                    _queue.AddDelayed(file, recovery);
                    break;
                default:
                    leftover++;
                    break;
            }
        }

        if (waiting + leftover > 0)
        {
            _logger.SpoolOpened(_folder.Root, waiting, leftover);
        }
    }
}
