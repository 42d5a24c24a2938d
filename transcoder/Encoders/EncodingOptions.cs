using Broadcast.Transcoder.Encoders.Vendors;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Encoders;

/// <summary>How rungs are encoded; section <c>Encoding</c>.</summary>
public sealed class EncodingOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Encoding";

    /// <summary>Path or name of ffmpeg; <c>ffmpeg</c>, looked for in <c>PATH</c>.</summary>
    public string Ffmpeg { get; set; } = "ffmpeg";

    /// <summary>Who encodes rungs: <c>auto</c> takes the first of NVENC, Quick Sync and VAAPI that works here, else x264; a vendor's name takes that, where it works; <c>x264</c> leaves hardware alone.</summary>
    public string Encoder { get; set; } = Auto;

    /// <summary>The best that works.</summary>
    internal const string Auto = "auto";

    /// <summary>What <see cref="Encoder"/> may be.</summary>
    internal static IReadOnlyList<string> Words { get; } = [Auto, .. Enum.GetValues<Vendor>().Select(v => VendorParts.Of(v).Word)];
}

/// <summary>Lists everything that is wrong with <see cref="EncodingOptions"/>.</summary>
internal sealed class EncodingOptionsValidator : IValidateOptions<EncodingOptions>
{
    public ValidateOptionsResult Validate(string? name, EncodingOptions options)
    {
        var mistakes = new List<string>();
        if (string.IsNullOrWhiteSpace(options.Ffmpeg))
        {
            mistakes.Add($"{EncodingOptions.Section}:{nameof(options.Ffmpeg)} is empty; give the path or the name of ffmpeg.");
        }

        if (!EncodingOptions.Words.Contains(options.Encoder, StringComparer.Ordinal))
        {
            mistakes.Add($"{EncodingOptions.Section}:{nameof(options.Encoder)} is '{options.Encoder}'; it can be {string.Join(", ", EncodingOptions.Words)}.");
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}
