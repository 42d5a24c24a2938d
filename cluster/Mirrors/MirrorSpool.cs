using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;

namespace Broadcast.Cluster.Mirrors;

/// <summary>
/// The spool of this server, which also reads the media of mirrored sessions: from memory, then from the owner, then from the object store.
/// Media that has left the live window is in the object store, and is read there first, as is all media while the owner does not respond.
/// Everything else goes to the server's own spool.
/// </summary>
internal sealed class MirrorSpool(ISpool own, SessionMirrors mirrors, MirrorServices services) : ISpool
{
    /// <inheritdoc/>
    public event Action<ObjectName>? NameTaken
    {
        add => own.NameTaken += value;
        remove => own.NameTaken -= value;
    }

    /// <inheritdoc/>
    public ISpoolFile Open(ObjectName name) => own.Open(name);

    /// <inheritdoc/>
    public ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        FindMirror(name, out var parsed) is { } mirror
            ? ReadMirroredAsync(mirror, name, parsed, offset, length, own.ReadAsync, cancellationToken)
            : own.ReadAsync(name, offset, length, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SpoolContent?> ReadOnceAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        FindMirror(name, out var parsed) is { } mirror
            ? ReadMirroredAsync(mirror, name, parsed, offset, length, own.ReadOnceAsync, cancellationToken)
            : own.ReadOnceAsync(name, offset, length, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, ReadPurpose purpose,
        CancellationToken cancellationToken) => FindMirror(name, out var parsed) is { } mirror
        ? ReadMirroredAsync(mirror, name, parsed, offset, length,
            (object_, from, count, cancellation) => own.ReadAsync(object_, from, count, purpose, cancellation), cancellationToken)
        : own.ReadAsync(name, offset, length, purpose, cancellationToken);

    /// <inheritdoc/>
    public IReadOnlyList<ObjectInfo> List(string prefix) => own.List(prefix);

    /// <inheritdoc/>
    public bool IsWaiting(ObjectName name) => own.IsWaiting(name);

    /// <inheritdoc/>
    public long? FindSealedLength(ObjectName name) => own.FindSealedLength(name);

    /// <inheritdoc/>
    public void Delete(IReadOnlyCollection<ObjectName> names) => own.Delete(names);

    /// <inheritdoc/>
    public void Discard(ObjectName name) => own.Discard(name);

    /// <inheritdoc/>
    public void Replace(ObjectName name) => own.Replace(name);

    /// <inheritdoc/>
    public void Release(string prefix) => own.Release(prefix);

    /// <inheritdoc/>
    public void DeleteAll(string prefix) => own.DeleteAll(prefix);

    private SessionMirror? FindMirror(ObjectName name, out ParsedObjectName parsed)
    {
        parsed = default;
        return !mirrors.IsEmpty && ObjectNames.TryParse(name, out parsed) && parsed.Kind is ObjectKind.Init or ObjectKind.Segment
            or ObjectKind.IndexBlock or ObjectKind.SpriteSheet or ObjectKind.Poster
            && !services.Sessions.Owns(parsed.Channel, parsed.Session)
            ? mirrors.Find(parsed.Channel, parsed.Session) : null;
    }

    private async ValueTask<SpoolContent?> ReadMirroredAsync(SessionMirror mirror, ObjectName name, ParsedObjectName parsed, long offset,
        long? length, Func<ObjectName, long, long?, CancellationToken, ValueTask<SpoolContent?>> readOwn,
        CancellationToken cancellationToken)
    {
        if (length is { } count && services.Media.Find(name, offset, count) is { } known)
        {
            return new SpoolContent(known, offset, count, offset + count);
        }

        var isStored = mirror.IsLost || (parsed.Kind == ObjectKind.Segment
            && parsed.Number < services.Sessions.FirstSegmentOf(mirror.Channel, mirror.Session));
        ObjectStoreException? failure = null;
        if (isStored)
        {
            try
            {
                if (await readOwn(name, offset, length, cancellationToken) is { } stored)
                {
                    return stored;
                }
            }
            catch (ObjectStoreException error) when (error.Kind != ObjectStoreErrorKind.TooManyReads)
            {
                failure = error;   // while the object store is unavailable, the owner keeps the objects
            }
        }

        if (await services.PeerMedia.TryReadAsync(mirror, name, offset, length, cancellationToken) is { } content)
        {
            return new SpoolContent([content.Data], content.Offset, content.Data.Length, content.TotalLength);
        }

        return failure is not null ? throw failure : isStored ? null : await readOwn(name, offset, length, cancellationToken);
    }
}
