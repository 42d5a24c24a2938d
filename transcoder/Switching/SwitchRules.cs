using Broadcast.Media;

namespace Broadcast.Transcoder.Switching;

/// <summary>Why viewers get another input.</summary>
internal enum SwitchReason
{
    /// <summary>They do not.</summary>
    None,

    /// <summary>The one on air is gone, or silent.</summary>
    Loss,

    /// <summary>The primary has been good for long enough again.</summary>
    Return,

    /// <summary>An encoder is there again, and takes the place of the slate.</summary>
    Back,
}

/// <summary>How an input is at a moment.</summary>
/// <param name="Role">Which it is.</param>
/// <param name="IsOpen">Whether its encoder is connected.</param>
/// <param name="Silence">How long no picture has come (no sound, where it has no pictures).</param>
/// <param name="Good">How long it has been good since it began, or since it was silent last; negative while it is not.</param>
/// <param name="Keyframes">Keyframes in that time.</param>
internal readonly record struct InputCondition(InputRole Role, bool IsOpen, TimeSpan Silence, TimeSpan Good, int Keyframes);

/// <summary>Where the leading track of what is on air ends.</summary>
/// <param name="Decode">Decode time at which the next sample may stand.</param>
/// <param name="Present">Presentation time at which the last picture shown ends.</param>
internal readonly record struct AirEnd(MediaTime Decode, MediaTime Present);

/// <summary>How an input is put behind another.</summary>
/// <param name="Shift">By how much its times are moved; zero or more.</param>
/// <param name="Gap">What is left between the two.</param>
internal readonly record struct Placement(MediaTime Shift, TimeSpan Gap);

/// <summary>The switch's decisions. Pure.</summary>
/// <param name="Silence">From when on an input is lost.</param>
/// <param name="Recovery">How long the primary must have been good to come back.</param>
internal sealed record SwitchRules(TimeSpan Silence, TimeSpan Recovery)
{
    /// <summary>Keyframes that show that more will come.</summary>
    public const int EnoughKeyframes = 2;

    /// <summary>Longest gap that a picture may bridge by standing still: shorter than any latency profile's parts. A longer one is told to players as a discontinuity.</summary>
    public static readonly TimeSpan LongestBridge = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether an input that stands by is to go on air, if one of its keyframes allows.</summary>
    public SwitchReason Judge(in InputCondition onAir, in InputCondition standby)
    {
        if (!standby.IsOpen || standby.Silence >= Silence)
        {
            return SwitchReason.None;
        }

        if (!onAir.IsOpen || onAir.Silence >= Silence)
        {
            return SwitchReason.Loss;
        }

        return standby.Role == InputRole.Primary && onAir.Role != InputRole.Primary && standby.Good >= Recovery && standby.Keyframes >= EnoughKeyframes
            ? SwitchReason.Return
            : SwitchReason.None;
    }

    /// <summary>
    /// Most that an input is moved. Inputs are put on the timeline as they arrive, so that one may lie a little before the end of the other. When the other is lost,
    /// what would be shown twice is kept short; to come back, a primary that runs behind its backup is moved further, because waiting would not help.
    /// </summary>
    public static TimeSpan LongestShift(SwitchReason reason) => TimeSpan.FromSeconds(reason == SwitchReason.Return ? 10 : 1);

    /// <summary>
    /// Most that an encoder is moved that takes the slate's place. At first little: what a line delivers late all at once would keep viewers late for as long as the encoder sends, and behind it comes a keyframe that
    /// is in time. But not for long: anything is better than the slate.
    /// </summary>
    /// <param name="good">How long it has been sending.</param>
    public static TimeSpan LongestShiftBack(TimeSpan good) => good < TimeSpan.FromSeconds(5) ? TimeSpan.FromSeconds(1) : TimeSpan.FromHours(1);

    /// <summary>Puts an input that begins with a keyframe behind what was on air: nothing overlaps, neither decoded nor shown.</summary>
    /// <returns><see langword="false"/> when it would have to be moved too far.</returns>
    public static bool TryPlace(in AirEnd end, in MediaSample keyframe, TimeSpan longestShift, out Placement placement)
    {
        var clock = keyframe.Track.Timescale;
        var decode = Ticks(end.Decode, clock);
        var shift = Math.Max(0, Math.Max(decode - keyframe.Decode.Ticks, Ticks(end.Present, clock) - keyframe.Present.Ticks));
        placement = new Placement(new MediaTime(shift, clock), new MediaTime(keyframe.Decode.Ticks + shift - decode, clock).ToTimeSpan());
        return placement.Shift.ToTimeSpan() <= longestShift;
    }

    /// <summary>An instant on another clock, rounded up.</summary>
    private static long Ticks(MediaTime time, int clock)
    {
        var ticks = time.Rescale(clock);
        return ticks < time ? ticks.Ticks + 1 : ticks.Ticks;
    }
}
