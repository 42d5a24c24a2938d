using Broadcast.Origin.Delivery;

namespace Broadcast.Origin;

/// <summary>The media playlist of one rendition, whole and as a delta update, drawn once a version whoever asks.</summary>
internal sealed class PlaylistCells
{
    private readonly DocumentCell _whole = new();
    private readonly DocumentCell _delta = new();
    private readonly LongDocumentCell _longWhole = new();
    private readonly LongDocumentCell _longDelta = new();
    private readonly DocumentCell _keys = new();
    private long _version;

    /// <summary>Something that the playlist says has changed. Called under the session's lock only.</summary>
    public void Change() => Volatile.Write(ref _version, _version + 1);

    /// <summary>The I-frame playlist in its newest version.</summary>
    /// <param name="draw">Draws it; <see langword="null"/> when there is none.</param>
    public Document? GetKeys(Func<Document?> draw) => _keys.Get(Volatile.Read(ref _version), draw);

    /// <summary>The playlist in its newest version.</summary>
    /// <param name="isDelta">Whether it is the delta update.</param>
    /// <param name="draw">Draws it; <see langword="null"/> when there is none.</param>
    public Document? Get(bool isDelta, Func<Document?> draw) => (isDelta ? _delta : _whole).Get(Volatile.Read(ref _version), draw);

    /// <summary>The same, where it has to be read from storage in parts.</summary>
    /// <param name="isDelta">Whether it is the delta update.</param>
    /// <param name="render">Makes it; <see langword="null"/> when there is none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<Document?> GetLongAsync(bool isDelta, Func<Task<Document?>> render, CancellationToken cancellationToken) =>
        (isDelta ? _longDelta : _longWhole).GetAsync(Volatile.Read(ref _version), render, cancellationToken);
}
