using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Slate;

/// <summary>Options of the slate, which viewers see while a session waits for its encoder; section <c>Slate</c>.</summary>
public sealed class SlateOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Slate";

    /// <summary>
    /// Indicates whether a slate is shown; default <c>true</c>. Without it, playback stops at the encoder's last frame and resumes when the
    /// encoder is back.
    /// </summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Path of the default slate image, PNG or JPEG. Default: a built-in image.</summary>
    public string? Image { get; set; }

    /// <summary>Time for which the last frame is held before the slate, 0 to 10 s; default 1 s.</summary>
    public TimeSpan RepeatFrameDuration { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Time for which a connected encoder may send nothing before the slate replaces it, 2 s to 1 min; default 5 s. During shorter
    /// interruptions the media arrives late, and no slate is needed.
    /// </summary>
    public TimeSpan InputLossThreshold { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Maximum slates encoded concurrently, 1 to 64; default 2. If more encoders fail at once, further slates are delayed by some tenths of
    /// a second each; after 2 s, the built-in slate is shown instead.
    /// </summary>
    public int MaxConcurrent { get; set; } = 2;

    /// <summary>
    /// Maximum bytes of each encoder's newest GOP, 0 to 256 MiB; default 16 MiB. The held frame is decoded from it. If a GOP is larger, the
    /// slate starts at once.
    /// </summary>
    public long GopBufferBytes { get; set; } = 16 << 20;
}

/// <summary>Validates <see cref="SlateOptions"/> and reports all errors.</summary>
internal sealed class SlateOptionsValidator : IValidateOptions<SlateOptions>
{
    public ValidateOptionsResult Validate(string? name, SlateOptions options)
    {
        List<string> errors = [];
        if (options.Image is { Length: > 0 } image && !File.Exists(image))
        {
            errors.Add(
                $"{SlateOptions.Section}:{nameof(options.Image)} is '{options.Image}', which does not exist; set it to a PNG or JPEG "
                + "file, or remove it.");
        }

        if (options.RepeatFrameDuration < TimeSpan.Zero || options.RepeatFrameDuration > TimeSpan.FromSeconds(10))
        {
            errors.Add(
                $"{SlateOptions.Section}:{nameof(options.RepeatFrameDuration)} is {options.RepeatFrameDuration}; use 00:00:00 to 00:00:10.");
        }

        if (options.InputLossThreshold < TimeSpan.FromSeconds(2) || options.InputLossThreshold > TimeSpan.FromMinutes(1))
        {
            errors.Add(
                $"{SlateOptions.Section}:{nameof(options.InputLossThreshold)} is {options.InputLossThreshold}; use 00:00:02 to 00:01:00.");
        }

        if (options.MaxConcurrent is < 1 or > 64)
        {
            errors.Add($"{SlateOptions.Section}:{nameof(options.MaxConcurrent)} is {options.MaxConcurrent}; use 1 to 64.");
        }

        if (options.GopBufferBytes is < 0 or > 256 << 20)
        {
            errors.Add($"{SlateOptions.Section}:{nameof(options.GopBufferBytes)} is {options.GopBufferBytes}; use 0 to 268435456.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
