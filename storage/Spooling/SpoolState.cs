using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Spooling;

/// <summary>State of a spool file.</summary>
internal enum SpoolState
{
    /// <summary>Left open by an earlier process; waiting to be reopened or deleted.</summary>
    Leftover,

    /// <summary>Open for writing.</summary>
    Open,

    /// <summary>Sealed, waiting for upload.</summary>
    Waiting,

    /// <summary>Being uploaded.</summary>
    Uploading,

    /// <summary>Uploaded, and retained on disk for readers.</summary>
    Retained,

    /// <summary>Uploaded and no longer on disk; a part may still be in memory.</summary>
    Stored,

    /// <summary>Deleted.</summary>
    Deleted,
}

/// <summary>
/// Location of bytes for a reader: in memory, in a file, or in the object store (both null). Sealed files no longer grow.
/// </summary>
internal readonly record struct SpoolLocation(SpoolContent? Buffered, string? Path, long Total, bool IsSealed);

/// <summary>A file left on disk by an earlier process.</summary>
/// <param name="Name">Name of the file.</param>
/// <param name="Path">Path of the file.</param>
/// <param name="State"><see cref="SpoolState.Leftover"/>, <see cref="SpoolState.Waiting"/> or <see cref="SpoolState.Retained"/>.</param>
/// <param name="Length">Size in bytes.</param>
/// <param name="Written">Time of the last write.</param>
internal readonly record struct LeftoverFile(ObjectName Name, string Path, SpoolState State, long Length, DateTimeOffset Written);

/// <summary>Callbacks from a file to its spool.</summary>
internal interface ISpoolFileOwner
{
    /// <summary>Reports that the file waits for upload.</summary>
    void Sealed(SpoolFile file);

    /// <summary>Removes a file that exists only in the object store.</summary>
    void Forget(SpoolFile file);

    /// <summary>Returns whether the uploaded file should be retained on disk.</summary>
    bool ShouldRetain(SpoolFile file);

    /// <summary>Reports that the file is retained on disk.</summary>
    void Retained(SpoolFile file);

    /// <summary>Reports that renaming failed.</summary>
    void CouldNotSeal(SpoolFile file, Exception exception);

    /// <summary>Reports that deleting from disk failed; the file is found again after a restart.</summary>
    void CouldNotRemove(SpoolFile file, string path, Exception exception);
}
