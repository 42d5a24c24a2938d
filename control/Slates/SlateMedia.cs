namespace Broadcast.Control;

/// <summary>What a slate may be, told from its first bytes: what a sender calls it counts for nothing.</summary>
public static class SlateMedia
{
    /// <summary>Largest slate, bytes.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>A PNG picture.</summary>
    public const string Png = "image/png";

    /// <summary>A JPEG picture.</summary>
    public const string Jpeg = "image/jpeg";

    /// <summary>A clip in MP4.</summary>
    public const string Mp4 = "video/mp4";

    /// <summary>Its media type, or <see langword="null"/> when it is nothing that may be a slate.</summary>
    public static string? TypeOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Png,
        [0xFF, 0xD8, 0xFF, ..] => Jpeg,
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => Mp4,
        _ => null,
    };
}
