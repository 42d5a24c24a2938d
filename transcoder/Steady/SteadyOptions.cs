using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Steady;

/// <summary>Output format of targets in mode <c>steady</c>; section <c>Steady</c>. Applies to all channels.</summary>
public sealed class SteadyOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Steady";

    /// <summary>Width in pixels, 160 to 3840, even; default 1280. Other aspect ratios get black bars.</summary>
    public int Width { get; set; } = 1280;

    /// <summary>Height in pixels, 90 to 2160, even; default 720.</summary>
    public int Height { get; set; } = 720;

    /// <summary>Frames per second: 24, 25, 30, 50 or 60; default 30.</summary>
    public int FrameRate { get; set; } = 30;

    /// <summary>Bits per second of video, 200,000 to 50,000,000; default 3,500,000.</summary>
    public int VideoBitsPerSecond { get; set; } = 3_500_000;

    /// <summary>Bits per second of audio, 32,000 to 320,000; default 160,000.</summary>
    public int AudioBitsPerSecond { get; set; } = 160_000;

    /// <summary>Frame interval in 90 kHz ticks.</summary>
    internal int FrameInterval => MediaTime.VideoTimescale / FrameRate;
}

/// <summary>Validates <see cref="SteadyOptions"/> and reports all errors.</summary>
internal sealed class SteadyOptionsValidator : IValidateOptions<SteadyOptions>
{
    public ValidateOptionsResult Validate(string? name, SteadyOptions options)
    {
        List<string> errors = [];
        CheckNumber(nameof(options.Width), options.Width, 160, 3840);
        CheckNumber(nameof(options.Height), options.Height, 90, 2160);
        CheckNumber(nameof(options.VideoBitsPerSecond), options.VideoBitsPerSecond, 200_000, 50_000_000);
        CheckNumber(nameof(options.AudioBitsPerSecond), options.AudioBitsPerSecond, 32_000, 320_000);
        if (options.Width % 2 != 0 || options.Height % 2 != 0)
        {
            errors.Add($"{SteadyOptions.Section}: the size {options.Width}x{options.Height} is odd; use even numbers.");
        }

        if (options.FrameRate is not (24 or 25 or 30 or 50 or 60))
        {
            errors.Add($"{SteadyOptions.Section}:{nameof(options.FrameRate)} is {options.FrameRate}; use 24, 25, 30, 50 or 60.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void CheckNumber(string option, int value, int min, int max)
        {
            if (value < min || value > max)
            {
                errors.Add($"{SteadyOptions.Section}:{option} is {value}; use {min} to {max}.");
            }
        }
    }
}
