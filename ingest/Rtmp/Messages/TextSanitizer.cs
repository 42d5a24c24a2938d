namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Sanitizer for untrusted text in log messages.</summary>
internal static class TextSanitizer
{
    private const int MaxLength = 128;

    /// <summary>Removes control and format characters (line breaks, direction marks) and truncates the text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxLength">Maximum number of characters.</param>
    public static string Sanitize(string? text, int maxLength = MaxLength) => text is null
        ? ""
        : new string([.. text.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)
            && char.GetUnicodeCategory(c) is not (System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator))
                    .Take(maxLength)]);
}
