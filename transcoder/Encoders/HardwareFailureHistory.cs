using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Encoders.Probing;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Effect of a hardware worker's failure on other sessions.</summary>
internal enum HardwareFault
{
    /// <summary>None: the session's own video, or a limit of its outputs, is the likely cause.</summary>
    SessionOnly,

    /// <summary>The hardware may be the cause. A probe, or a failure of another channel, decides.</summary>
    Suspected,

    /// <summary>The driver accepts no further session of anyone.</summary>
    SessionLimit,
}

/// <summary>Hardware failures of one session: backends that it avoids for a while, and session limits of drivers.</summary>
/// <param name="time">The clock.</param>
internal sealed class HardwareFailureHistory(TimeProvider time)
{
    /// <summary>
    /// Time for which a session avoids a failed backend. The session's own video may be the cause, which a probe cannot detect.
    /// </summary>
    public static readonly TimeSpan AvoidanceTime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(EncoderVendor Vendor, bool StaysOnDevice), DateTimeOffset> _avoided = [];
    private readonly Dictionary<EncoderVendor, (int Rungs, DateTimeOffset Until)> _caps = [];

    /// <summary>Returns whether the path must not be used now.</summary>
    public bool IsAvoided(EncodePath path) => _avoided.TryGetValue((path.Vendor, path.StaysOnDevice), out var until)
        && time.GetUtcNow() < until;

    /// <summary>Limits a path to the rungs that the driver is known to accept.</summary>
    /// <param name="path">The path.</param>
    /// <param name="rungs">Rungs to encode.</param>
    public EncodePath LimitRungs(EncodePath path, int rungs) =>
        _caps.TryGetValue(path.Vendor, out var cap) && time.GetUtcNow() < cap.Until
        && cap.Rungs < rungs ? path with { Rungs = cap.Rungs } : path;

    /// <summary>Records a hardware worker's failure.</summary>
    /// <param name="exit">The worker's end.</param>
    /// <returns>The effect on other sessions.</returns>
    public HardwareFault Add(WorkerExit exit)
    {
        var path = exit.EncodePath;
        var until = time.GetUtcNow() + AvoidanceTime;
        if (!exit.HasOutput && EncoderErrorParser.IsSessionCap(exit.Reason))
        {
            // The outputs before the rejected one had obtained their encoder sessions.
            if (EncoderErrorParser.FailedOutput(exit.Reason) is > 0 and var accepted && accepted < path.Rungs)
            {
                _caps[path.Vendor] = (accepted, until);
                return HardwareFault.SessionOnly;
            }

            Avoid(path.Vendor, until);
            return HardwareFault.SessionLimit;
        }

        if (!exit.HasOutput && !exit.HasHung && path.StaysOnDevice)
        {
            // The decoder may not support this video; the encoder may still work.
            _avoided[(path.Vendor, true)] = until;
            return HardwareFault.SessionOnly;
        }

        Avoid(path.Vendor, until);
        return exit.HasDecoderErrors ? HardwareFault.SessionOnly : HardwareFault.Suspected;
    }

    private void Avoid(EncoderVendor vendor, DateTimeOffset until) => _avoided[(vendor, true)] = _avoided[(vendor, false)] = until;
}
