namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Text of strangers, fit for a log line.</summary>
internal static class CleanText
{
    private const int MaxLength = 128;

    /// <summary>Without control and format characters (line breaks, direction marks), at most 128 characters.</summary>
    public static string Of(string? text) => text is null
        ? ""
        : new string([.. text.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)
            && char.GetUnicodeCategory(c) is not (System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator)).Take(MaxLength)]);
}
