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

    /// <summary>In the store, and no longer on this disk; some of it may still be in memory.</summary>
    Stored,

    /// <summary>Gone.</summary>
    Deleted,
}

/// <summary>Where a reader finds bytes: in memory, in a file, or elsewhere (both are null); one that is sealed grows no more.</summary>
internal readonly record struct SpoolPlace(SpoolContent? Young, string? Path, long Total, bool IsSealed);

/// <summary>What a file tells the spool.</summary>
internal interface ISpoolFileOwner
{
    /// <summary>It waits for the store.</summary>
    void Sealed(SpoolFile file);

    /// <summary>It is in the store and nowhere else.</summary>
    void Forget(SpoolFile file);

    /// <summary>Renaming failed.</summary>
    void CouldNotSeal(SpoolFile file, Exception exception);

    /// <summary>Deleting from disk failed: after a restart it is found again.</summary>
    void CouldNotRemove(SpoolFile file, string path, Exception exception);
}
