using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>What the spool says in the log.</summary>
internal static partial class SpoolLog
{
    [LoggerMessage(6001, LogLevel.Information, "The spool {Folder} holds {Waiting} files for the object store and {Left} that were being written when the last process ended.")]
    public static partial void Found(this ILogger logger, string folder, int waiting, int left);

    [LoggerMessage(6002, LogLevel.Error, "The object store does not take uploads ({Fault}): {Problem} {Waiting} files wait on disk; trying again.")]
    public static partial void StoreFails(this ILogger logger, ObjectStoreFault fault, string problem, int waiting);

    [LoggerMessage(6003, LogLevel.Information, "The object store takes uploads again; {Waiting} files wait.")]
    public static partial void StoreIsBack(this ILogger logger, int waiting);

    [LoggerMessage(6004, LogLevel.Error, "{Name} has {Length} bytes here and {Stored} in the object store, which has it from somebody else, perhaps another server with the same bucket and prefix. Nothing is overwritten: this one stays in {Folder}, is served from there, and goes up when the other is removed.")]
    public static partial void Conflict(this ILogger logger, ObjectName name, long length, long stored, string folder);

    [LoggerMessage(6005, LogLevel.Error, "{Name} could not go to the object store; trying it again later.")]
    public static partial void FileFails(this ILogger logger, ObjectName name, Exception exception);

    [LoggerMessage(6006, LogLevel.Error, "{Name} was taken out of the spool {Folder} by somebody else before the object store had it: it is lost.")]
    public static partial void Lost(this ILogger logger, ObjectName name, string folder);

    [LoggerMessage(6007, LogLevel.Warning, "{Name} could not be renamed when it was sealed.")]
    public static partial void CouldNotSeal(this ILogger logger, ObjectName name, Exception exception);

    [LoggerMessage(6008, LogLevel.Warning, "{Path} could not be removed.")]
    public static partial void CouldNotRemove(this ILogger logger, string path, Exception exception);

    [LoggerMessage(6009, LogLevel.Warning, "Deleting from the object store failed: {Problem} It is tried again.")]
    public static partial void DeletionFails(this ILogger logger, string problem);

    [LoggerMessage(6010, LogLevel.Error, "A deletion could not be noted in {Folder}: if this process ends before it is carried out, the objects stay in the store.")]
    public static partial void DeletionNotNoted(this ILogger logger, string folder, Exception exception);

    [LoggerMessage(6011, LogLevel.Information, "Stopping with {Waiting} files left for the next start.")]
    public static partial void Stopping(this ILogger logger, int waiting);

    [LoggerMessage(6012, LogLevel.Information, "Objects are stored in {Where}.")]
    public static partial void StoredIn(this ILogger logger, string where);

    [LoggerMessage(6013, LogLevel.Error, "A background loop of the spool failed and goes on.")]
    public static partial void LoopFailed(this ILogger logger, Exception exception);
}
