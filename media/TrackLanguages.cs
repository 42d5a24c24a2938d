namespace Broadcast.Media;

/// <summary>Languages of a channel's tracks of sound as people say them where the encoder does not: tags with commas between, such as <c>en,de</c>, the first for the track that most viewers get.</summary>
public static class TrackLanguages
{
    /// <summary>Most of them: as many as an encoder has tracks of sound.</summary>
    public const int Max = 8;

    /// <summary>Longest tag, as RFC 5646, 4.4.1 advises.</summary>
    public const int MaxLength = 35;

    /// <summary>The tag of a track whose language is not told (RFC 5646, 4.1).</summary>
    public const string Undetermined = "und";

    /// <summary>A form of RFC 5646, 2.1, as far as it can be seen without a registry: a language of 2 to 8 letters, then subtags of 1 to 8 letters and digits.</summary>
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

    /// <summary>What stands in a text that was written by <see cref="Format"/>; what is no tag is <see cref="Undetermined"/>.</summary>
    /// <param name="text">The text; empty for none.</param>
    public static IReadOnlyList<string> Parse(string text) => text.Length == 0 ? [] : [.. text.Split(',').Take(Max).Select(tag => tag.Trim()).Select(tag => IsTag(tag) ? tag : Undetermined)];

    /// <summary>The text for some.</summary>
    public static string Format(IEnumerable<string> languages) => string.Join(',', languages);
}
