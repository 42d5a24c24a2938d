using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>Label of a track from metadata. The text is untrusted and sanitized.</summary>
/// <param name="Language">BCP 47 tag, or <see langword="null"/>.</param>
/// <param name="Name">Display name, at most 64 characters, or <see langword="null"/>.</param>
internal sealed record TrackLabel(string? Language, string? Name)
{
    /// <summary>Maximum length of a name.</summary>
    public const int MaxName = 64;

    /// <summary>Label of a track without metadata.</summary>
    public static TrackLabel None { get; } = new(null, null);

    /// <summary>Creates a label from metadata. Invalid languages and names are omitted.</summary>
    public static TrackLabel Create(string? language, string? name)
    {
        var clean = Broadcast.Ingest.Rtmp.Messages.TextSanitizer.Sanitize(name).Trim();
        clean = clean.Length > MaxName ? clean[..MaxName].TrimEnd() : clean;
        var tag = GetValidTag(language);
        return tag is null && clean.Length == 0 ? None : new TrackLabel(tag, clean.Length == 0 ? null : clean);
    }

    /// <summary>Returns the label, with a language if it has none.</summary>
    /// <param name="language">The channel's language for the track, or <see langword="null"/>.</param>
    public TrackLabel WithDefaultLanguage(string? language) => Language is null
        && GetValidTag(language) is { } tag ? this with { Language = tag } : this;

    private static string? GetValidTag(string? language) =>
        TrackLanguages.IsTag(language) && !language.Equals(TrackLanguages.Undetermined, StringComparison.OrdinalIgnoreCase)
            ? language
            : null;
}
