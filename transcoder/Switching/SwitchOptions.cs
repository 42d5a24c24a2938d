using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Switching;

/// <summary>When a channel's viewers get its backup rather than its primary; section <c>Switch</c>.</summary>
public sealed class SwitchOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Switch";

    /// <summary>From when on an input that sends no picture (no sound, where it has no pictures) is lost, 200 ms to 1 min; 1 s. One whose connection ends is lost at once.</summary>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the primary must have been good, pictures flowing and keyframes coming, before viewers get it again, 0 to 1 h; 10 s.</summary>
    public TimeSpan Recovery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Most bytes kept of an input that stands by, 0 to 256 MiB; 16 MiB. It is kept from its last keyframe on, so that a switch need not wait for the next; when it is
    /// more, or this is 0, a switch waits.
    /// </summary>
    public long StandbyBytes { get; set; } = 16 << 20;
}

/// <summary>Lists everything that is wrong with <see cref="SwitchOptions"/>.</summary>
internal sealed class SwitchOptionsValidator : IValidateOptions<SwitchOptions>
{
    public ValidateOptionsResult Validate(string? name, SwitchOptions options)
    {
        List<string> mistakes = [];
        if (options.Silence < TimeSpan.FromMilliseconds(200) || options.Silence > TimeSpan.FromMinutes(1))
        {
            mistakes.Add($"{SwitchOptions.Section}:{nameof(options.Silence)} is {options.Silence}; use 00:00:00.2 to 00:01:00.");
        }

        if (options.Recovery < TimeSpan.Zero || options.Recovery > TimeSpan.FromHours(1))
        {
            mistakes.Add($"{SwitchOptions.Section}:{nameof(options.Recovery)} is {options.Recovery}; use 00:00:00 to 01:00:00.");
        }

        if (options.StandbyBytes is < 0 or > 256 << 20)
        {
            mistakes.Add($"{SwitchOptions.Section}:{nameof(options.StandbyBytes)} is {options.StandbyBytes}; use 0 to 268435456.");
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}
