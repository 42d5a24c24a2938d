using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// An open spool file: its handle and the running checksum, which is stored with the file when it is sealed. Not thread-safe;
/// <see cref="SpoolFile"/> synchronizes access.
/// </summary>
internal sealed class OpenFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    /// <summary>Checksum of the whole file; <see langword="null"/> when an earlier process wrote a part of it.</summary>
    private uint? _sum;

    private bool _torn;

    private OpenFile(SafeFileHandle handle, uint? sum) => (_handle, _sum) = (handle, sum);

    /// <summary>Opens a file on disk.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="isNew">Whether to create the file, which must not exist yet.</param>
    /// <param name="length">Current length in bytes.</param>
    /// <param name="wasSealed">Whether the file was sealed, so that its stored checksum covers all bytes.</param>
    /// <exception cref="IOException">A disk error.</exception>
    /// <exception cref="UnauthorizedAccessException">A disk error.</exception>
    public static OpenFile At(string path, bool isNew, long length, bool wasSealed)
    {
        var handle = OpenForWriting(path, isNew ? FileMode.CreateNew : FileMode.Open);
        try
        {
            var file = new OpenFile(handle, length == 0 ? 0 : wasSealed ? StoredChecksum.Read(handle) : null);
            if (!isNew)
            {
                // The stored checksum is of the sealed file. It must not survive a crash after further writes.
                StoredChecksum.Remove(handle);
            }

            return file;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Appends to the file. Remains of a failed write are truncated immediately, overwritten by the next append, or truncated on sealing.
    /// </summary>
    /// <param name="slices">The bytes to write.</param>
    /// <param name="end">Offset of the end of the file.</param>
    /// <exception cref="IOException">A disk error.</exception>
    /// <exception cref="UnauthorizedAccessException">A disk error.</exception>
    public void Append(ReadOnlyMemory<byte>[] slices, long end)
    {
        try
        {
            RandomAccess.Write(_handle, slices, end);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TruncateTornEnd(end);
            throw;
        }

        foreach (var slice in slices)
        {
            _sum = _sum is { } sum ? Crc32C.Append(sum, slice.Span) : null;
        }
    }

    /// <summary>Truncates the file.</summary>
    /// <param name="length">New length, at most the current one.</param>
    /// <param name="end">Offset of the current end.</param>
    /// <exception cref="IOException">A disk error.</exception>
    /// <exception cref="UnauthorizedAccessException">A disk error.</exception>
    public void Truncate(long length, long end)
    {
        RandomAccess.SetLength(_handle, length);
        (_torn, _sum) = (false, length == 0 ? 0 : length == end ? _sum : null);
    }

    /// <summary>Stores the checksum with the finished file.</summary>
    /// <param name="end">Offset of the end.</param>
    /// <param name="flush">Flushes the file to the disk; <see langword="null"/> for not flushing. The caller flushes the folder after
    /// renaming the file.</param>
    /// <exception cref="IOException">The flush failed.</exception>
    public void Finish(long end, Action<SafeFileHandle>? flush)
    {
        if (_torn)
        {
            TruncateTornEnd(end);
        }

        if (_sum is { } sum)
        {
            StoredChecksum.Write(_handle, sum);
        }

        flush?.Invoke(_handle);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static SafeFileHandle OpenForWriting(string path, FileMode mode)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                DiskTree.MakeFolder(Path.GetDirectoryName(path)!);
                return File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException && mode == FileMode.CreateNew && attempt < 5)
            {
                // The empty folder was removed by an upload that has just completed.
            }
        }
    }

    /// <summary>
    /// Truncates the remains of a failed write. If that fails too, the next append overwrites them, and sealing tries again.
    /// </summary>
    private void TruncateTornEnd(long end)
    {
        try
        {
            RandomAccess.SetLength(_handle, end);
            _torn = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _torn = true;
        }
    }
}
