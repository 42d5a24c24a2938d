namespace Broadcast.Media;

/// <summary>
/// Audio languages of a channel for tracks without their own: comma-separated tags, such as <c>en,de</c>. The first is for the default
/// track.
/// </summary>
public static class TrackLanguages
{
    /// <summary>Maximum number of languages, equal to the maximum number of audio tracks.</summary>
    public const int Max = 8;

    /// <summary>Maximum tag length in characters (RFC 5646, 4.4.1).</summary>
    public const int MaxLength = 35;

    /// <summary>Tag of an undetermined language (RFC 5646, 4.1).</summary>
    public const string Undetermined = "und";

    /// <summary>
    /// Returns whether a tag is well-formed (RFC 5646, 2.1), as far as possible without a registry: a language of 2 to 8 letters, then
    /// subtags of 1 to 8 letters and digits.
    /// </summary>
    public static bool IsTag([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? tag)
    {
        if (tag is null || tag.Length > MaxLength)
        {
            return false;
        }

        var subtags = tag.Split('-');
        return subtags[0].Length is >= 2 and <= 8
            && subtags[0].All(char.IsAsciiLetter)
            && subtags.All(s => s.Length is >= 1 and <= 8 && s.All(char.IsAsciiLetterOrDigit));
    }

    /// <summary>Parses a text written by <see cref="Format"/>; invalid tags become <see cref="Undetermined"/>.</summary>
    /// <param name="text">The text; empty for no languages.</param>
    public static IReadOnlyList<string> Parse(string text) =>
        text.Length == 0 ? [] : [.. text.Split(',').Take(Max).Select(tag => tag.Trim()).Select(tag => IsTag(tag) ? tag : Undetermined)];

    /// <summary>Formats languages as text.</summary>
    public static string Format(IEnumerable<string> languages) => string.Join(',', languages);
}
