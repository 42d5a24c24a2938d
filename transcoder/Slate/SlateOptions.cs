using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Slate;

/// <summary>What viewers see while a session waits for its encoder to come back; section <c>Slate</c>.</summary>
public sealed class SlateOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Slate";

    /// <summary>Whether there is one; without it, what viewers have ends where the encoder did, and goes on when it is back. On.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Path of the picture where the channel has none of its own: PNG or JPEG. Not set: the built-in one.</summary>
    public string? Picture { get; set; }

    /// <summary>How long the last picture stands before the slate comes, 0 to 10 s; 1 s.</summary>
    public TimeSpan Hold { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// From when on an encoder that is connected but sends nothing counts as gone, 2 s to 1 min; 5 s. A line that stutters for less delivers late what it did not deliver in time, and nothing is to be shown in its place.
    /// </summary>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Slates that are coded at the same time, 1 to 64; 2. When more encoders are lost at once, the others' slates come later by some tenths of a second each.</summary>
    public int AtOnce { get; set; } = 2;

    /// <summary>
    /// Most bytes kept of each encoder's newest pictures, from the last keyframe on, 0 to 256 MiB; 16 MiB. The picture that stands is decoded from them; where a group of pictures is larger, the slate comes at once.
    /// </summary>
    public long KeptBytes { get; set; } = 16 << 20;
}

/// <summary>Lists everything that is wrong with <see cref="SlateOptions"/>.</summary>
internal sealed class SlateOptionsValidator : IValidateOptions<SlateOptions>
{
    public ValidateOptionsResult Validate(string? name, SlateOptions options)
    {
        List<string> mistakes = [];
        if (options.Picture is { Length: > 0 } picture && !File.Exists(picture))
        {
            mistakes.Add($"{SlateOptions.Section}:{nameof(options.Picture)} is '{options.Picture}', which is no file; give the path of a PNG or JPEG picture, or leave it out.");
        }

        if (options.Hold < TimeSpan.Zero || options.Hold > TimeSpan.FromSeconds(10))
        {
            mistakes.Add($"{SlateOptions.Section}:{nameof(options.Hold)} is {options.Hold}; use 00:00:00 to 00:00:10.");
        }

        if (options.Silence < TimeSpan.FromSeconds(2) || options.Silence > TimeSpan.FromMinutes(1))
        {
            mistakes.Add($"{SlateOptions.Section}:{nameof(options.Silence)} is {options.Silence}; use 00:00:02 to 00:01:00.");
        }

        if (options.AtOnce is < 1 or > 64)
        {
            mistakes.Add($"{SlateOptions.Section}:{nameof(options.AtOnce)} is {options.AtOnce}; use 1 to 64.");
        }

        if (options.KeptBytes is < 0 or > 256 << 20)
        {
            mistakes.Add($"{SlateOptions.Section}:{nameof(options.KeptBytes)} is {options.KeptBytes}; use 0 to 268435456.");
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}
