namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>What metadata calls a track. Words of a stranger: cleaned, and nothing but words.</summary>
/// <param name="Language">BCP 47 tag, or <see langword="null"/>.</param>
/// <param name="Name">For people, at most 64 characters, or <see langword="null"/>.</param>
internal sealed record TrackLabel(string? Language, string? Name)
{
    /// <summary>Longest language tag, as RFC 5646, 4.4.1 advises.</summary>
    public const int MaxLanguage = 35;

    /// <summary>Longest name.</summary>
    public const int MaxName = 64;

    /// <summary>A track that nothing was said about.</summary>
    public static TrackLabel None { get; } = new(null, null);

    /// <summary>Makes one of what metadata says; what is no tag or no name is left out.</summary>
    public static TrackLabel Of(string? language, string? name)
    {
        var clean = Messages.CleanText.Of(name).Trim();
        clean = clean.Length > MaxName ? clean[..MaxName].TrimEnd() : clean;
        var tag = IsTag(language) ? language : null;
        return tag is null && clean.Length == 0 ? None : new TrackLabel(tag, clean.Length == 0 ? null : clean);
    }

    /// <summary>RFC 5646, 2.1, as far as it can be seen without a registry: a language of 2 to 8 letters, then subtags of 1 to 8 letters and digits.</summary>
    private static bool IsTag([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? tag)
    {
        if (tag is null || tag.Length > MaxLanguage || tag.Equals("und", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var subtags = tag.Split('-');
        return subtags[0].Length is >= 2 and <= 8
            && subtags[0].All(char.IsAsciiLetter)
            && subtags.All(s => s.Length is >= 1 and <= 8 && s.All(char.IsAsciiLetterOrDigit));
    }
}
