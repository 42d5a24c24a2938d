using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Failover;

/// <summary>Options of failover from the primary to the backup input; section <c>Failover</c>.</summary>
public sealed class FailoverOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Failover";

    /// <summary>
    /// Time without video (without audio, for audio-only inputs) after which an input is lost, 200 ms to 1 min; default 1 s. An input whose
    /// connection ends is lost at once.
    /// </summary>
    public TimeSpan InputLossThreshold { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Time for which the primary must be stable, with frames and keyframes arriving, before it becomes active again, 0 to 1 h; default 10
    /// s.
    /// </summary>
    public TimeSpan RecoveryTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Maximum buffer of a standby input, 0 to 256 MiB; default 16 MiB. It holds the samples from the last keyframe on, so that failover
    /// need not wait for the next. Beyond this size, or if it is 0, failover waits.
    /// </summary>
    public long GopBufferBytes { get; set; } = 16 << 20;
}

/// <summary>Validates <see cref="FailoverOptions"/> and reports all errors.</summary>
internal sealed class FailoverOptionsValidator : IValidateOptions<FailoverOptions>
{
    public ValidateOptionsResult Validate(string? name, FailoverOptions options)
    {
        List<string> errors = [];
        if (options.InputLossThreshold < TimeSpan.FromMilliseconds(200) || options.InputLossThreshold > TimeSpan.FromMinutes(1))
        {
            errors.Add(
                $"{FailoverOptions.Section}:{nameof(options.InputLossThreshold)} is {options.InputLossThreshold}; use 00:00:00.2 to "
                + "00:01:00.");
        }

        if (options.RecoveryTime < TimeSpan.Zero || options.RecoveryTime > TimeSpan.FromHours(1))
        {
            errors.Add($"{FailoverOptions.Section}:{nameof(options.RecoveryTime)} is {options.RecoveryTime}; use 00:00:00 to 01:00:00.");
        }

        if (options.GopBufferBytes is < 0 or > 256 << 20)
        {
            errors.Add($"{FailoverOptions.Section}:{nameof(options.GopBufferBytes)} is {options.GopBufferBytes}; use 0 to 268435456.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
