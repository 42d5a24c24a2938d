using System.Buffers.Binary;

namespace Broadcast.Media.TranscoderToControl;

/// <summary>File type of a slate. It selects the demuxer and the decoders that read the file.</summary>
public enum SlateFileType
{
    /// <summary>A PNG image.</summary>
    Png,

    /// <summary>A JPEG image.</summary>
    Jpeg,

    /// <summary>An MP4 clip.</summary>
    Mp4,
}

/// <summary>Detection of a <see cref="SlateFileType"/>.</summary>
public static class SlateFileTypes
{
    /// <summary>Header of a box, major brand and minor version (ISO/IEC 14496-12, 4.3).</summary>
    private const int MinFileTypeBox = 16;

    /// <summary>Maximum size of the <c>ftyp</c> box in bytes, which allows 252 compatible brands.</summary>
    private const int MaxFileTypeBox = 1024;

    /// <summary>
    /// Detects the type from the first bytes. An MP4 file must start with a complete <c>ftyp</c> box, so that text with these letters in it
    /// is none.
    /// </summary>
    /// <param name="file">The whole file.</param>
    /// <returns>The type, or <see langword="null"/> for anything else.</returns>
    public static SlateFileType? Detect(ReadOnlySpan<byte> file) => file switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => SlateFileType.Png,
        [0xFF, 0xD8, 0xFF, ..] => SlateFileType.Jpeg,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] when IsFileTypeBox(file) => SlateFileType.Mp4,
        _ => null,
    };

    /// <summary>Returns whether the file starts with a complete box of a plausible size, a whole number of four-byte brands.</summary>
    private static bool IsFileTypeBox(ReadOnlySpan<byte> file)
    {
        var size = BinaryPrimitives.ReadUInt32BigEndian(file);
        return size is >= MinFileTypeBox and <= MaxFileTypeBox && size % 4 == 0 && size <= file.Length;
    }
}
