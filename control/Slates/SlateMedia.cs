using System.Diagnostics;
using Broadcast.Media.TranscoderToControl;

namespace Broadcast.Control.Slates;

/// <summary>Media types and size of slates. The file decides on its type, not the declared media type.</summary>
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

    /// <summary>Media type of a file type.</summary>
    public static string Of(SlateFileType type) => type switch
    {
        SlateFileType.Png => Png,
        SlateFileType.Jpeg => Jpeg,
        SlateFileType.Mp4 => Mp4,
        _ => throw new UnreachableException(),
    };
}
