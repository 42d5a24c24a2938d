using Broadcast.Media;
using Broadcast.Media.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>Log messages of the spool.</summary>
internal static partial class SpoolLog
{
    [LoggerMessage(6001, LogLevel.Information,
        "Spool {Folder} has {Waiting} files to upload and {Left} files left open by the previous process.")]
    public static partial void SpoolOpened(this ILogger logger, string folder, int waiting, int left);

    [LoggerMessage(6002, LogLevel.Error,
        "Uploads to the object store fail ({Fault}): {Problem} {Waiting} files are waiting on disk; retrying.")]
    public static partial void StoreUnavailable(this ILogger logger, ObjectStoreErrorKind fault, string problem, int waiting);

    [LoggerMessage(6003, LogLevel.Information, "Uploads to the object store work again; {Waiting} files are waiting.")]
    public static partial void StoreRecovered(this ILogger logger, int waiting);

    [LoggerMessage(6004, LogLevel.Error,
        "{Name} has {Length} bytes here, but {Stored} in the object store; another server may use the same bucket and prefix. The file "
        + "stays in {Folder} until that object is removed.")]
    public static partial void UploadConflict(this ILogger logger, ObjectName name, long length, long stored, string folder);

    [LoggerMessage(6005, LogLevel.Error, "Upload of {Name} failed; retrying later.")]
    public static partial void UploadFailed(this ILogger logger, ObjectName name, Exception exception);

    [LoggerMessage(6006, LogLevel.Error, "{Name} was removed from spool {Folder} before its upload; its data is lost.")]
    public static partial void FileLost(this ILogger logger, ObjectName name, string folder);

    [LoggerMessage(6007, LogLevel.Warning, "Renaming {Name} on sealing failed.")]
    public static partial void SealFailed(this ILogger logger, ObjectName name, Exception exception);

    [LoggerMessage(6008, LogLevel.Warning, "Removing {Path} failed.")]
    public static partial void RemoveFailed(this ILogger logger, string path, Exception exception);

    [LoggerMessage(6009, LogLevel.Warning, "Deleting from the object store failed: {Problem} Retrying.")]
    public static partial void DeletionFailed(this ILogger logger, string problem);

    [LoggerMessage(6010, LogLevel.Error,
        "Writing a pending deletion to {Folder} failed. If the process ends before it deletes the objects, they remain in the store.")]
    public static partial void DeletionNotStored(this ILogger logger, string folder, Exception exception);

    [LoggerMessage(6011, LogLevel.Information, "Stopping with {Waiting} files left to upload.")]
    public static partial void Stopping(this ILogger logger, int waiting);

    [LoggerMessage(6012, LogLevel.Information, "Objects are stored in {Where}.")]
    public static partial void StoreSelected(this ILogger logger, string where);

    [LoggerMessage(6013, LogLevel.Error, "An upload worker failed; it continues after a pause.")]
    public static partial void LoopFailed(this ILogger logger, Exception exception);

    [LoggerMessage(6014, LogLevel.Warning,
        "{Count} objects or folders could not be deleted from the object store; they are retried at least every 10 minutes, and all other "
        + "deletions continue. Latest problem: {Problem}")]
    public static partial void ObjectsNotDeleted(this ILogger logger, int count, string problem);

    [LoggerMessage(6015, LogLevel.Error,
        "{Count} deletions were forgotten because {Limit} wait for the object store and the disk does not store them. Their objects remain "
        + "in the store; fsck finds them.")]
    public static partial void DeletionsForgotten(this ILogger logger, long count, int limit);
}
