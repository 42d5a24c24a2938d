namespace Broadcast.Origin.Delivery;

/// <summary>
/// As <see cref="DocumentCell"/>, for a document that has to be read from storage in parts. A long one is kept only as long as somebody has a use for it: all who ask at the same time get the same,
/// and so does whoever asks while it is still being sent, but memory is not to grow with what can be gone back to.
/// </summary>
internal sealed class LongDocumentCell
{
    /// <summary>Longest document that is kept, in bytes.</summary>
    internal const int LongestKept = 4 << 20;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private int _asking;
    private volatile Kept? _kept;

    /// <summary>The document of a version, rendered when it is not there yet.</summary>
    /// <param name="version">The version wanted at least.</param>
    /// <param name="render">Makes it, whether or not the one who asked first has gone away meanwhile; <see langword="null"/> when there is none in this version.</param>
    /// <param name="cancellationToken">Ends the wait for others.</param>
    public async ValueTask<Document?> GetAsync(long version, Func<Task<Document?>> render, CancellationToken cancellationToken)
    {
        if (_kept is { } kept && kept.TryGet(version, out var known))
        {
            return known;
        }

        Interlocked.Increment(ref _asking);
        var entered = false;
        try
        {
            await _gate.WaitAsync(cancellationToken);
            entered = true;
            if (_kept is { } raced && raced.TryGet(version, out var document))
            {
                return document;
            }

            document = await render();
            _kept = new Kept(version, document);
            return document;
        }
        finally
        {
            if (Interlocked.Decrement(ref _asking) == 0)
            {
                // Those who come now have it from whoever still sends it, or have it made anew.
                _kept?.Loosen();
            }

            if (entered)
            {
                _gate.Release();
            }
        }
    }

    private sealed class Kept(long version, Document? document)
    {
        private readonly WeakReference<Document>? _loose = document is { Plain.Length: > LongestKept } ? new(document) : null;
        private volatile Document? _document = document;

        public bool TryGet(long wanted, out Document? document)
        {
            document = _document;
            return version >= wanted && (_loose is null || document is not null || _loose.TryGetTarget(out document));
        }

        /// <summary>Lets go of a long one.</summary>
        public void Loosen()
        {
            if (_loose is not null)
            {
                _document = null;
            }
        }
    }
}
