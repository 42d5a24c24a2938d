namespace Broadcast.Origin.Delivery;

/// <summary>As <see cref="DocumentCell"/>, for a document that has to be read from storage in parts. A long one is not kept: memory is not to grow with what can be gone back to.</summary>
internal sealed class LongDocumentCell
{
    /// <summary>Longest document that is kept, in bytes.</summary>
    private const int LongestKept = 4 << 20;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Kept? _kept;

    /// <summary>The document of a version, rendered when it is not there yet.</summary>
    /// <param name="version">The version wanted at least.</param>
    /// <param name="render">Makes it; <see langword="null"/> when there is none in this version.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<Document?> GetAsync(long version, Func<Task<Document?>> render, CancellationToken cancellationToken)
    {
        if (_kept is { } kept && kept.Version >= version)
        {
            return kept.Document;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_kept is { } raced && raced.Version >= version)
            {
                return raced.Document;
            }

            var document = await render();
            _kept = document is { Plain.Length: > LongestKept } ? null : new Kept(version, document);
            return document;
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed record Kept(long Version, Document? Document);
}
