using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Storage.Objects;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// The spool: names to files, and who works on them. Files found on disk at the start are known at once; those that an earlier process was still writing stay as they
/// are until they are opened or deleted. Several streams share only this table, the folder's count of bytes and the memory budget.
/// </summary>
internal sealed class Spool : ISpool, ISpoolFileOwner, IDisposable
{
    private const int LookAgain = 3;
    private readonly ConcurrentDictionary<ObjectName, SpoolFile> _files = new();
    private readonly IObjectStore _store;
    private readonly SpoolOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SpoolFolder _folder;
    private readonly YoungBytes _young;
    private readonly KeptFiles _kept;
    private readonly HotObjects _hot;
    private readonly Uploader _uploader;
    private readonly UploadQueue _queue;
    private readonly Deletions _deletions;
    private readonly ITimer _aging;

    /// <exception cref="IOException">The folder cannot be used; the message says why.</exception>
    public Spool(string root, IObjectStore store, SpoolOptions options, TimeProvider time, ILogger<Spool> logger)
    {
        (_store, _options, _time, _logger) = (store, options, time, logger);
        _folder = new SpoolFolder(root, options.MaxBytes);
        _kept = new KeptFiles(_folder, options.KeepBytes, TimeSpan.FromSeconds(options.KeepSeconds), options.LeastFreeBytes, time);
        _folder.GiveWay = _kept.GiveWay;
        _young = new YoungBytes(options.MemoryBytes, TimeSpan.FromSeconds(options.MemorySeconds), time);
        _hot = new HotObjects(options.HotBytes);
        _queue = new UploadQueue(time);
        _deletions = new Deletions(store, new DeletionNotes(Path.Combine(_folder.Root, ".deletions")), time, logger);
        _uploader = new Uploader(store, _queue, _deletions, _folder, time, logger, Forget);
        _deletions.Load();
        FindWhatWasLeft();
        _aging = time.CreateTimer(_ => Age(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        SpoolMetrics.Add(this);
    }

    /// <summary>Bytes on disk that the store does not have.</summary>
    public long DiskBytes => _folder.Bytes;

    /// <summary>Bytes on disk that the store has too.</summary>
    public long KeptBytes => _folder.KeptBytes;

    /// <summary>Bytes in memory.</summary>
    public long MemoryBytes => Math.Max(0, _young.Used);

    /// <summary>Bytes of whole objects kept for whoever asks next.</summary>
    public long HotBytes => _hot.Used;

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

                known.Begin(isNew: false);
                _hot.Remove(name);
                return known;
            }

            var file = new SpoolFile(name, _folder, _young, _time, this);
            if (!_files.TryAdd(name, file))
            {
                continue;
            }

            try
            {
                file.Begin(isNew: true);
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
        ReadAsync(name, offset, length, isKept: true, cancellationToken);

    public ValueTask<SpoolContent?> ReadOnceAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        ReadAsync(name, offset, length, isKept: false, cancellationToken);

    public IReadOnlyList<ObjectInfo> List(string prefix) =>
    [
        .. _files.Values
            .Where(file => file.IsSpooled && file.Name.Value.StartsWith(prefix, StringComparison.Ordinal))
            .Select(file => new ObjectInfo(file.Name, file.Length, file.Written))
            .OrderBy(found => found.Name.Value, StringComparer.Ordinal),
    ];

    public bool IsWaiting(ObjectName name) => _files.TryGetValue(name, out var file) && file.IsSpooled;

    public void Delete(IReadOnlyCollection<ObjectName> names)
    {
        if (names.Count == 0)
        {
            return;
        }

        // First what readers and the uploader look at, then the files.
        _deletions.Add(new Deletion([.. names], null, null));
        foreach (var name in names)
        {
            DeleteHere(name);
        }
    }

    public void DeleteAll(string prefix)
    {
        if (prefix.Length < 2 || prefix[^1] != '/' || !ObjectName.TryParse(prefix[..^1], out _))
        {
            throw new ArgumentException($"'{prefix}' is not a folder's name: it must not be empty and must end with '/'.", nameof(prefix));
        }

        _deletions.Add(new Deletion([], prefix, null));
        _hot.RemoveAll(prefix);
        foreach (var name in _files.Keys)
        {
            if (name.Value.StartsWith(prefix, StringComparison.Ordinal))
            {
                DeleteHere(name);
            }
        }
    }

    /// <summary>Uploads and deletes until it is cancelled. What an earlier process left sealed joins after the recovery time.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_uploader.RunAsync(_options.Uploads, cancellationToken), Task.Run(() => _deletions.RunAsync(_uploader, cancellationToken), CancellationToken.None));

    /// <summary>Waits until what can go has gone; at most so long, and not at all while the store fails.</summary>
    public async Task DrainAsync(TimeSpan atMost)
    {
        var began = _time.GetTimestamp();
        while ((_uploader.IsBusy || (_deletions.Pending > 0 && !_queue.IsPaused)) && _time.GetElapsedTime(began) < atMost)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time, CancellationToken.None);
        }
    }

    /// <summary>Notes what must not be forgotten, and says what is left.</summary>
    public void NoteWhatIsLeft()
    {
        _deletions.NoteAll();
        if (Status().WaitingFiles is > 0 and var waiting)
        {
            _logger.Stopping(waiting);
        }
    }

    /// <summary>How it is doing.</summary>
    public SpoolStatus Status()
    {
        var (open, waiting, bytes) = (0, 0, 0L);
        var now = _time.GetUtcNow();
        var oldest = now;
        foreach (var file in _files.Values)
        {
            switch (file.State)
            {
                case SpoolState.Left or SpoolState.Open:
                    open++;
                    break;
                case SpoolState.Waiting or SpoolState.Uploading:
                    waiting++;
                    bytes += file.Length;
                    oldest = file.Written < oldest ? file.Written : oldest;
                    break;
            }
        }

        var problem = _uploader.Problem;
        return new SpoolStatus
        {
            Folder = _folder.Root,
            Bytes = DiskBytes,
            KeptBytes = KeptBytes,
            MaxBytes = _options.MaxBytes,
            MemoryBytes = MemoryBytes,
            OpenFiles = open,
            WaitingFiles = waiting,
            WaitingBytes = bytes,
            OldestWaiting = now - oldest,
            PendingDeletions = _deletions.Pending,
            Uploads = _uploader.Uploads,
            Failures = _uploader.Failures,
            Fault = problem?.Fault,
            Problem = problem?.Message,
        };
    }

    /// <summary>Closes handles and lets the folder go; what is not in the store stays on disk.</summary>
    public void Dispose()
    {
        SpoolMetrics.Remove(this);
        _aging.Dispose();
        foreach (var file in _files.Values)
        {
            file.Close();
        }

        _folder.Dispose();
    }

    void ISpoolFileOwner.Sealed(SpoolFile file) => _uploader.Add(file);

    void ISpoolFileOwner.Forget(SpoolFile file) => Forget(file);

    bool ISpoolFileOwner.Wants(SpoolFile file) => _kept.Wants(file);

    void ISpoolFileOwner.Kept(SpoolFile file) => _kept.Add(file);

    void ISpoolFileOwner.CouldNotSeal(SpoolFile file, Exception exception) => _logger.CouldNotSeal(file.Name, exception);

    void ISpoolFileOwner.CouldNotRemove(SpoolFile file, string path, Exception exception) => _logger.CouldNotRemove(path, exception);

    private ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, bool isKept, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        var isHere = false;
        if (_files.TryGetValue(name, out var file))
        {
            var place = file.Find(offset, length);
            if (place.Young is not null)
            {
                return new(place.Young);
            }

            isHere = place.Path is not null;
            if (isHere && !place.IsSealed)
            {
                return OpenAsync(name, offset, length, cancellationToken);
            }
        }

        return !isHere && _deletions.Covers(name)
            ? new((SpoolContent?)null)
            : !isKept ? OpenAsync(name, offset, length, cancellationToken)
            : _hot.ReadAsync(name, offset, length, (from, count, cancellation) => OpenAsync(name, from, count, cancellation), cancellationToken);
    }

    /// <summary>Opens a file, or an object of the store, wherever it is by now.</summary>
    private ValueTask<SpoolContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        for (var look = 0; look < LookAgain && _files.TryGetValue(name, out var file); look++)
        {
            var place = file.Find(offset, length);
            if (place.Young is not null)
            {
                return new(place.Young);
            }

            if (place.Path is null)
            {
                break;
            }

            try
            {
                var handle = File.OpenHandle(place.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
                var (start, count) = ByteRanges.Clip(offset, length, place.Total);
                return new(new SpoolContent(new FileRangeStream(handle, start, count), start, count, place.Total));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // Sealed, or taken to the store, between the look and the opening: look again, once that is done.
                file.AwaitWriter();
            }
        }

        return _deletions.Covers(name) ? new((SpoolContent?)null) : ReadStoreAsync(name, offset, length, cancellationToken);
    }

    private async ValueTask<SpoolContent?> ReadStoreAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        await _store.OpenAsync(name, offset, length, cancellationToken) is { } content
            ? new SpoolContent(content.Stream, content.Offset, content.Length, content.TotalLength)
            : null;

    /// <summary>What was noted for deletion cannot be opened in the store any more, so that memory, which goes last, is not filled again.</summary>
    private void DeleteHere(ObjectName name) => _hot.Remove(name, () =>
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
            DeleteHere(name);
        }
    }

    private void Forget(SpoolFile file) => _files.TryRemove(new KeyValuePair<ObjectName, SpoolFile>(file.Name, file));

    private void Age()
    {
        _young.Trim();
        _kept.Trim();
    }

    private void FindWhatWasLeft()
    {
        var (waiting, left) = (0, 0);
        var recovery = TimeSpan.FromSeconds(_options.RecoverySeconds);
        foreach (var found in _folder.Scan().OrderBy(found => found.State == SpoolState.Kept).ToList())
        {
            var file = new SpoolFile(found.Name, _folder, _young, _time, this).Found(found);
            if (!_files.TryAdd(found.Name, file))
            {
                // Killed between sealing and the old name's removal cannot happen (one rename), so somebody put a second file there: the one that the store does not have counts, the sealed one before one that grew.
                if (found.State == SpoolState.Kept)
                {
                    file.Delete();
                }

                continue;
            }

            switch (found.State)
            {
                case SpoolState.Kept:
                    _kept.Add(file);
                    break;
                case SpoolState.Waiting:
                    waiting++;
                    _queue.Rest(file, recovery);
                    break;
                default:
                    left++;
                    break;
            }
        }

        if (waiting + left > 0)
        {
            _logger.Found(_folder.Root, waiting, left);
        }
    }
}
