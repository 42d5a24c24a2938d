using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>What metadata calls a track. Words of a stranger: cleaned, and nothing but words.</summary>
/// <param name="Language">BCP 47 tag, or <see langword="null"/>.</param>
/// <param name="Name">For people, at most 64 characters, or <see langword="null"/>.</param>
internal sealed record TrackLabel(string? Language, string? Name)
{
    /// <summary>Longest name.</summary>
    public const int MaxName = 64;

    /// <summary>A track that nothing was said about.</summary>
    public static TrackLabel None { get; } = new(null, null);

    /// <summary>Makes one of what metadata says; what is no tag or no name is left out.</summary>
    public static TrackLabel Of(string? language, string? name)
    {
        var clean = Messages.CleanText.Of(name).Trim();
        clean = clean.Length > MaxName ? clean[..MaxName].TrimEnd() : clean;
        var tag = TagOf(language);
        return tag is null && clean.Length == 0 ? None : new TrackLabel(tag, clean.Length == 0 ? null : clean);
    }

    /// <summary>The same, with a language where nothing said one.</summary>
    /// <param name="language">The language that the channel has for the track, or <see langword="null"/>.</param>
    public TrackLabel Or(string? language) => Language is null && TagOf(language) is { } tag ? this with { Language = tag } : this;

    private static string? TagOf(string? language) =>
        TrackLanguages.IsTag(language) && !language.Equals(TrackLanguages.Undetermined, StringComparison.OrdinalIgnoreCase) ? language : null;
}
