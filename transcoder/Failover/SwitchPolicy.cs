using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Transcoder.Failover;

/// <summary>Reason for an input switch.</summary>
internal enum SwitchReason
{
    /// <summary>No switch.</summary>
    None,

    /// <summary>The active input is disconnected or silent.</summary>
    Loss,

    /// <summary>The primary has been stable for the recovery time.</summary>
    Return,

    /// <summary>An encoder is back and replaces the slate.</summary>
    Back,
}

/// <summary>Time at which an input replaces the active one.</summary>
internal enum SpliceDecision
{
    /// <summary>At its buffered keyframe.</summary>
    Now,

    /// <summary>Perhaps at its buffered keyframe, once more of its media has arrived.</summary>
    Later,

    /// <summary>Not at its buffered keyframe, which is too late or followed by a burst.</summary>
    AtNextKeyframe,
}

/// <summary>Condition of an input at one moment.</summary>
/// <param name="Role">Role of the input.</param>
/// <param name="IsOpen">Whether its encoder is connected.</param>
/// <param name="Silence">Time since the last video frame (audio frame, for audio-only inputs).</param>
/// <param name="StableFor">How long it has been stable, since its start or its last input loss; negative if it is not.</param>
/// <param name="Keyframes">Keyframes in that time.</param>
internal readonly record struct InputCondition(InputRole Role, bool IsOpen, TimeSpan Silence, TimeSpan StableFor, int Keyframes);

/// <summary>End of the leading delivered track.</summary>
/// <param name="Decode">Earliest decode time of the next sample.</param>
/// <param name="Present">Presentation time at which the last displayed frame ends.</param>
internal readonly record struct SwitchedEnd(MediaTime Decode, MediaTime Present);

/// <summary>Position of an input after another.</summary>
/// <param name="Shift">Offset added to its timestamps; negative only for an encoder that replaces the slate.</param>
/// <param name="Gap">Remaining gap between the two.</param>
internal readonly record struct SplicePoint(MediaTime Shift, TimeSpan Gap);

/// <summary>Switching decisions. Pure.</summary>
/// <param name="Silence">Time without media after which an input is lost.</param>
/// <param name="Recovery">Time for which the primary must be stable to return.</param>
internal sealed record SwitchPolicy(TimeSpan Silence, TimeSpan Recovery)
{
    /// <summary>Keyframes required before returning to the primary.</summary>
    public const int MinKeyframes = 2;

    /// <summary>
    /// Longest gap bridged by holding a frame: shorter than the parts of every latency profile. Longer gaps become discontinuities.
    /// </summary>
    public static readonly TimeSpan MaxHeldGap = TimeSpan.FromMilliseconds(250);

    /// <summary>Decides whether to switch to a standby input at one of its keyframes.</summary>
    public SwitchReason Evaluate(in InputCondition onAir, in InputCondition standby)
    {
        if (!standby.IsOpen || standby.Silence >= Silence)
        {
            return SwitchReason.None;
        }

        if (!onAir.IsOpen || onAir.Silence >= Silence)
        {
            return SwitchReason.Loss;
        }

        return standby.Role == InputRole.Primary && onAir.Role != InputRole.Primary && standby.StableFor >= Recovery
            && standby.Keyframes >= MinKeyframes
            ? SwitchReason.Return
            : SwitchReason.None;
    }

    /// <summary>
    /// Maximum timestamp offset of an input. Inputs are placed on the timeline as they arrive, so one may start a little before the other's
    /// end. After a loss, repeated content is kept short. To return, a primary that lags its backup is moved further, because waiting would
    /// not help.
    /// </summary>
    public static TimeSpan MaxShift(SwitchReason reason) => TimeSpan.FromSeconds(reason == SwitchReason.Return ? 10 : 1);

    /// <summary>
    /// Maximum offset and maximum lead over the clock of an encoder that replaces the slate in its first seconds. Delayed media that
    /// arrives in a burst would keep viewers delayed, and a timely keyframe follows.
    /// </summary>
    public static readonly TimeSpan MaxLeadAfterSlate = TimeSpan.FromMilliseconds(400);

    /// <summary>Longest gap after the slate that is closed by moving the encoder's media back.</summary>
    public static readonly TimeSpan MaxClosedGap = TimeSpan.FromMilliseconds(250);

    /// <summary>Time for which an encoder sends after its keyframe before it replaces the slate: a burst is recognizable then.</summary>
    public static readonly TimeSpan BurstDetectionTime = TimeSpan.FromMilliseconds(100);

    /// <summary>Time after which an encoder replaces the slate in any case: any media is better than the slate.</summary>
    public static readonly TimeSpan MaxWaitAfterSlate = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Positions an input that starts with a keyframe after the active one, without overlap in decode or presentation time.
    /// </summary>
    /// <returns><see langword="false"/> if the offset would exceed the limit.</returns>
    public static bool TryPlace(in SwitchedEnd end, in MediaSample keyframe, TimeSpan maxShift, out SplicePoint splicePoint)
    {
        var timescale = keyframe.Track.Timescale;
        var decode = Ticks(end.Decode, timescale);
        var shift = Math.Max(0, Math.Max(decode - keyframe.Decode.Ticks, Ticks(end.Present, timescale) - keyframe.Present.Ticks));
        splicePoint = new SplicePoint(new MediaTime(shift, timescale),
            new MediaTime(keyframe.Decode.Ticks + shift - decode, timescale).ToTimeSpan());
        return splicePoint.Shift.ToTimeSpan() <= maxShift;
    }

    /// <summary>
    /// Positions an encoder that replaces the slate, without overlap and, if the gap is short, without a gap. Its media must then be at the
    /// clock: one that runs ahead is moved back, as far as the end of the slate permits.
    /// </summary>
    /// <param name="end">End of the slate in all tracks.</param>
    /// <param name="keyframe">The encoder's newest keyframe.</param>
    /// <param name="newest">Its newest sample of the same track.</param>
    /// <param name="startedAt">Start of the session, which is zero of its timeline.</param>
    /// <param name="sendingFor">How long it has been sending.</param>
    /// <param name="splicePoint">The position, if the result is <see cref="SpliceDecision.Now"/>.</param>
    public static SpliceDecision PlaceAfterSlate(in SwitchedEnd end, in MediaSample keyframe, in MediaSample newest,
        DateTimeOffset startedAt, TimeSpan sendingFor, out SplicePoint splicePoint)
    {
        var timescale = keyframe.Track.Timescale;
        var decode = Ticks(end.Decode, timescale);
        var shift = Math.Max(decode - keyframe.Decode.Ticks, Ticks(end.Present, timescale) - keyframe.Present.Ticks);
        var lead = LeadOf(keyframe, startedAt);
        var earliest = lead > MaxLeadAfterSlate ? lead : MaxClosedGap;
        shift = shift >= -MediaTime.From(earliest, timescale).Ticks ? shift : lead > MaxLeadAfterSlate
            ? -MediaTime.From(lead, timescale).Ticks : 0;
        splicePoint = new SplicePoint(new MediaTime(shift, timescale),
            new MediaTime(keyframe.Decode.Ticks + shift - decode, timescale).ToTimeSpan());
        if (sendingFor >= MaxWaitAfterSlate)
        {
            return SpliceDecision.Now;
        }

        var offset = splicePoint.Shift.ToTimeSpan();
        return offset > MaxLeadAfterSlate || LeadOf(newest, startedAt) + offset > MaxLeadAfterSlate ? SpliceDecision.AtNextKeyframe
            : newest.Arrival - keyframe.Arrival < BurstDetectionTime ? SpliceDecision.Later
            : SpliceDecision.Now;
    }

    /// <summary>Lead of a sample over its arrival; negative for a late one.</summary>
    private static TimeSpan LeadOf(in MediaSample sample, DateTimeOffset startedAt) =>
        sample.Decode.ToTimeSpan() - (sample.Arrival - startedAt);

    /// <summary>Rescales a time to another timescale, rounding up.</summary>
    private static long Ticks(MediaTime time, int timescale)
    {
        var ticks = time.Rescale(timescale);
        return ticks < time ? ticks.Ticks + 1 : ticks.Ticks;
    }
}
