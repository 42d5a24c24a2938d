using Broadcast.Transcoder.Encoders.Backends;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Options of rung encoding; section <c>Encoding</c>.</summary>
public sealed class EncodingOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Encoding";

    /// <summary>Path or name of ffmpeg. Default: <c>ffmpeg</c>, found through <c>PATH</c>.</summary>
    public string Ffmpeg { get; set; } = "ffmpeg";

    /// <summary>
    /// Encoder of rungs. <c>auto</c>: the first of NVENC, Quick Sync and VAAPI that works, else x264. A vendor name: that vendor, if it
    /// works. <c>x264</c>: software only.
    /// </summary>
    public string Encoder { get; set; } = Auto;

    /// <summary>The best encoder that works.</summary>
    internal const string Auto = "auto";

    /// <summary>Valid values of <see cref="Encoder"/>.</summary>
    internal static IReadOnlyList<string> Names { get; } =
        [Auto, .. Enum.GetValues<EncoderVendor>().Select(v => EncoderBackend.Of(v).OptionName)];
}

/// <summary>Validates <see cref="EncodingOptions"/> and reports all errors.</summary>
internal sealed class EncodingOptionsValidator : IValidateOptions<EncodingOptions>
{
    public ValidateOptionsResult Validate(string? name, EncodingOptions options)
    {
        var errors = new List<string>();
        if (string.IsNullOrWhiteSpace(options.Ffmpeg))
        {
            errors.Add($"{EncodingOptions.Section}:{nameof(options.Ffmpeg)} is empty; set it to the path or name of ffmpeg.");
        }

        if (!EncodingOptions.Names.Contains(options.Encoder, StringComparer.Ordinal))
        {
            errors.Add(
                $"{EncodingOptions.Section}:{nameof(options.Encoder)} is '{options.Encoder}'; valid "
                + $"values: {string.Join(", ", EncodingOptions.Names)}.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
