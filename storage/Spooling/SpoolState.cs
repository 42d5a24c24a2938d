using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>Where a file of the spool is in its life.</summary>
internal enum SpoolState
{
    /// <summary>An earlier process was writing it. Waits to be opened again or deleted.</summary>
    Left,

    /// <summary>It grows.</summary>
    Open,

    /// <summary>Sealed; waits for the store.</summary>
    Waiting,

    /// <summary>On its way to the store.</summary>
    Uploading,

    /// <summary>In the store, and on this disk for readers until it is old or room is needed.</summary>
    Kept,

    /// <summary>In the store, and no longer on this disk; some of it may still be in memory.</summary>
    Stored,

    /// <summary>Gone.</summary>
    Deleted,
}

/// <summary>Where a reader finds bytes: in memory, in a file, or elsewhere (both are null); one that is sealed grows no more.</summary>
internal readonly record struct SpoolPlace(SpoolContent? Young, string? Path, long Total, bool IsSealed);

/// <summary>What an earlier process left on disk.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Path">Where it is.</param>
/// <param name="State"><see cref="SpoolState.Left"/>, <see cref="SpoolState.Waiting"/> or <see cref="SpoolState.Kept"/>.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Written">When it was last written to.</param>
internal readonly record struct LeftFile(ObjectName Name, string Path, SpoolState State, long Length, DateTimeOffset Written);

/// <summary>What a file tells and asks the spool.</summary>
internal interface ISpoolFileOwner
{
    /// <summary>It waits for the store.</summary>
    void Sealed(SpoolFile file);

    /// <summary>It is in the store and nowhere else.</summary>
    void Forget(SpoolFile file);

    /// <summary>Whether it is to stay on disk now that the store has it.</summary>
    bool Wants(SpoolFile file);

    /// <summary>It stays on disk, until it is told to go.</summary>
    void Kept(SpoolFile file);

    /// <summary>Renaming failed.</summary>
    void CouldNotSeal(SpoolFile file, Exception exception);

    /// <summary>Deleting from disk failed: after a restart it is found again.</summary>
    void CouldNotRemove(SpoolFile file, string path, Exception exception);
}
