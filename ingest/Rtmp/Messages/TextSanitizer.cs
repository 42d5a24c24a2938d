namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Sanitizer for untrusted text in log messages.</summary>
internal static class TextSanitizer
{
    private const int MaxLength = 128;

    /// <summary>Removes control and format characters (line breaks, direction marks) and truncates the text to 128 characters.</summary>
    public static string Sanitize(string? text) => text is null
        ? ""
        : new string([.. text.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)
            && char.GetUnicodeCategory(c) is not (System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator))
                    .Take(MaxLength)]);
}
