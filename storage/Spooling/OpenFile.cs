using Broadcast.Storage.Objects;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// A file of the spool while it grows: its handle, and the checksum of all that went in, which is noted with it when it is sealed. Not safe for several threads; its
/// <see cref="SpoolFile"/> sees to that.
/// </summary>
internal sealed class OpenFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    /// <summary>Of all that is in the file; <see langword="null"/> where an earlier process wrote some of it.</summary>
    private uint? _sum;

    private bool _torn;

    private OpenFile(SafeFileHandle handle, uint? sum) => (_handle, _sum) = (handle, sum);

    /// <summary>Opens a file on disk.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="isNew">Whether it is to be made; it must not be there then.</param>
    /// <param name="length">How long it is.</param>
    /// <param name="wasSealed">Whether it was sealed, so that the checksum noted with it is that of all of it.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk refused.</exception>
    public static OpenFile At(string path, bool isNew, long length, bool wasSealed)
    {
        var handle = OpenForWriting(path, isNew ? FileMode.CreateNew : FileMode.Open);
        try
        {
            var file = new OpenFile(handle, length == 0 ? 0 : wasSealed ? NotedChecksum.Read(handle) : null);
            if (!isNew)
            {
                // It is that of the file when it was sealed, and what follows may be the death of this process.
                NotedChecksum.Remove(handle);
            }

            return file;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Writes at the file's end. What a write that failed left behind is cut off, at once or by the next that succeeds, or when the file is sealed.</summary>
    /// <param name="slices">What to write.</param>
    /// <param name="end">Where the file ends.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk refused.</exception>
    public void Append(ReadOnlyMemory<byte>[] slices, long end)
    {
        try
        {
            RandomAccess.Write(_handle, slices, end);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CutTornEnd(end);
            throw;
        }

        foreach (var slice in slices)
        {
            _sum = _sum is { } sum ? Crc32C.Append(sum, slice.Span) : null;
        }
    }

    /// <summary>Cuts the file.</summary>
    /// <param name="length">How long it is to be, at most as long as it is.</param>
    /// <param name="end">Where it ends now.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk refused.</exception>
    public void Truncate(long length, long end)
    {
        RandomAccess.SetLength(_handle, length);
        (_torn, _sum) = (false, length == 0 ? 0 : length == end ? _sum : null);
    }

    /// <summary>Notes the checksum with the file; it does not grow any more.</summary>
    public void Finish(long end)
    {
        if (_torn)
        {
            CutTornEnd(end);
        }

        if (_sum is { } sum)
        {
            NotedChecksum.Write(_handle, sum);
        }
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
                // Taken away, empty, by an upload that has just ended.
            }
        }
    }

    /// <summary>Takes back what a failed write left behind. Where that fails too the next append writes over it, and sealing tries again.</summary>
    private void CutTornEnd(long end)
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
