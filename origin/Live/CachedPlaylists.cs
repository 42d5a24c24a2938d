using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Live;

/// <summary>Cached media playlists of one rendition, full and delta update, rendered once per version.</summary>
internal sealed class CachedPlaylists
{
    private readonly CachedDocument _whole = new();
    private readonly CachedDocument _delta = new();
    private readonly CachedLongDocument _longWhole = new();
    private readonly CachedLongDocument _longDelta = new();
    private readonly CachedDocument _iFrames = new();
    private long _version;

    /// <summary>Marks the cached playlists as outdated. Called only under the session's lock.</summary>
    public void Invalidate() => Volatile.Write(ref _version, _version + 1);

    /// <summary>The current I-frame playlist.</summary>
    /// <param name="render">Renders it; <see langword="null"/> when there is none.</param>
    public Document? GetIFrames(Func<Document?> render) => _iFrames.Get(Volatile.Read(ref _version), render);

    /// <summary>The current playlist.</summary>
    /// <param name="isDelta">Whether it is the delta update.</param>
    /// <param name="render">Renders it; <see langword="null"/> when there is none.</param>
    public Document? Get(bool isDelta, Func<Document?> render) => (isDelta ? _delta : _whole).Get(Volatile.Read(ref _version), render);

    /// <summary>The current playlist, where parts of it are read from storage.</summary>
    /// <param name="isDelta">Whether it is the delta update.</param>
    /// <param name="render">Renders it; <see langword="null"/> when there is none.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public ValueTask<Document?> GetLongAsync(bool isDelta, Func<Task<Document?>> render, CancellationToken cancellationToken) =>
        (isDelta ? _longDelta : _longWhole).GetAsync(Volatile.Read(ref _version), render, cancellationToken);
}
