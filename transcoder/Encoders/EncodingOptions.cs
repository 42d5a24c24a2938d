using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Encoders;

/// <summary>How rungs are encoded; section <c>Encoding</c>.</summary>
public sealed class EncodingOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Encoding";

    /// <summary>Path or name of ffmpeg; <c>ffmpeg</c>, looked for in <c>PATH</c>.</summary>
    public string Ffmpeg { get; set; } = "ffmpeg";
}

/// <summary>Lists everything that is wrong with <see cref="EncodingOptions"/>.</summary>
internal sealed class EncodingOptionsValidator : IValidateOptions<EncodingOptions>
{
    public ValidateOptionsResult Validate(string? name, EncodingOptions options) =>
        string.IsNullOrWhiteSpace(options.Ffmpeg)
            ? ValidateOptionsResult.Fail($"{EncodingOptions.Section}:{nameof(options.Ffmpeg)} is empty; give the path or the name of ffmpeg.")
            : ValidateOptionsResult.Success;
}
