namespace Broadcast.Control.Slates;

/// <summary>Media types of slates, detected from the first bytes; the declared type is ignored.</summary>
public static class SlateMedia
{
    /// <summary>Maximum size of a slate, in bytes.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>A PNG image.</summary>
    public const string Png = "image/png";

    /// <summary>A JPEG image.</summary>
    public const string Jpeg = "image/jpeg";

    /// <summary>An MP4 video.</summary>
    public const string Mp4 = "video/mp4";

    /// <summary>Detects the media type; <see langword="null"/> when it is not supported.</summary>
    public static string? TypeOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Png,
        [0xFF, 0xD8, 0xFF, ..] => Jpeg,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => Mp4,
        _ => null,
    };
}
