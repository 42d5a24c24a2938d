using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>Translates disk errors. On Unix, .NET keeps errno in <see cref="Exception.HResult"/>.</summary>
internal static class DiskErrors
{
    private const int Enospc = 28;
    private const int Erofs = 30;
    private const int EdquotLinux = 122;
    private const int EdquotMac = 69;
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static bool IsFull(Exception exception) =>
        exception is IOException && exception.HResult is Enospc or EdquotLinux or EdquotMac or WindowsDiskFull or WindowsHandleDiskFull;

    public static ObjectStoreException Explain(Exception exception, string operation, string folder)
    {
        if (IsFull(exception))
        {
            return new(ObjectStoreErrorKind.Full,
                $"{operation}: the disk that holds {folder} is full (or its quota is exceeded). Free space there, or move the data folder.",
                exception);
        }

        if (exception is UnauthorizedAccessException || exception.HResult == Erofs)
        {
            return new(ObjectStoreErrorKind.Denied,
                $"{operation}: {folder} cannot be written to. Check its owner, its permissions and that it is not mounted read-only.",
                exception);
        }

        if (!Directory.Exists(folder))
        {
            return new(
                ObjectStoreErrorKind.NoBucket, $"{operation}: the folder {folder} does not exist. Check whether the disk is mounted.",
                exception);
        }

        return new(ObjectStoreErrorKind.Other, $"{operation}: {exception.Message}", exception);
    }
}
