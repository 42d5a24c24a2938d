using Broadcast.Media;

namespace Broadcast.Storage.Objects;

/// <summary>Tells what a disk's refusal means. On Unix, .NET keeps errno in <see cref="Exception.HResult"/>.</summary>
internal static class DiskFaults
{
    private const int Enospc = 28;
    private const int Erofs = 30;
    private const int EdquotLinux = 122;
    private const int EdquotMac = 69;
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static bool IsFull(Exception exception) =>
        exception is IOException && exception.HResult is Enospc or EdquotLinux or EdquotMac or WindowsDiskFull or WindowsHandleDiskFull;

    public static ObjectStoreException Explain(Exception exception, string what, string folder)
    {
        if (IsFull(exception))
        {
            return new(ObjectStoreFault.Full, $"{what}: the disk that holds {folder} is full (or its quota is used up). Free space there, or move the data folder.", exception);
        }

        if (exception is UnauthorizedAccessException || exception.HResult == Erofs)
        {
            return new(ObjectStoreFault.Denied, $"{what}: {folder} cannot be written to. Check its owner, its permissions and that it is not mounted read-only.", exception);
        }

        if (!Directory.Exists(folder))
        {
            return new(ObjectStoreFault.NoBucket, $"{what}: the folder {folder} is gone. Was the disk unmounted?", exception);
        }

        return new(ObjectStoreFault.Other, $"{what}: {exception.Message}", exception);
    }
}
