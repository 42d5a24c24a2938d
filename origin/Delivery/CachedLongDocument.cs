namespace Broadcast.Origin.Delivery;

/// <summary>
/// Like <see cref="CachedDocument"/>, for a document that is read from storage in parts. A long document is cached only while it is in use:
/// concurrent requests share it, also while it is still being sent. So memory does not grow with the DVR window.
/// </summary>
internal sealed class CachedLongDocument
{
    /// <summary>Maximum length of a document that is cached permanently, in bytes.</summary>
    internal const int MaxCachedLength = 4 << 20;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private int _waiting;
    private volatile CacheEntry? _cached;

    /// <summary>Gets a document, rendering it if necessary.</summary>
    /// <param name="version">Minimum version.</param>
    /// <param name="render">
    /// Renders it, even if the first request is canceled; <see langword="null"/> when there is none in this version.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait for other requests.</param>
    public async ValueTask<Document?> GetAsync(long version, Func<Task<Document?>> render, CancellationToken cancellationToken)
    {
        if (_cached is { } cached && cached.TryGet(version, out var known))
        {
            return known;
        }

        Interlocked.Increment(ref _waiting);
        var entered = false;
        try
        {
            await _gate.WaitAsync(cancellationToken);
            entered = true;
            if (_cached is { } raced && raced.TryGet(version, out var document))
            {
                return document;
            }

            document = await render();
            _cached = new CacheEntry(version, document);
            return document;
        }
        finally
        {
            if (Interlocked.Decrement(ref _waiting) == 0)
            {
                // Later requests get it from a request that still sends it, or render it again.
                _cached?.ReleaseStrongReference();
            }

            if (entered)
            {
                _gate.Release();
            }
        }
    }

    private sealed class CacheEntry(long version, Document? document)
    {
        private readonly WeakReference<Document>? _weak = document is { Plain.Length: > MaxCachedLength } ? new(document) : null;
        private volatile Document? _document = document;

        public bool TryGet(long wanted, out Document? document)
        {
            document = _document;
            return version >= wanted && (_weak is null || document is not null || _weak.TryGetTarget(out document));
        }

        /// <summary>Releases the strong reference to a long document.</summary>
        public void ReleaseStrongReference()
        {
            if (_weak is not null)
            {
                _document = null;
            }
        }
    }
}
